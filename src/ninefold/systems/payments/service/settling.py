"""The daily batch: what a merchant gets for a day is computed, posted, written to a file, and delivered.

Each step is a transaction, and a repetition changes nothing; so whoever dies in between is followed by another one that
goes on. A batch is a computation from the journal alone: the same entries give the same bytes.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.errors import BatchNotFoundError, BatchOrderError, JournalError
from ninefold.systems.payments.model.ledger import AccountKey, Cause, new_transfer
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.settlement import (
    BATCH_PREFIX,
    Batch,
    BatchLine,
    BatchState,
    Payout,
    PayoutState,
    Window,
)
from ninefold.systems.payments.reconciliation_errors import DayNotBegunError
from ninefold.systems.payments.rules.bank_entries import Originator, payout_method, payout_reference
from ninefold.systems.payments.rules.banking_days import arrival_date, business_day, local_moment
from ninefold.systems.payments.rules.batch_content import BatchHead, batch_content
from ninefold.systems.payments.rules.netting import net
from ninefold.systems.payments.service.bank_files import deliver_files, write_files
from ninefold.systems.payments.service.events import record_payout_event
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.releasing import release_funds
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.settings import BANK_FILES_FOLDER, PaymentsSettings
from ninefold.systems.payments.store import settlement as store

DESCRIPTOR_LENGTH: Final = 22


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How bank files are written, and where they are delivered."""

    originator: Originator
    folder: Path


def delivery_of(settings: PaymentsSettings) -> Delivery:
    """Return how bank files are written and delivered with these settings."""
    return Delivery(
        originator=Originator(
            bank_routing_number=settings.ach_bank_routing_number,
            bank_name=settings.ach_bank_name,
            origin=settings.ach_origin,
            origin_name=settings.ach_origin_name,
            company_id=settings.ach_company_id,
            company_name=settings.ach_company_name,
        ),
        folder=Path(settings.bank_files_folder or BANK_FILES_FOLDER),
    )


async def settle_merchant(
    database: Database, merchant: Merchant, *, day: date, at: datetime, delivery: Delivery
) -> list[Batch]:
    """Settle a merchant for a day: do all steps that aren't done yet, and return the batches, by currency.

    Before the cut-off of the day, this ends the day now, and what comes after it belongs to the next one.

    Args:
        database: where the steps are committed.
        merchant: who is paid.
        day: the merchant's day.
        at: now.
        delivery: how the files are written and delivered.

    Raises:
        BatchOrderError: a later day was settled already.
        DayNotBegunError: the day begins later.
    """
    cutoff_at = _cutoff(merchant, day, at)
    async with database.connection() as connection:
        settled = await store.settled_day_find(connection, merchant_id=merchant.merchant_id)
        await require_settleable_day(connection, merchant, day)
    if settled is None or settled < day:
        # What was computed for an earlier day and isn't paid out yet would be counted again.
        async with database.transaction() as connection:
            await post_batches(connection, merchant, at=at)
        await release_funds(database, merchant, until=cutoff_at, at=at)
        await compute_batches(database, merchant, day=day, cutoff_at=cutoff_at, at=at)
    await finish_batches(database, merchant, at=at, delivery=delivery)
    return await _list_of_day(database, merchant, day)


async def finish_batches(database: Database, merchant: Merchant, *, at: datetime, delivery: Delivery) -> None:
    """Do the steps that are left of a merchant's batches: post them, write the files, deliver these."""
    async with database.transaction() as connection:
        await post_batches(connection, merchant, at=at)
    await finish_files(database, merchant.organisation_id, at=at, delivery=delivery)


async def finish_files(database: Database, organisation_id: UUID, *, at: datetime, delivery: Delivery) -> None:
    """Write the payouts of an organisation that are in no file to files, and deliver all files."""
    async with database.transaction() as connection:
        await write_files(connection, organisation_id=organisation_id, originator=delivery.originator, at=at)
    await deliver_files(database, organisation_id=organisation_id, folder=delivery.folder, at=at)


async def compute_batches(
    database: Database, merchant: Merchant, *, day: date, cutoff_at: datetime, at: datetime
) -> None:
    """Compute the batches of a merchant for a day, one for each currency, in one transaction."""
    async with database.transaction() as connection:
        for currency in await store.held_charge_list_currencies(connection, merchant_id=merchant.merchant_id):
            await compute_batch(connection, merchant, currency=currency, day=day, cutoff_at=cutoff_at, at=at)
        await store.settled_day_update(connection, merchant_id=merchant.merchant_id, day=day)


