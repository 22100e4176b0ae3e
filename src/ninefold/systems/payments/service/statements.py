"""Statements: files from banks, imported once each."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.reconciliation import (
    STATEMENT_PREFIX,
    Statement,
    StatementFormat,
    StatementLine,
)
from ninefold.systems.payments.model.settlement import BankFile, Payout
from ninefold.systems.payments.reconciliation_errors import (
    StatementDayError,
    StatementKnownError,
    StatementNotFoundError,
)
from ninefold.systems.payments.rules.statement_lines import ParsedLine
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.store import statements as store

STATEMENT_BYTES_MAX: Final = 32 * 1024 * 1024
LINES_SHOWN_MAX: Final = 100
EARLIEST_DAY_AHEAD: Final = timedelta(hours=14)
"""How far the earliest time zone is ahead of UTC."""


async def import_statement(
    connection: Connection,
    parsed: tuple[StatementFormat, list[ParsedLine]],
    *,
    organisation_id: UUID,
    name: str,
    content: bytes,
    imported_by: str,
    at: datetime,
) -> Statement:
    """Store a file from a bank with its lines; call it in a transaction.

    Args:
        connection: in a transaction.
        parsed: what `parse_statement` has read.
        organisation_id: whose it is.
        name: what it is called.
        content: its bytes.
        imported_by: who has brought it.
        at: now.

    Raises:
        StatementKnownError: the same file was imported before.
        StatementDayError: it has lines of days that haven't begun.
    """
    digest = hashlib.sha256(content).digest()
    known = await store.statement_find_by_digest(connection, organisation_id=organisation_id, sha256=digest)
    if known is not None:
        raise StatementKnownError(
            f"The file was imported before, as {format_id(STATEMENT_PREFIX, known)}.", remedy="Nothing is left to do."
        )
    statement_format, lines = parsed
    _require_begun_days(lines, at=at)
    statement = Statement(
        statement_id=new_id(),
        organisation_id=organisation_id,
        name=name,
        format=statement_format,
        sha256=digest,
        line_count=len(lines),
        known_line_count=0,
        imported_at=at,
        imported_by=imported_by,
    )
    await store.statement_insert(connection, statement, content=content)
    rows: list[dict[str, Any]] = [
        {**msgspec.structs.asdict(line), "statement_line_id": new_id(), "number": number}
        for number, line in enumerate(lines, start=1)
    ]
    await store.statement_line_insert(connection, statement, lines=rows, at=at)
    known_count = await store.statement_update_known(connection, statement_id=statement.statement_id)
    statement = msgspec.structs.replace(statement, known_line_count=known_count)
    await announce(connection, statement)
    return statement


def _require_begun_days(lines: list[ParsedLine], *, at: datetime) -> None:
    """Check that no entry was booked later than today, wherever the bank is. Returns may say when they take effect."""
    today = (at.astimezone(UTC) + EARLIEST_DAY_AHEAD).date()
    for line in lines:
        if line.kind == "entry" and line.booked_on > today:
            raise StatementDayError(
                f"An entry is booked on {line.booked_on}, which is later than today.",
                field=None if line.file_line is None else f"line {line.file_line}",
                remedy="Import the file when the day has begun, or ask the bank for the right one.",
            )


async def get_statement(connection: Connection, *, organisation_id: UUID, statement_id: UUID) -> Statement:
    """Return a statement.

    Raises:
        StatementNotFoundError: the organisation has no such statement.
    """
    found = await store.statement_find(connection, organisation_id=organisation_id, statement_id=statement_id)
    if found is None:
        raise StatementNotFoundError(
            f"There is no statement {format_id(STATEMENT_PREFIX, statement_id)}.", remedy="List the statements."
        )
    return found


async def list_statements(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Statement]:
    """Return statements of an organisation, newest first."""
    return await store.statement_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def list_lines(
    connection: Connection, statement: Statement, *, after: int | None, limit: int
) -> list[StatementLine]:
    """Return the lines of a statement, in its order."""
    return await store.statement_line_list(connection, statement_id=statement.statement_id, after=after, limit=limit)


async def list_lines_of_payout(connection: Connection, payout: Payout) -> list[StatementLine]:
    """Return the lines that a payout is on: when it was paid, and when it came back."""
    return await store.statement_line_list_of_payout(connection, payout_id=payout.payout_id, limit=LINES_SHOWN_MAX)


async def list_lines_of_file(connection: Connection, file: BankFile) -> list[StatementLine]:
    """Return the lines that a bank file or one of its payouts is on."""
    return await store.statement_line_list_of_bank_file(
        connection, bank_file_id=file.bank_file_id, limit=LINES_SHOWN_MAX
    )
