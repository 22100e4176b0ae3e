"""Queries for accounts and the journal."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.ledger import (
    Account,
    ComparedAccount,
    JournalBlock,
    JournalEntry,
    PaymentEntry,
)
from ninefold.systems.payments.store.queries import columns_of, queries, read_row, read_row_or_none


async def account_compare(connection: Connection, *, organisation_id: UUID) -> list[ComparedAccount]:
    """Read the accounts of an organisation, each with its balances as the journal has them."""
    rows = queries.account_compare(connection, organisation_id=organisation_id)
    return [read_row(ComparedAccount, row) async for row in rows]


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


async def account_list_organisations(connection: Connection) -> list[UUID]:
    """Read the organisations that have accounts."""
    return [row["organisation_id"] async for row in queries.account_list_organisations(connection)]


async def journal_block_find_last(connection: Connection, *, organisation_id: UUID) -> JournalBlock | None:
    """Read the newest block of an organisation."""
    row = await queries.journal_block_find_last(connection, organisation_id=organisation_id)
    return read_row_or_none(JournalBlock, row)


async def journal_block_insert(connection: Connection, block: JournalBlock) -> None:
    """Seal a block."""
    await queries.journal_block_insert(connection, **columns_of(block))


async def journal_block_list(
    connection: Connection, *, organisation_id: UUID, after: int, limit: int
) -> list[JournalBlock]:
    """Read the blocks of an organisation in order, after a number."""
    rows = queries.journal_block_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [read_row(JournalBlock, row) async for row in rows]


async def journal_block_lock_organisation(connection: Connection, *, organisation_id: UUID) -> None:
    """Have one sealer at a time for an organisation, until the end of the transaction."""
    await queries.journal_block_lock_organisation(connection, organisation_id=organisation_id)


async def transfer_count_after(connection: Connection, *, organisation_id: UUID, after: int) -> int:
    """Count the transfers of an organisation after a position."""
    count: int = await queries.transfer_count_after(connection, organisation_id=organisation_id, after=after)
    return count


async def transfer_count_wrong_captures(connection: Connection, *, organisation_id: UUID, held_leg: int) -> int:
    """Count the captured charges of an organisation of which the journal has another amount."""
    count: int = await queries.transfer_count_wrong_captures(
        connection, organisation_id=organisation_id, held_leg=held_leg
    )
    return count


async def transfer_count_wrong_holds(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the pending transfers that are resolved twice, or of which the list of open ones is wrong."""
    count: int = await queries.transfer_count_wrong_holds(connection, organisation_id=organisation_id)
    return count


async def transfer_find_position(connection: Connection) -> tuple[int, str]:
    """Read how far the journal is, and a transaction: all that have a transfer up to there have begun before it."""
    row = await queries.transfer_find_position(connection)
    return row["last_sequence"], row["next_transaction"]


async def transfer_is_settled(connection: Connection, *, transaction: str) -> bool:
    """Return whether all transactions before one have ended."""
    return bool(await queries.transfer_is_settled(connection, transaction=transaction))


async def transfer_list_causes(connection: Connection, *, cause_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Read the payments that have caused transfers, by the id of the charge or the refund."""
    rows = queries.transfer_list_causes(connection, cause_ids=cause_ids)
    return {row["cause_id"]: row["intent_id"] async for row in rows}


async def transfer_list_in_order(
    connection: Connection, *, organisation_id: UUID, after: int, until: int, limit: int
) -> list[JournalEntry]:
    """Read transfers of an organisation in the order of the journal."""
    rows = queries.transfer_list_in_order(
        connection, organisation_id=organisation_id, after=after, until=until, limit=limit
    )
    return [read_row(JournalEntry, row) async for row in rows]


async def transfer_list_of_account(
    connection: Connection, *, account_id: UUID, before: int | None, limit: int
) -> list[JournalEntry]:
    """Read the entries of an account, newest first, before a position."""
    rows = queries.transfer_list_of_account(connection, account_id=account_id, before=before, limit=limit)
    return [read_row(JournalEntry, row) async for row in rows]


async def transfer_list_of_intent(connection: Connection, *, intent_id: UUID, limit: int) -> list[PaymentEntry]:
    """Read what a payment, its charges and its refunds have moved, in the order of the journal."""
    rows = queries.transfer_list_of_intent(connection, intent_id=intent_id, limit=limit)
    return [read_row(PaymentEntry, row) async for row in rows]


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
