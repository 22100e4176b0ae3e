"""`ninefold organisations …`: these commands use the database, as `ninefold keys` does."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import cyclopts
import msgspec

from ninefold.core.commands import parse_argument_id, print_fields, print_json, print_note, print_table
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id
from ninefold.core.jobs import Job
from ninefold.core.jobs.model import JOB_PREFIX
from ninefold.core.postgres.database import Database
from ninefold.core.queue.store import worker_count_alive
from ninefold.core.tenancy import service
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Organisation
from ninefold.edge.cli.auditing import record_command
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_database, open_transaction, require_migrated
from ninefold.edge.erasing import Erasure, begin_erasure, find_erasure
from ninefold.edge.exporting import Exported, export_organisation
from ninefold.edge.systems import SYSTEMS

FOLLOW_INTERVAL_S: Final = 0.5

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


@organisations.command
def export(organisation: str, /, *, to: Path, data_dir: DataDir = None, json: Json = False) -> None:
    """Write what belongs to an organisation into a new ZIP file with NDJSON files, without secrets.

    Args:
        organisation: The organisation's id, such as org_01h455vb4pex5vsknk084sn02q.
        to: The file to create.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = parse_organisation_id(organisation)
    with _create_file(to) as file:
        try:
            exported = asyncio.run(_export(organisation_id, file, data_dir=data_dir))
        except BaseException:
            to.unlink()
            raise
    if json:
        print_json(msgspec.to_builtins(exported))
        return
    print_table(["File", "Lines"], [[name, f"{count:,}"] for name, count in exported.files.items()], empty="")
    if exported.not_exported:
        print_note(f"These systems can't be exported yet: {', '.join(exported.not_exported)}.")


@organisations.command
def erase(
    organisation: str,
    /,
    *,
    confirm: str,
    wait: bool = True,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Erase an organisation and what belongs to it, permanently. Nothing answers for it from now on.

    It takes a minute and a half at least, because what had begun ends first. A worker does it, whether this command
    waits or not; repeat the command to see how far it is, or what was erased.

    Args:
        organisation: The organisation's id, such as org_01h455vb4pex5vsknk084sn02q.
        confirm: The organisation's name, exactly.
        wait: Wait until everything is erased.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = parse_organisation_id(organisation)
    job = asyncio.run(_erase(organisation_id, confirmed_name=confirm, wait=wait, data_dir=data_dir))
    erased = None if job.result is None else msgspec.json.decode(job.result, type=Erasure)
    if json:
        print_json({"job_id": format_id(JOB_PREFIX, job.job_id), "state": job.state, "erased": erased})
        return
    if erased is None:
        print_note(
            f"The organisation is deleted. Its data is erased by {format_id(JOB_PREFIX, job.job_id)}, which is "
            f"{job.state}, as soon as a worker runs: `ninefold up` or `ninefold worker`."
        )
        return
    print_table(
        ["System", "Table", "Rows"],
        [[name, table, f"{count:,}"] for name, counts in erased.counts.items() for table, count in counts.items()],
        empty="There was nothing to erase.",
    )
    if erased.not_erased:
        print_note(f"Not erased, because these systems can't yet: {', '.join(erased.not_erased)}.")


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


async def _export(organisation_id: UUID, file: IO[bytes], *, data_dir: str | None) -> Exported:
    settings = read_core_settings(data_dir=data_dir)
    async with open_database(settings, application_name=_APPLICATION_NAME, may_create=False) as database:
        await require_migrated(database)
        exported = await export_organisation(database, organisation_id, file, systems=SYSTEMS)
        async with database.transaction() as connection:
            await record_command(
                connection,
                "ninefold organisations export",
                organisation_id=organisation_id,
                target_id=format_id(ORGANISATION_PREFIX, organisation_id),
            )
    return exported


async def _erase(organisation_id: UUID, *, confirmed_name: str, wait: bool, data_dir: str | None) -> Job:
    settings = read_core_settings(data_dir=data_dir)
    async with open_database(settings, application_name=_APPLICATION_NAME, may_create=False) as database:
        await require_migrated(database)
        async with database.transaction() as connection:
            job = await find_erasure(connection, organisation_id=organisation_id)
            if job is None:
                await begin_erasure(
                    connection,
                    organisation_id=organisation_id,
                    confirmed_name=confirmed_name,
                    requested_at=datetime.now(UTC),
                )
                # At the level of the installation: what is about the organisation is erased as well.
                await record_command(
                    connection,
                    "ninefold organisations erase",
                    target_id=format_id(ORGANISATION_PREFIX, organisation_id),
                )
        return await _follow_erasure(database, organisation_id, wait=wait)


async def _follow_erasure(database: Database, organisation_id: UUID, *, wait: bool) -> Job:
    """Return the job when it is finished; at once if nobody waits for it or no worker runs."""
    shown = None
    while True:
        async with database.connection() as connection:
            job = await find_erasure(connection, organisation_id=organisation_id)
            has_worker = await worker_count_alive(connection) > 0
        assert job is not None, "a job is kept for days"
        if job.finished_at is not None or not wait or not has_worker:
            return job
        if job.progress_note not in (None, shown):
            shown = job.progress_note
            print_note(f"{job.progress_done or 0:,} rows erased: {shown}")
        await asyncio.sleep(FOLLOW_INTERVAL_S)


def _create_file(path: Path) -> IO[bytes]:
    """Create a file that only this user can read."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise InvalidInputError(
            f"{path} can't be created: {error.strerror}.",
            field="--to",
            remedy="Name a file that doesn't exist, in a folder where you can write.",
        ) from error


def _describe(organisation: Organisation) -> dict[str, object]:
    return {
        "organisation_id": format_id(ORGANISATION_PREFIX, organisation.organisation_id),
        "name": organisation.name,
        "created_at": organisation.created_at,
    }
