"""What a step of a payment is answered with: its object, or a card error."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentMethodRequiredError, PaymentStateError
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, INTENT_PREFIX, Intent
from ninefold.systems.payments.service.idempotency import Answer
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.stripe.calls import Call
from ninefold.systems.payments.stripe.errors import StripeError, card_error, encode_error, status_of
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.payment_intents import show_payment_intent
from ninefold.systems.payments.stripe.objects.payment_intents import status_of as shown_status_of
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method

UNEXPECTED_STATE = "payment_intent_unexpected_state"

_PARAMS: Final[Mapping[str, str]] = {"expired_card": "exp_month", "incorrect_cvc": "cvc"}
"""What of the card is wrong, by the code of the decline."""


def answer_with_intent(call: Call) -> Callable[[Connection, Done], Awaitable[Answer]]:
    """Return what answers a request with its PaymentIntent."""

    async def show(connection: Connection, done: Done) -> Answer:
        return await answer(call, connection, done, show_payment_intent(done.intent, base_url=call.base_url))

    return show


async def answer(call: Call, connection: Connection, done: Done, shown: Json) -> Answer:
    """Return the answer to a step: an object, or a card error if the processor has refused it."""
    attempt = done.attempt
    if attempt is None or attempt.state != "declined" or attempt.operation == "refund":
        return Answer(200, await call.encode(connection, shown))
    error = _refusal(done, show_payment_intent(done.intent, base_url=call.base_url))
    return Answer(status_of(error), encode_error(error, method="POST", path=call.path))


def explain_state(call: Call, intent: Intent, error: Exception, *, done: str, allowed: str) -> StripeError:
    """Return Stripe's error for a payment whose state doesn't allow something.

    Args:
        call: the request.
        intent: the payment.
        error: what was raised.
        done: what can't be done, such as `captured`.
        allowed: the states in which it can.
    """
    if isinstance(error, PaymentMethodRequiredError):
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent "
            "with a payment method, or give one when you confirm it."
        )
    else:
        message = (
            f"This PaymentIntent could not be {done} because it has a status of {shown_status_of(intent)}. "
            f"Only a PaymentIntent with one of the following statuses may be {done}: {allowed}."
        )
    shown = show_payment_intent(intent, base_url=call.base_url)
    return StripeError(message, code=UNEXPECTED_STATE, param=None, extra={"payment_intent": shown})


STATE_ERRORS = (PaymentStateError, PaymentMethodRequiredError)


def _refusal(done: Done, shown: Json) -> StripeError:
    attempt, intent = done.attempt, done.intent
    assert attempt is not None, "only a call can be refused"
    if attempt.operation == "authorise":
        code, message = intent.error_code or "card_declined", intent.error_message or "Your card was declined."
    else:
        code, message = attempt.error_code or "processing_error", attempt.error_message or "The bank refuses this."
    error = card_error(message, code=code, decline_code=intent.decline_code, param=_PARAMS.get(code))
    extra = {**error.extra, "payment_intent": shown}
    if done.charge is not None:
        extra["charge"] = format_id(CHARGE_PREFIX, done.charge.charge_id)
    if done.payment_method is not None:
        extra["payment_method"] = show_payment_method(done.payment_method)
    error.extra = extra
    return error


def name_of(intent: Intent) -> str:
    """Return the id of a payment."""
    return format_id(INTENT_PREFIX, intent.intent_id)