async def compute_batch(
    connection: Connection, merchant: Merchant, *, currency: str, day: date, cutoff_at: datetime, at: datetime
) -> Batch | None:
    """Compute what a merchant gets in a currency for a day; call it in a transaction.

    Returns:
        The batch, also if it was computed before; None if nothing has happened since the one before.

    Raises:
        JournalError: the entries don't add up to the balance.
    """
    account = _available(merchant, currency)
    # Entries get their position under this lock, so none can come later with a position before the last one.
    balance = await store.available_account_lock(connection, account_id=account.account_id)
    if balance is None:
        return None
    found = await store.batch_find_of_day(connection, merchant_id=merchant.merchant_id, currency=currency, day=day)
    if found is not None:
        return found
    previous = await store.batch_find_last(connection, merchant_id=merchant.merchant_id, currency=currency)
    window = Window(
        account_id=account.account_id,
        after_sequence=0 if previous is None else previous.last_sequence,
        last_sequence=await store.available_account_read_last(connection, account_id=account.account_id),
    )
    batch_id = new_id()
    await store.batch_line_insert(connection, batch_id=batch_id, window=window)
    totals = await store.batch_line_count(connection, batch_id=batch_id)
    opening = 0 if previous is None else previous.carried_amount
    if opening + totals.net != balance:
        raise JournalError(f"The entries to settle add up to {opening + totals.net}, and the balance is {balance}.")
    netting = net(balance, minimum=merchant.payout_minimum, has_bank_account=merchant.bank_account_number is not None)
    if totals.line_count == 0 and netting.payout == 0:
        return None
    head = BatchHead(
        merchant_id=merchant.merchant_id,
        currency=currency,
        day=day,
        cutoff_at=cutoff_at,
        opening_amount=opening,
        payout_minimum=merchant.payout_minimum,
        payout_amount=netting.payout,
        carried_amount=netting.carried,
        account_id=window.account_id,
        after_sequence=window.after_sequence,
        last_sequence=window.last_sequence,
    )
    content = batch_content(head, await store.batch_line_write_content(connection, window))
    batch = await store.batch_insert(
        connection,
        {
            **msgspec.structs.asdict(head),
            **msgspec.structs.asdict(totals),
            "batch_id": batch_id,
            "organisation_id": merchant.organisation_id,
            "carried_reason": netting.reason,
            "digest": hashlib.sha256(content).digest(),
            "computed_at": at,
        },
    )
    await announce(connection, batch)
    return batch


async def post_batches(connection: Connection, merchant: Merchant, *, at: datetime) -> None:
    """Post the computed batches of a merchant: what is paid out goes from its balance, and there is a payout for it."""
    for batch in await store.batch_lock_unfinished(connection, merchant_id=merchant.merchant_id, state="computed"):
        if batch.payout_amount:
            await _insert_payout(connection, merchant, batch, at=at)
            payout = new_transfer(
                Cause("batch", batch.batch_id),
                leg=0,
                debit=_available(merchant, batch.currency),
                credit=AccountKey(merchant.organisation_id, merchant.merchant_id, "payout_in_flight", batch.currency),
                amount=batch.payout_amount,
            )
            await post(connection, [payout], at=at)
        await store.batch_update_posted(connection, batch_id=batch.batch_id, at=at)
        await announce(connection, batch)


async def get_batch(connection: Connection, *, organisation_id: UUID, batch_id: UUID) -> Batch:
    """Return a batch.

    Raises:
        BatchNotFoundError: the organisation has no such batch.
    """
    batch = await store.batch_find(connection, organisation_id=organisation_id, batch_id=batch_id)
    if batch is None:
        raise BatchNotFoundError(f"There is no batch {format_id(BATCH_PREFIX, batch_id)}.", remedy="List the batches.")
    return batch


async def list_batches(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None = None,
    day: date | None = None,
    state: BatchState | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Batch]:
    """Return batches of an organisation, newest first."""
    return await store.batch_list(
        connection,
        organisation_id=organisation_id,
        merchant_id=merchant_id,
        day=day,
        state=state,
        before=before,
        limit=limit,
    )


async def list_batch_lines(connection: Connection, batch: Batch, *, after: int | None, limit: int) -> list[BatchLine]:
    """Return the lines of a batch, in the order of the journal."""
    return await store.batch_line_list(connection, batch_id=batch.batch_id, after=after, limit=limit)


async def list_batches_of_payment(connection: Connection, *, organisation_id: UUID, intent_id: UUID) -> list[Batch]:
    """Return the batches that a payment and its refunds are in."""
    return await store.batch_line_list_batches(connection, organisation_id=organisation_id, intent_id=intent_id)


