"""Queries for batches, payouts and bank files."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.settlement import (
    BankFile,
    Batch,
    BatchLine,
    BatchState,
    BatchTotals,
    Payout,
    PayoutState,
    Window,
)
from ninefold.systems.payments.store.queries import queries, read_row, read_row_or_none


async def ach_trace_take(connection: Connection, *, bank: str, count: int) -> int:
    """Take some numbers for trace numbers of a bank; return the last of them."""
    last: int = await queries.ach_trace_take(connection, bank=bank, count=count)
    return last


async def available_account_lock(connection: Connection, *, account_id: UUID) -> int | None:
    """Return the balance of an account, and keep others from posting to it; None if there is no such account."""
    row = await queries.available_account_lock(connection, account_id=account_id)
    return None if row is None else row["balance"]


async def available_account_read_last(connection: Connection, *, account_id: UUID) -> int:
    """Return the position of an account's last entry; 0 without one."""
    last: int = await queries.available_account_read_last(connection, account_id=account_id)
    return last


async def bank_file_count_of_day(connection: Connection, *, organisation_id: UUID, day: date) -> int:
    """Return the number of the last file of a day."""
    count: int = await queries.bank_file_count_of_day(connection, organisation_id=organisation_id, day=day)
    return count


async def bank_file_find(connection: Connection, *, organisation_id: UUID, bank_file_id: UUID) -> BankFile | None:
    """Read one bank file of an organisation."""
    row = await queries.bank_file_find(connection, organisation_id=organisation_id, bank_file_id=bank_file_id)
    return read_row_or_none(BankFile, row)


async def bank_file_insert(connection: Connection, file: BankFile, *, content: bytes) -> None:
    """Insert a bank file."""
    columns = msgspec.structs.asdict(file)
    del columns["state"], columns["delivered_at"]
    await queries.bank_file_insert(connection, **columns, content=content)


async def bank_file_list(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[BankFile]:
    """Read bank files of an organisation, newest first."""
    rows = queries.bank_file_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [read_row(BankFile, row) async for row in rows]


async def bank_file_list_named(
    connection: Connection, *, organisation_id: UUID, references: Sequence[str]
) -> list[BankFile]:
    """Read the bank files that these references name."""
    rows = queries.bank_file_list_named(connection, organisation_id=organisation_id, references=list(references))
    return [read_row(BankFile, row) async for row in rows]


async def bank_file_list_undelivered(connection: Connection, *, organisation_id: UUID, limit: int) -> list[BankFile]:
    """Read the bank files of an organisation that weren't delivered yet."""
    rows = queries.bank_file_list_undelivered(connection, organisation_id=organisation_id, limit=limit)
    return [read_row(BankFile, row) async for row in rows]


async def bank_file_lock(connection: Connection, *, organisation_id: UUID) -> None:
    """Keep others from writing files of an organisation until the end of the transaction."""
    await queries.bank_file_lock(connection, organisation_id=organisation_id)


async def bank_file_read_content(connection: Connection, *, bank_file_id: UUID) -> bytes:
    """Read the bytes of a bank file."""
    content: bytes = await queries.bank_file_read_content(connection, bank_file_id=bank_file_id)
    return content


async def bank_file_update_delivered(connection: Connection, *, bank_file_id: UUID, at: datetime) -> None:
    """Write that a bank file was delivered."""
    await queries.bank_file_update_delivered(connection, bank_file_id=bank_file_id, at=at)


async def batch_find(connection: Connection, *, organisation_id: UUID, batch_id: UUID) -> Batch | None:
    """Read one batch of an organisation."""
    return read_row_or_none(
        Batch, await queries.batch_find(connection, organisation_id=organisation_id, batch_id=batch_id)
    )


async def batch_find_last(connection: Connection, *, merchant_id: UUID, currency: str) -> Batch | None:
    """Read the newest batch of a merchant in a currency."""
    return read_row_or_none(
        Batch, await queries.batch_find_last(connection, merchant_id=merchant_id, currency=currency)
    )


async def batch_find_of_day(connection: Connection, *, merchant_id: UUID, currency: str, day: date) -> Batch | None:
    """Read the batch of a merchant in a currency for a day."""
    row = await queries.batch_find_of_day(connection, merchant_id=merchant_id, currency=currency, day=day)
    return read_row_or_none(Batch, row)


async def batch_insert(connection: Connection, columns: Mapping[str, Any]) -> Batch:
    """Insert a computed batch."""
    return read_row(Batch, await queries.batch_insert(connection, **columns))


async def batch_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None,
    day: date | None,
    state: BatchState | None,
    before: UUID | None,
    limit: int,
) -> list[Batch]:
    """Read batches of an organisation, newest first."""
    rows = queries.batch_list(
        connection,
        organisation_id=organisation_id,
        merchant_id=merchant_id,
        day=day,
        state=state,
        before=before,
        limit=limit,
    )
    return [read_row(Batch, row) async for row in rows]


