"""Changes of a payment before it is confirmed, and of its description at any time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentStateError
from ninefold.systems.payments.model.money import payable
from ninefold.systems.payments.model.payments import Intent, IntentEvent, PaymentMethod
from ninefold.systems.payments.rules.beginnings import CANCELABLE_AT_ONCE
from ninefold.systems.payments.rules.changes import Limits
from ninefold.systems.payments.service.steps import load_step
from ninefold.systems.payments.store.steps import StepRows, step_store

_AT_ANY_TIME: Final = frozenset({"description", "metadata", "receipt_email", "statement_descriptor", "options"})
"""What can be changed whatever the state is."""


async def update_payment(
    connection: Connection,
    *,
    merchant_id: UUID,
    intent_id: UUID,
    fields: Mapping[str, Any],
    payment_method: PaymentMethod | None,
    at: datetime,
    limits: Limits,
) -> Intent:
    """Change a payment, and return it; call it in a transaction.

    Args:
        connection: in a transaction.
        merchant_id: whose payment it is.
        intent_id: the payment.
        fields: what is set, with the names of `Intent`.
        payment_method: what it is to be paid with; None leaves that as it is.
        at: when.
        limits: how long things may take.

    Raises:
        PaymentNotFoundError: the merchant has no such payment.
        PaymentStateError: this can't be changed any more.
        InvalidAmountError: the amount can't be paid.
        InvalidCurrencyError: there is no such currency.
    """
    step = await load_step(connection, intent_id, merchant_id=merchant_id, at=at, limits=limits)
    state = step.intent.state
    changed = dict(fields)
    if state not in CANCELABLE_AT_ONCE and (payment_method is not None or changed.keys() - _AT_ANY_TIME):
        raise PaymentStateError("It can't be changed any more.", state=state)
    money = payable(changed.get("amount", step.intent.amount), changed.get("currency", step.intent.currency))
    changed |= {"amount": money.amount, "currency": money.currency.code}
    if payment_method is not None:
        changed["payment_method_id"] = payment_method.payment_method_id
        state = "requires_confirmation"
    intent = step.move(state, **changed)
    event = IntentEvent(intent_id=intent_id, version=intent.version, type="updated", at=at, detail={})
    await step_store(connection, StepRows(intents=[intent], events=[event]))
    return intent
