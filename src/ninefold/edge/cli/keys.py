"""`ninefold keys …`: API keys. These commands use the database, not a server, so they need no key."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final
from uuid import UUID

import cyclopts

from ninefold.core.commands import parse_argument_id, print_fields, print_json, print_note, print_table, state_text
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, CreatedCredential, Credential
from ninefold.core.tenancy.roles import Role, role_of
from ninefold.edge.cli.auditing import record_command
from ninefold.edge.cli.organisations import parse_organisation_id
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_transaction

_COLUMNS: Final = {
    "api_key_id": "Key",
    "prefix": "Prefix",
    "name": "Name",
    "role": "Role",
    "state": "State",
    "organisation_id": "Organisation",
    "created_at": "Created at",
    "expires_at": "Expires at",
    "last_used_at": "Last used at",
}

keys = cyclopts.App(name="keys")


@keys.command
def create(
    *,
    name: str = "command line",
    organisation: str | None = None,
    role: Role = Role.OWNER,
    expires_in: timedelta | None = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Create an API key and print it, once. If there is no organisation yet, one is created too.

    Args:
        name: What the key is for.
        organisation: Organisation that the key belongs to (`ninefold organisations list`); by default the first.
        role: What the key is allowed to do; owner is everything.
        expires_in: How long the key is valid, such as 30d or 12h; by default until it is revoked.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = None if organisation is None else parse_organisation_id(organisation)
    key = asyncio.run(
        _create(name=name, organisation_id=organisation_id, role=role, expires_in=expires_in, data_dir=data_dir)
    )
    shown = {
        "api_key": key.text,
        "api_key_id": _format_key_id(key),
        "name": key.name,
        "role": role,
        "organisation_id": format_id(ORGANISATION_PREFIX, key.organisation_id),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
    if json:
        print_json(shown)
        return
    print_fields(shown)
    print_note("Save the key now: it can't be shown again.")


@keys.command(name="list")
def list_(*, organisation: str | None = None, data_dir: DataDir = None, json: Json = False) -> None:
    """List API keys, with their state and their last use.

    Args:
        organisation: List only the keys of this organisation.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = None if organisation is None else parse_organisation_id(organisation)
    found = [_describe(key) for key in asyncio.run(_list(organisation_id, data_dir=data_dir))]
    if json:
        print_json(found)
        return
    rows = [
        [state_text(str(key[column])) if column == "state" else key[column] for column in _COLUMNS] for key in found
    ]
    print_table(list(_COLUMNS.values()), rows, empty="There are no API keys yet. Create one: ninefold keys create")


@keys.command
def revoke(api_key_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Revoke an API key: the next request with it is refused. This can't be undone.

    Args:
        api_key_id: The key's id, as listed by `ninefold keys list`.
        data_dir: see DataDir.
        json: see Json.
    """
    parsed_id = parse_argument_id(API_KEY.id_prefix, api_key_id, shown_by="ninefold keys list")
    key = _describe(asyncio.run(_revoke(parsed_id, data_dir=data_dir)))
    if json:
        print_json(key)
        return
    print_note(f"Revoked {key['api_key_id']} ({key['prefix']}…, {key['name']}).")


async def _create(
    *, name: str, organisation_id: UUID | None, role: Role, expires_in: timedelta | None, data_dir: str | None
) -> CreatedCredential:
    # An organisation that is named can only be in a database that exists.
    async with _transaction(data_dir, may_create=organisation_id is None) as connection:
        if organisation_id is None:
            organisation_id = await service.first_organisation_id(connection)
        key = await service.create_api_key(
            connection, organisation_id=organisation_id, name=name, role=role, expires_in=expires_in
        )
        await record_command(
            connection, "ninefold keys create", organisation_id=organisation_id, target_id=_format_key_id(key)
        )
        return key


async def _list(organisation_id: UUID | None, *, data_dir: str | None) -> list[Credential]:
    async with _transaction(data_dir, may_create=False) as connection:
        if organisation_id is not None:
            return await service.list_credentials(connection, API_KEY, organisation_id=organisation_id)
        return [
            key
            for organisation in await service.list_organisations(connection)
            for key in await service.list_credentials(connection, API_KEY, organisation_id=organisation.organisation_id)
        ]


async def _revoke(api_key_id: UUID, *, data_dir: str | None) -> Credential:
    async with _transaction(data_dir, may_create=False) as connection:
        key = await service.revoke_credential(connection, API_KEY, organisation_id=None, credential_id=api_key_id)
        await record_command(
            connection, "ninefold keys revoke", organisation_id=key.organisation_id, target_id=_format_key_id(key)
        )
        return key


def _transaction(data_dir: str | None, *, may_create: bool) -> AbstractAsyncContextManager[Connection]:
    settings = read_core_settings(data_dir=data_dir)
    return open_transaction(settings, application_name="ninefold keys", may_create=may_create)


def _describe(key: Credential) -> dict[str, object]:
    return {
        "api_key_id": _format_key_id(key),
        "prefix": key.prefix,
        "name": key.name,
        "role": role_of(key.scopes),
        "state": key.state,
        "organisation_id": format_id(ORGANISATION_PREFIX, key.organisation_id),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def _format_key_id(key: Credential) -> str:
    return format_id(API_KEY.id_prefix, key.credential_id)