async def batch_list_of_bank_file(connection: Connection, *, bank_file_id: UUID) -> list[Batch]:
    """Read the batches in a bank file."""
    rows = queries.batch_list_of_bank_file(connection, bank_file_id=bank_file_id)
    return [read_row(Batch, row) async for row in rows]


async def batch_list_of_merchant_day(connection: Connection, *, merchant_id: UUID, day: date) -> list[Batch]:
    """Read the batches of a merchant for a day, by currency."""
    rows = queries.batch_list_of_merchant_day(connection, merchant_id=merchant_id, day=day)
    return [read_row(Batch, row) async for row in rows]


async def batch_lock_unfinished(connection: Connection, *, merchant_id: UUID, state: BatchState) -> list[Batch]:
    """Read the unfinished batches of a merchant in a state, and keep others from going on with them."""
    rows = queries.batch_lock_unfinished(connection, merchant_id=merchant_id, state=state)
    return [read_row(Batch, row) async for row in rows]


async def batch_update_delivered(connection: Connection, *, bank_file_id: UUID, at: datetime) -> None:
    """Write that the batches in a bank file were delivered."""
    await queries.batch_update_delivered(connection, bank_file_id=bank_file_id, at=at)


async def batch_update_file_written(
    connection: Connection, *, batch_ids: Sequence[UUID], bank_file_id: UUID, at: datetime
) -> None:
    """Write in which bank file batches are."""
    await queries.batch_update_file_written(connection, batch_ids=list(batch_ids), bank_file_id=bank_file_id, at=at)


async def batch_update_posted(connection: Connection, *, batch_id: UUID, at: datetime) -> None:
    """Write that a batch was posted; one without a payout is finished with that."""
    await queries.batch_update_posted(connection, batch_id=batch_id, at=at)


async def batch_line_count(connection: Connection, *, batch_id: UUID) -> BatchTotals:
    """Add up the lines of a batch."""
    return read_row(BatchTotals, await queries.batch_line_count(connection, batch_id=batch_id))


async def batch_line_insert(connection: Connection, *, batch_id: UUID, window: Window) -> None:
    """Insert the lines of a batch: the entries of an account between two positions of the journal."""
    await queries.batch_line_insert(connection, batch_id=batch_id, **msgspec.structs.asdict(window))


async def batch_line_list(connection: Connection, *, batch_id: UUID, after: int | None, limit: int) -> list[BatchLine]:
    """Read the lines of a batch, in the order of the journal."""
    rows = queries.batch_line_list(connection, batch_id=batch_id, after=after, limit=limit)
    return [read_row(BatchLine, row) async for row in rows]


async def batch_line_list_batches(connection: Connection, *, organisation_id: UUID, intent_id: UUID) -> list[Batch]:
    """Read the batches that a payment and its refunds are in."""
    rows = queries.batch_line_list_batches(connection, organisation_id=organisation_id, intent_id=intent_id)
    return [read_row(Batch, row) async for row in rows]


async def batch_line_write_content(connection: Connection, window: Window) -> list[str]:
    """Return the lines of a batch as text, from the journal."""
    text: str | None = await queries.batch_line_write_content(connection, **msgspec.structs.asdict(window))
    return text.split("\n") if text else []


async def held_charge_list_currencies(connection: Connection, *, merchant_id: UUID) -> list[str]:
    """Read the currencies in which a merchant has funds."""
    rows = queries.held_charge_list_currencies(connection, merchant_id=merchant_id)
    return [row["currency"] async for row in rows]


async def held_charge_list_due(connection: Connection, *, at: datetime, limit: int) -> list[UUID]:
    """Read the merchants with funds whose hold or reserve has ended."""
    return [row["merchant_id"] async for row in queries.held_charge_list_due(connection, at=at, limit=limit)]


async def held_charge_release(connection: Connection, **parameters: Any) -> int:
    """End the hold on captured funds of a merchant that is over, and post what becomes available; return how many."""
    row = await queries.held_charge_release(connection, **parameters)
    released: int = row["released"]
    return released


async def held_charge_release_reserve(connection: Connection, **parameters: Any) -> int:
    """Return what was kept back of captures of a merchant long enough, and post it; return how many."""
    row = await queries.held_charge_release_reserve(connection, **parameters)
    released: int = row["released"]
    return released


async def payout_find(connection: Connection, *, organisation_id: UUID, payout_id: UUID) -> Payout | None:
    """Read one payout of an organisation."""
    return read_row_or_none(
        Payout, await queries.payout_find(connection, organisation_id=organisation_id, payout_id=payout_id)
    )


async def payout_find_of_batch(connection: Connection, *, batch_id: UUID) -> Payout | None:
    """Read the payout of a batch."""
    return read_row_or_none(Payout, await queries.payout_find_of_batch(connection, batch_id=batch_id))


async def payout_insert(connection: Connection, columns: Mapping[str, Any]) -> None:
    """Insert a payout; nothing changes when its batch has one."""
    await queries.payout_insert(connection, **columns)


