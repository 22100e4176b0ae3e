"""Changes of a payment before it is confirmed, and of its description at any time."""

from collections.abc import Mapping
from typing import Any, Final

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentStateError
from ninefold.systems.payments.model.money import payable
from ninefold.systems.payments.model.payments import Intent, IntentEvent, PaymentMethod
from ninefold.systems.payments.rules.beginnings import CANCELABLE_AT_ONCE
from ninefold.systems.payments.rules.changes import Step
from ninefold.systems.payments.store.steps import StepRows, step_store

_AT_ANY_TIME: Final = frozenset({"description", "metadata", "receipt_email", "statement_descriptor", "options"})
"""What can be changed whatever the state is."""


async def change_payment(
    connection: Connection, step: Step, fields: Mapping[str, Any], *, payment_method: PaymentMethod | None
) -> Intent:
    """Change a payment, and return it; call it in the transaction that has loaded the step.

    Args:
        connection: in a transaction.
        step: the payment, which is locked.
        fields: what is set, with the names of `Intent`.
        payment_method: what it is to be paid with; None leaves that as it is.

    Raises:
        PaymentStateError: this can't be changed any more.
        InvalidAmountError: the amount can't be paid.
        InvalidCurrencyError: there is no such currency.
    """
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
    event = IntentEvent(intent_id=intent.intent_id, version=intent.version, type="updated", at=step.at, detail={})
    await step_store(connection, StepRows(intents=[intent], events=[event]))
    return intent
