"""Writes what belongs to an organisation into a ZIP file: NDJSON files and a list of what they have.

The pages of a file are read one after the other, without holding a snapshot of the database. What changes meanwhile may
be in it or not.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import IO, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec

from ninefold.core.exports import ReadExport
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.audit import AuditFilter
from ninefold.core.tenancy.members import list_members
from ninefold.core.tenancy.service import get_organisation, list_credentials
from ninefold.core.tenancy.store.audit_log import audit_entry_list

PAGE: Final = 1_000
_BEFORE_ALL: Final = UUID(int=0)


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export has; also its file `manifest.json`."""

    organisation_id: UUID
    files: dict[str, int]
    """The number of lines of each file."""
    not_exported: Sequence[str]
    """Systems whose data isn't in it."""


async def export_organisation(
    database: Database, organisation_id: UUID, file: IO[bytes], *, systems: Sequence[AnySystem]
) -> Exported:
    """Write an organisation, its members, API keys and audit log, and the data of its systems, without secrets.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
    """
    async with database.connection() as connection:
        await get_organisation(connection, organisation_id)
    files = [
        *_core_files(database, organisation_id),
        *[
            (f"{system.name}/{export.name}.ndjson", _system_lines(database, organisation_id, export.read))
            for system in systems
            for export in system.exports
        ],
    ]
    counts: dict[str, int] = {}
    with ZipFile(file, "w", compression=ZIP_DEFLATED) as archive:
        for name, pages in files:
            counts[name] = 0
            with archive.open(name, "w", force_zip64=True) as member:
                async for lines in pages:
                    member.write("".join(f"{line}\n" for line in lines).encode())
                    counts[name] += len(lines)
        exported = Exported(
            organisation_id=organisation_id,
            files=counts,
            not_exported=[system.name for system in systems if not system.exports],
        )
        archive.writestr("manifest.json", json.dumps(msgspec.to_builtins(exported), indent=2) + "\n")
    return exported


def _core_files(database: Database, organisation_id: UUID) -> list[tuple[str, AsyncIterator[list[str]]]]:
    async def organisation() -> AsyncIterator[list[str]]:
        async with database.connection() as connection:
            yield _lines([await get_organisation(connection, organisation_id)])

    async def members() -> AsyncIterator[list[str]]:
        after: UUID | None = None
        while True:
            async with database.connection() as connection:
                found = await list_members(connection, organisation_id=organisation_id, after=after, limit=PAGE)
            yield _lines(found)
            if len(found) < PAGE:
                return
            after = found[-1].account_id

    async def api_keys() -> AsyncIterator[list[str]]:
        async with database.connection() as connection:
            yield _lines(await list_credentials(connection, API_KEY, organisation_id=organisation_id))

    async def audit_log() -> AsyncIterator[list[str]]:
        before: UUID | None = None
        while True:
            async with database.connection() as connection:
                found = await audit_entry_list(
                    connection, organisation_id=organisation_id, where=AuditFilter(), before=before, limit=PAGE
                )
            yield _lines(found)
            if len(found) < PAGE:
                return
            before = found[-1].audit_entry_id

    return [
        ("organisation.ndjson", organisation()),
        ("members.ndjson", members()),
        ("api_keys.ndjson", api_keys()),
        ("audit_log.ndjson", audit_log()),
    ]


async def _system_lines(database: Database, organisation_id: UUID, read: ReadExport) -> AsyncIterator[list[str]]:
    after: UUID | None = _BEFORE_ALL
    while after is not None:
        async with database.connection() as connection:
            page = await read(connection, organisation_id=organisation_id, after=after)
        yield page.lines
        after = page.last


def _lines(found: Sequence[msgspec.Struct]) -> list[str]:
    return [msgspec.json.encode(each).decode() for each in found]
