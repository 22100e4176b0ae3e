"""What a system writes into the export of an organisation: lines of JSON, read page by page, without secrets."""

from typing import Protocol
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection


class ExportPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of a file."""

    lines: list[str]
    """JSON objects, each without a line break."""
    last: UUID | None
    """Where the next page continues; None after the last one."""


class ReadExport(Protocol):
    """Reads the lines of a file, one page for each call."""

    async def __call__(self, connection: Connection, *, organisation_id: UUID, after: UUID) -> ExportPage:
        """Return the lines of an organisation whose ids follow one, in the order of the ids."""
        ...


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an export."""

    name: str
    """Without ending, such as `events`; the file is `<system>/<name>.ndjson`."""
    read: ReadExport