async def payout_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None,
    state: PayoutState | None,
    before: UUID | None,
    limit: int,
) -> list[Payout]:
    """Read payouts of an organisation, newest first."""
    rows = queries.payout_list(
        connection, organisation_id=organisation_id, merchant_id=merchant_id, state=state, before=before, limit=limit
    )
    return [read_row(Payout, row) async for row in rows]


async def payout_list_candidates(
    connection: Connection,
    *,
    organisation_id: UUID,
    currency: str,
    amount: int,
    earliest: date,
    latest: date,
    limit: int,
) -> list[Payout]:
    """Read the payouts in transit of an amount, which arrive within some days of a day."""
    rows = queries.payout_list_candidates(
        connection,
        organisation_id=organisation_id,
        currency=currency,
        amount=amount,
        earliest=earliest,
        latest=latest,
        limit=limit,
    )
    return [read_row(Payout, row) async for row in rows]


async def payout_list_of_bank_file(connection: Connection, *, bank_file_id: UUID) -> list[Payout]:
    """Read the payouts in a bank file."""
    rows = queries.payout_list_of_bank_file(connection, bank_file_id=bank_file_id)
    return [read_row(Payout, row) async for row in rows]


async def payout_list_of_batches(connection: Connection, *, batch_ids: Sequence[UUID]) -> list[Payout]:
    """Read the payouts of batches."""
    rows = queries.payout_list_of_batches(connection, batch_ids=list(batch_ids))
    return [read_row(Payout, row) async for row in rows]


async def payout_list_referenced(
    connection: Connection, *, organisation_id: UUID, references: Sequence[str], limit: int
) -> list[Payout]:
    """Read the payouts that these references name, newest first."""
    rows = queries.payout_list_referenced(
        connection, organisation_id=organisation_id, references=list(references), limit=limit
    )
    return [read_row(Payout, row) async for row in rows]


async def payout_lock(connection: Connection, *, payout_id: UUID) -> Payout | None:
    """Read one payout, and keep others from changing it."""
    return read_row_or_none(Payout, await queries.payout_lock(connection, payout_id=payout_id))


async def payout_lock_to_file(connection: Connection, *, organisation_id: UUID, limit: int) -> list[Payout]:
    """Read the payouts of posted batches that no file has yet, and keep others from filing them."""
    rows = queries.payout_lock_to_file(connection, organisation_id=organisation_id, limit=limit)
    return [read_row(Payout, row) async for row in rows]


async def payout_update_failed(
    connection: Connection, *, payout_id: UUID, at: datetime, code: str, message: str
) -> None:
    """Write why a payout failed."""
    await queries.payout_update_failed(connection, payout_id=payout_id, at=at, code=code, message=message)


async def payout_update_filed(
    connection: Connection, *, bank_file_id: UUID, trace_numbers: Mapping[UUID, str | None]
) -> None:
    """Write in which file payouts are, and their trace numbers."""
    await queries.payout_update_filed(
        connection,
        bank_file_id=bank_file_id,
        payout_ids=list(trace_numbers),
        trace_numbers=list(trace_numbers.values()),
    )


async def payout_update_in_transit(connection: Connection, *, bank_file_id: UUID, at: datetime) -> None:
    """Write that the payouts in a bank file are with the bank."""
    await queries.payout_update_in_transit(connection, bank_file_id=bank_file_id, at=at)


async def payout_update_paid(connection: Connection, *, payout_id: UUID, paid_amount: int, at: datetime) -> None:
    """Write that a payout is on the bank's statement, and with which amount."""
    await queries.payout_update_paid(connection, payout_id=payout_id, paid_amount=paid_amount, at=at)


async def settled_day_find(connection: Connection, *, merchant_id: UUID) -> date | None:
    """Read until which day a merchant is settled."""
    day: date | None = await queries.settled_day_find(connection, merchant_id=merchant_id)
    return day


async def settled_day_find_merchant(connection: Connection, *, merchant_id: UUID) -> tuple[Merchant, date | None]:
    """Read a merchant, and until which day it is settled."""
    row = await queries.settled_day_find_merchant(connection, merchant_id=merchant_id)
    return read_row(Merchant, row), row["settled_day"]


async def settled_day_list(
    connection: Connection, *, after: UUID | None, limit: int
) -> list[tuple[Merchant, date | None]]:
    """Read merchants, and until which day they are settled, from a position."""
    rows = queries.settled_day_list(connection, after=after, limit=limit)
    return [(read_row(Merchant, row), row["settled_day"]) async for row in rows]


async def settled_day_list_organisations(connection: Connection) -> list[UUID]:
    """Read the organisations that have merchants."""
    return [row["organisation_id"] async for row in queries.settled_day_list_organisations(connection)]


async def settled_day_update(connection: Connection, *, merchant_id: UUID, day: date) -> None:
    """Write until which day a merchant is settled; it never goes back."""
    await queries.settled_day_update(connection, merchant_id=merchant_id, day=day)
