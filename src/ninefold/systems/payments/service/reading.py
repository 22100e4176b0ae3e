"""Payments as they are read."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import (
    BalanceTransactionNotFoundError,
    ChargeNotFoundError,
    RefundNotFoundError,
)
from ninefold.systems.payments.model.events import ForwardedEvent
from ninefold.systems.payments.model.ledger import PaymentEntry
from ninefold.systems.payments.model.pages import BALANCE_TRANSACTION_PREFIX, BalanceTransaction
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    REFUND_PREFIX,
    Attempt,
    Charge,
    Intent,
    IntentEvent,
    IntentState,
    PaymentMethod,
    Refund,
)
from ninefold.systems.payments.service.steps import no_payment
from ninefold.systems.payments.store import ledger
from ninefold.systems.payments.store import payments as store
from ninefold.systems.payments.store.events import event_forward_list_of_intent

ROWS_MAX: Final = 1_000
"""Of each kind that a payment shows; none has so many."""


class PaymentDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with all that happened to it."""

    intent: Intent
    timeline: list[IntentEvent]
    attempts: list[Attempt]
    charges: list[Charge]
    refunds: list[Refund]
    payment_method: PaymentMethod | None


async def list_payments(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None,
    state: IntentState | None,
    before: UUID | None,
    limit: int,
) -> list[Intent]:
    """Return payments of an organisation, newest first: all, or those of a merchant or in a state."""
    return await store.intent_list(
        connection,
        organisation_id=organisation_id,
        merchant_id=merchant_id,
        state=state,
        before=before,
        limit=limit,
    )


async def get_payment(connection: Connection, *, organisation_id: UUID, intent_id: UUID) -> PaymentDetails:
    """Return a payment with all that happened to it.

    Raises:
        PaymentNotFoundError: the organisation has no such payment.
    """
    intent = await store.intent_find(connection, organisation_id=organisation_id, intent_id=intent_id)
    if intent is None:
        raise no_payment(intent_id)
    method = None
    if intent.payment_method_id is not None:
        method = await store.payment_method_find(
            connection, merchant_id=intent.merchant_id, payment_method_id=intent.payment_method_id
        )
    return PaymentDetails(
        intent=intent,
        timeline=await store.intent_event_list(connection, intent_id=intent_id, limit=ROWS_MAX),
        attempts=await store.attempt_list_of_intent(connection, intent_id=intent_id, limit=ROWS_MAX),
        charges=await store.charge_list_of_intent(connection, intent_id=intent_id, limit=ROWS_MAX),
        refunds=await store.refund_list_of_intent(connection, intent_id=intent_id, limit=ROWS_MAX),
        payment_method=method,
    )


async def list_entries_of_payment(
    connection: Connection, *, organisation_id: UUID, intent_id: UUID
) -> list[PaymentEntry]:
    """Return what a payment, its charges and its refunds have moved, in the order of the journal.

    Raises:
        PaymentNotFoundError: the organisation has no such payment.
    """
    if await store.intent_find(connection, organisation_id=organisation_id, intent_id=intent_id) is None:
        raise no_payment(intent_id)
    return await ledger.transfer_list_of_intent(connection, intent_id=intent_id, limit=ROWS_MAX)


async def list_events_of_payment(
    connection: Connection, *, organisation_id: UUID, intent_id: UUID
) -> list[ForwardedEvent]:
    """Return what the merchant was told about a payment, oldest first, once for each endpoint.

    Raises:
        PaymentNotFoundError: the organisation has no such payment.
    """
    if await store.intent_find(connection, organisation_id=organisation_id, intent_id=intent_id) is None:
        raise no_payment(intent_id)
    return await event_forward_list_of_intent(connection, intent_id=intent_id, limit=ROWS_MAX)


async def get_payment_of_merchant(connection: Connection, *, merchant_id: UUID, intent_id: UUID) -> Intent:
    """Return a payment.

    Raises:
        PaymentNotFoundError: the merchant has no such payment.
    """
    intent = await store.intent_find_of_merchant(connection, merchant_id=merchant_id, intent_id=intent_id)
    if intent is None:
        raise no_payment(intent_id)
    return intent


async def get_charge(connection: Connection, *, merchant_id: UUID, charge_id: UUID) -> Charge:
    """Return a charge.

    Raises:
        ChargeNotFoundError: the merchant has no such charge.
    """
    charge = await store.charge_find(connection, merchant_id=merchant_id, charge_id=charge_id)
    if charge is None:
        raise ChargeNotFoundError(f"No such charge: {format_id(CHARGE_PREFIX, charge_id)}.", field="charge")
    return charge


async def get_refund(connection: Connection, *, merchant_id: UUID, refund_id: UUID) -> Refund:
    """Return a refund.

    Raises:
        RefundNotFoundError: the merchant has no such refund.
    """
    refund = await store.refund_find(connection, merchant_id=merchant_id, refund_id=refund_id)
    if refund is None:
        raise RefundNotFoundError(f"No such refund: {format_id(REFUND_PREFIX, refund_id)}.", field="refund")
    return refund


async def get_balance_transaction(
    connection: Connection, *, merchant_id: UUID, balance_transaction_id: UUID
) -> BalanceTransaction:
    """Return what has changed a merchant's balance.

    Raises:
        BalanceTransactionNotFoundError: the merchant has no such change.
    """
    found = await store.balance_transaction_find(
        connection, merchant_id=merchant_id, balance_transaction_id=balance_transaction_id
    )
    if found is None:
        shown = format_id(BALANCE_TRANSACTION_PREFIX, balance_transaction_id)
        raise BalanceTransactionNotFoundError(f"No such balance transaction: '{shown}'", field="id")
    return found