async def find_payout_of_batch(connection: Connection, batch: Batch) -> Payout | None:
    """Return the payout of a batch; None if there is nothing to pay."""
    return await store.payout_find_of_batch(connection, batch_id=batch.batch_id)


async def list_payout_states(connection: Connection, batches: Sequence[Batch]) -> dict[UUID, PayoutState]:
    """Return how the payout of each batch stands; a batch without one isn't in it."""
    found = await store.payout_list_of_batches(connection, batch_ids=[batch.batch_id for batch in batches])
    return {payout.batch_id: payout.state for payout in found}


async def recompute_content(connection: Connection, batch: Batch) -> bytes:
    """Compute a batch again from the journal, and return its bytes.

    Raises:
        JournalError: they aren't the same as the first time.
    """
    head = BatchHead(**{name: getattr(batch, name) for name in BatchHead.__struct_fields__})
    window = Window(account_id=batch.account_id, after_sequence=batch.after_sequence, last_sequence=batch.last_sequence)
    lines = await store.batch_line_write_content(connection, window)
    content = batch_content(head, lines)
    if hashlib.sha256(content).digest() != batch.digest:
        raise JournalError(f"The batch {format_id(BATCH_PREFIX, batch.batch_id)} doesn't follow from the journal.")
    return content


def require_merchant_on(merchant: Merchant, day: date) -> None:
    """Check that there was a merchant on a day that somebody chose.

    Raises:
        BatchOrderError: it began later.
    """
    first = business_day(merchant.created_at, cutoff=merchant.cutoff, zone=merchant.time_zone)
    if day < first:
        raise BatchOrderError(
            f"There was no merchant {merchant.name!r} on {day} yet.",
            field="day",
            remedy=f"Settle {first} or a later day.",
        )


def require_begun_day(merchant: Merchant, day: date, *, at: datetime) -> None:
    """Check that a merchant's day has begun.

    Raises:
        DayNotBegunError: it begins later.
    """
    today = business_day(at, cutoff=merchant.cutoff, zone=merchant.time_zone)
    if day > today:
        raise DayNotBegunError(
            f"{day} hasn't begun for {merchant.name!r}, whose day is {today}.", field="day", remedy=f"Settle {today}."
        )


async def require_settleable_day(connection: Connection, merchant: Merchant, day: date) -> None:
    """Check that a merchant's day can be settled, or was settled and may have steps that are left.

    Raises:
        BatchOrderError: a later day was settled, and this one never.
    """
    settled = await store.settled_day_find(connection, merchant_id=merchant.merchant_id)
    if settled is None or settled <= day:
        return
    if not await store.batch_list_of_merchant_day(connection, merchant_id=merchant.merchant_id, day=day):
        raise BatchOrderError(
            f"{day} can't be settled any more, because {settled} was settled.",
            field="day",
            remedy=f"What wasn't settled before is part of the next batch. Settle a day after {settled}.",
        )


async def _insert_payout(connection: Connection, merchant: Merchant, batch: Batch, *, at: datetime) -> None:
    payout_id = new_id()
    today = at.astimezone(ZoneInfo(merchant.time_zone)).date()
    await store.payout_insert(
        connection,
        {
            "payout_id": payout_id,
            "organisation_id": merchant.organisation_id,
            "merchant_id": merchant.merchant_id,
            "batch_id": batch.batch_id,
            "currency": batch.currency,
            "amount": batch.payout_amount,
            "method": payout_method(merchant, batch.currency),
            "reference": payout_reference(payout_id),
            "bank_last4": merchant.bank_last4,
            "arrival_date": arrival_date(max(batch.day, today)),
            "statement_descriptor": merchant.name[:DESCRIPTOR_LENGTH],
            "created_at": at,
        },
    )
    payout = await store.payout_find_of_batch(connection, batch_id=batch.batch_id)
    if payout is not None and payout.payout_id == payout_id:
        await record_payout_event(connection, "payout.created", payout, at=at)


async def _list_of_day(database: Database, merchant: Merchant, day: date) -> list[Batch]:
    async with database.connection() as connection:
        return await store.batch_list_of_merchant_day(connection, merchant_id=merchant.merchant_id, day=day)


def _cutoff(merchant: Merchant, day: date, at: datetime) -> datetime:
    require_begun_day(merchant, day, at=at)
    return min(at, local_moment(day, merchant.cutoff, merchant.time_zone))


def _available(merchant: Merchant, currency: str) -> AccountKey:
    return AccountKey(merchant.organisation_id, merchant.merchant_id, "merchant_available", currency)
