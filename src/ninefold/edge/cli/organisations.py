"""`ninefold organisations …`: these commands use the database, as `ninefold keys` does."""

import asyncio
from typing import Final
from uuid import UUID

import cyclopts

from ninefold.core.commands import parse_argument_id, print_fields, print_json, print_note, print_table
from ninefold.core.ids import format_id
from ninefold.core.tenancy import service
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Organisation
from ninefold.edge.cli.auditing import record_command
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_transaction

_APPLICATION_NAME: Final = "ninefold organisations"

organisations = cyclopts.App(name="organisations")


@organisations.command
def create(name: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Create an organisation, which has its own subscriptions, events and keys.

    Args:
        name: Name to display; it needn't be unique.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation = _describe(asyncio.run(_create(name, data_dir=data_dir)))
    if json:
        print_json(organisation)
        return
    print_fields(organisation)
    organisation_id = organisation["organisation_id"]
    print_note(f"Create a key for it: ninefold keys create --organisation {organisation_id}")
    print_note(f"Add its first owner: ninefold accounts create you@example.com --organisation {organisation_id}")


@organisations.command(name="list")
def list_(*, data_dir: DataDir = None, json: Json = False) -> None:
    """List organisations, oldest first.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """
    found = [_describe(organisation) for organisation in asyncio.run(_list(data_dir=data_dir))]
    if json:
        print_json(found)
    else:
        print_table(
            ["Organisation", "Name", "Created at"],
            [list(organisation.values()) for organisation in found],
            empty="There are no organisations yet. Create one: ninefold organisations create NAME",
        )
    if len(found) == service.LIST_LENGTH_MAX:
        print_note(f"Only the first {service.LIST_LENGTH_MAX:,} are shown.")


def parse_organisation_id(text: str) -> UUID:
    """Return the organisation's id that was given with `--organisation`.

    Raises:
        InvalidInputError: it isn't an organisation's id.
    """
    return parse_argument_id(ORGANISATION_PREFIX, text, shown_by="ninefold organisations list")


async def _create(name: str, *, data_dir: str | None) -> Organisation:
    settings = read_core_settings(data_dir=data_dir)
    async with open_transaction(settings, application_name=_APPLICATION_NAME, may_create=True) as connection:
        organisation = await service.create_organisation(connection, name=name)
        organisation_id = organisation.organisation_id
        await record_command(
            connection,
            "ninefold organisations create",
            organisation_id=organisation_id,
            target_id=format_id(ORGANISATION_PREFIX, organisation_id),
        )
        return organisation


async def _list(*, data_dir: str | None) -> list[Organisation]:
    settings = read_core_settings(data_dir=data_dir)
    async with open_transaction(settings, application_name=_APPLICATION_NAME, may_create=False) as connection:
        return await service.list_organisations(connection)


def _describe(organisation: Organisation) -> dict[str, object]:
    return {
        "organisation_id": format_id(ORGANISATION_PREFIX, organisation.organisation_id),
        "name": organisation.name,
        "created_at": organisation.created_at,
    }
