"""Queries for payments, and for what they are paid with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.pages import BalanceTransaction
from ninefold.systems.payments.model.payments import (
    Attempt,
    AttemptState,
    Charge,
    Intent,
    IntentEvent,
    IntentState,
    PaymentMethod,
    Refund,
)
from ninefold.systems.payments.store.queries import columns_of, json_text, queries, read_row, read_row_or_none


class LoadedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is locked, with all that a step may change."""

    intent: Intent
    merchant: Merchant
    attempt: Attempt | None
    charge: Charge | None
    """That of the attempt, or the latest one."""
    refund: Refund | None
    payment_method: PaymentMethod | None


async def attempt_claim_due(
    connection: Connection, *, at: datetime, claimed_until: datetime, limit: int
) -> list[Attempt]:
    """Claim attempts whose processor is to be asked now; who has claimed one has some time for it."""
    rows = queries.attempt_claim_due(connection, at=at, claimed_until=claimed_until, limit=limit)
    return [read_row(Attempt, row) async for row in rows]


async def attempt_count_in_doubt(connection: Connection, *, limit: int) -> int:
    """Count the attempts whose outcome is in doubt, at most `limit`."""
    count: int = await queries.attempt_count_in_doubt(connection, limit=limit)
    return count


async def attempt_find(connection: Connection, *, organisation_id: UUID, attempt_id: UUID) -> Attempt | None:
    """Read one attempt of an organisation."""
    row = await queries.attempt_find(connection, organisation_id=organisation_id, attempt_id=attempt_id)
    return read_row_or_none(Attempt, row)


async def attempt_find_by_id(connection: Connection, *, attempt_id: UUID) -> Attempt | None:
    """Read one attempt of any organisation."""
    return read_row_or_none(Attempt, await queries.attempt_find_by_id(connection, attempt_id=attempt_id))


async def attempt_find_waiting(connection: Connection, *, intent_id: UUID) -> Attempt | None:
    """Read the attempt of a payment whose customer has to authenticate."""
    return read_row_or_none(Attempt, await queries.attempt_find_waiting(connection, intent_id=intent_id))


async def attempt_list_in_doubt(
    connection: Connection, *, organisation_id: UUID, state: AttemptState | None, after: UUID | None, limit: int
) -> list[Attempt]:
    """Read the attempts of an organisation whose outcome is in doubt, oldest first, after a position."""
    rows = queries.attempt_list_in_doubt(
        connection, organisation_id=organisation_id, state=state, after=after, limit=limit
    )
    return [read_row(Attempt, row) async for row in rows]


async def attempt_list_of_intent(connection: Connection, *, intent_id: UUID, limit: int) -> list[Attempt]:
    """Read the attempts of a payment, oldest first."""
    rows = queries.attempt_list_of_intent(connection, intent_id=intent_id, limit=limit)
    return [read_row(Attempt, row) async for row in rows]


async def attempt_mark_sent(connection: Connection, *, attempt_id: UUID, at: datetime) -> Attempt | None:
    """Store that an attempt is sent again; None if its outcome is known."""
    row = await queries.attempt_mark_sent(connection, attempt_id=attempt_id, at=at)
    return read_row_or_none(Attempt, row)


async def balance_transaction_find(
    connection: Connection, *, merchant_id: UUID, balance_transaction_id: UUID
) -> BalanceTransaction | None:
    """Read one change of a merchant's balance."""
    row = await queries.balance_transaction_find(
        connection, merchant_id=merchant_id, balance_transaction_id=balance_transaction_id
    )
    return read_row_or_none(BalanceTransaction, row)


async def charge_find(connection: Connection, *, merchant_id: UUID, charge_id: UUID) -> Charge | None:
    """Read one charge of a merchant."""
    return read_row_or_none(Charge, await queries.charge_find(connection, merchant_id=merchant_id, charge_id=charge_id))


async def charge_list_of_intent(connection: Connection, *, intent_id: UUID, limit: int) -> list[Charge]:
    """Read the charges of a payment, oldest first."""
    rows = queries.charge_list_of_intent(connection, intent_id=intent_id, limit=limit)
    return [read_row(Charge, row) async for row in rows]


