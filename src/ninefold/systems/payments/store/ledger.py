"""Queries for accounts and the journal."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.ledger import Account, JournalEntry
from ninefold.systems.payments.store.queries import queries, read_row, read_row_or_none


async def account_find(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Account | None:
    """Read one account of an organisation."""
    row = await queries.account_find(connection, organisation_id=organisation_id, account_id=account_id)
    return read_row_or_none(Account, row)


async def account_list(
    connection: Connection, *, organisation_id: UUID, merchant_id: UUID | None, after: UUID | None, limit: int
) -> list[Account]:
    """Read the accounts of an organisation, or of one merchant, in the order of their ids."""
    rows = queries.account_list(
        connection, organisation_id=organisation_id, merchant_id=merchant_id, after=after, limit=limit
    )
    return [read_row(Account, row) async for row in rows]


async def transfer_list_of_account(
    connection: Connection, *, account_id: UUID, before: int | None, limit: int
) -> list[JournalEntry]:
    """Read the entries of an account, newest first, before a position."""
    rows = queries.transfer_list_of_account(connection, account_id=account_id, before=before, limit=limit)
    return [read_row(JournalEntry, row) async for row in rows]


async def transfer_post(
    connection: Connection, *, accounts: Sequence[dict[str, Any]], transfers: Sequence[dict[str, Any]]
) -> int:
    """Append transfers and change the balances of their accounts; return how many were new.

    Raises:
        asyncpg.CheckViolationError: an account would be overdrawn, or a transfer contradicts the journal.
        asyncpg.UniqueViolationError: what is pending was resolved before.
    """
    count: int = await queries.transfer_post(
        connection,
        accounts=msgspec.json.encode(accounts).decode(),
        transfers=msgspec.json.encode(transfers).decode(),
    )
    return count