async def charge_list_refunded(connection: Connection, *, intent_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Read what payments were refunded; those that weren't are left out."""
    rows = queries.charge_list_refunded(connection, intent_ids=intent_ids)
    return {row["intent_id"]: row["amount"] async for row in rows}


async def charge_set_metadata(connection: Connection, *, charge_id: UUID, metadata: Mapping[str, str]) -> None:
    """Set the metadata of a charge."""
    await queries.charge_set_metadata(connection, charge_id=charge_id, metadata=json_text(metadata))


async def intent_event_list(connection: Connection, *, intent_id: UUID, limit: int) -> list[IntentEvent]:
    """Read the timeline of a payment."""
    rows = queries.intent_event_list(connection, intent_id=intent_id, limit=limit)
    return [read_row(IntentEvent, row) async for row in rows]


async def intent_find(connection: Connection, *, organisation_id: UUID, intent_id: UUID) -> Intent | None:
    """Read one payment of an organisation."""
    row = await queries.intent_find(connection, organisation_id=organisation_id, intent_id=intent_id)
    return read_row_or_none(Intent, row)


async def intent_find_of_merchant(connection: Connection, *, merchant_id: UUID, intent_id: UUID) -> Intent | None:
    """Read one payment of a merchant."""
    row = await queries.intent_find_of_merchant(connection, merchant_id=merchant_id, intent_id=intent_id)
    return read_row_or_none(Intent, row)


async def intent_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None,
    state: IntentState | None,
    before: UUID | None,
    limit: int,
) -> list[Intent]:
    """Read the payments of an organisation, newest first, before a position."""
    rows = queries.intent_list(
        connection,
        organisation_id=organisation_id,
        merchant_id=merchant_id,
        state=state,
        before=before,
        limit=limit,
    )
    return [read_row(Intent, row) async for row in rows]


async def intent_list_expired(connection: Connection, *, at: datetime, limit: int) -> list[UUID]:
    """Read payments that were authorised and not captured in time."""
    rows = queries.intent_list_expired(connection, at=at, limit=limit)
    return [row["intent_id"] async for row in rows]


async def intent_load(
    connection: Connection, *, intent_id: UUID, attempt_id: UUID | None = None
) -> LoadedPayment | None:
    """Read a payment with all that a step may change; None if there is none."""
    loaded = await intent_load_many(connection, wanted=[(intent_id, attempt_id)])
    return loaded.get(intent_id)


async def intent_load_many(
    connection: Connection, *, wanted: Sequence[tuple[UUID, UUID | None]]
) -> dict[UUID, LoadedPayment]:
    """Read payments with all that a step may change, each for one attempt or none; by the ids of the payments."""
    rows = queries.intent_load(
        connection,
        intent_ids=[intent_id for intent_id, _ in wanted],
        attempt_ids=[attempt_id for _, attempt_id in wanted],
    )
    loaded = [_read_loaded(row) async for row in rows]
    return {each.intent.intent_id: each for each in loaded}


async def intent_lock(connection: Connection, *, intent_ids: Sequence[UUID]) -> None:
    """Lock payments until the end of the transaction."""
    async for _ in queries.intent_lock(connection, intent_ids=intent_ids):
        pass


async def payment_method_find(
    connection: Connection, *, merchant_id: UUID, payment_method_id: UUID
) -> PaymentMethod | None:
    """Read one payment method of a merchant."""
    row = await queries.payment_method_find(connection, merchant_id=merchant_id, payment_method_id=payment_method_id)
    return read_row_or_none(PaymentMethod, row)


async def payment_method_insert(connection: Connection, method: PaymentMethod) -> None:
    """Insert a payment method."""
    await queries.payment_method_insert(connection, **columns_of(method))


async def payment_method_update(connection: Connection, method: PaymentMethod) -> None:
    """Store what can change of a payment method."""
    columns = columns_of(method)
    names = ("payment_method_id", "customer_id", "exp_month", "exp_year", "billing_details", "metadata")
    await queries.payment_method_update(connection, **{name: columns[name] for name in names})


async def refund_find(connection: Connection, *, merchant_id: UUID, refund_id: UUID) -> Refund | None:
    """Read one refund of a merchant."""
    return read_row_or_none(Refund, await queries.refund_find(connection, merchant_id=merchant_id, refund_id=refund_id))


async def refund_list_of_intent(connection: Connection, *, intent_id: UUID, limit: int) -> list[Refund]:
    """Read the refunds of a payment, oldest first."""
    rows = queries.refund_list_of_intent(connection, intent_id=intent_id, limit=limit)
    return [read_row(Refund, row) async for row in rows]


async def refund_set_metadata(connection: Connection, *, refund_id: UUID, metadata: Mapping[str, str]) -> None:
    """Set the metadata of a refund."""
    await queries.refund_set_metadata(connection, refund_id=refund_id, metadata=json_text(metadata))


# Any, because asyncpg's records are untyped.
def _read_loaded(row: Any) -> LoadedPayment:
    return LoadedPayment(
        intent=read_row(Intent, row["intent"]),
        merchant=read_row(Merchant, row["merchant"]),
        attempt=read_row_or_none(Attempt, row["attempt"]),
        charge=read_row_or_none(Charge, row["charge"]),
        refund=read_row_or_none(Refund, row["refund"]),
        payment_method=read_row_or_none(PaymentMethod, row["payment_method"]),
    )
