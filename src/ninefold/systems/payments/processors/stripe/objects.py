"""What is read of Stripe's objects, and what each says about a call."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from ninefold.systems.payments.model.outcomes import Approved, Declined, NeedsAction, Unknown

REFERENCE: Final = "ninefold_reference"
"""The metadata that names our call: of a payment, the one that authorises it; of a refund, the one that asks for it."""

CAPTURE_REFERENCE: Final = "ninefold_capture"
"""The metadata of a payment that names the call that captures it."""

T = TypeVar("T")


class StripeErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why Stripe refuses a request."""

    type: str = "api_error"
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None
    payment_intent: Mapping[str, Any] | None = None


class StripeAnswerToError(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a response that isn't a success."""

    error: StripeErrorBody = msgspec.field(default_factory=StripeErrorBody)


class StripeRedirect(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer authenticates."""

    url: str


class StripeNextAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has to do."""

    type: str
    redirect_to_url: StripeRedirect | None = None


class StripeLastError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last try to pay failed."""

    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


class StripePayment(msgspec.Struct, frozen=True, kw_only=True):
    """A PaymentIntent."""

    id: str
    status: str
    created: int
    metadata: Mapping[str, str] = {}
    next_action: StripeNextAction | None = None
    last_payment_error: StripeLastError | None = None


class StripeRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A Refund."""

    id: str
    status: str | None = None
    metadata: Mapping[str, str] | None = None
    failure_reason: str | None = None


class StripeSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a balance transaction is about: a charge or a refund."""

    id: str
    metadata: Mapping[str, str] | None = None
    payment_intent: StripePayment | None = None


class StripeBalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the balance at Stripe."""

    id: str
    type: str
    amount: int
    currency: str
    created: int
    source: StripeSource | str | None = None


class StripeList(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of objects, newest first."""

    data: Sequence[T]
    has_more: bool = False


class StripeEventObject(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about."""

    object: msgspec.Raw


class StripeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook tells."""

    id: str
    type: str
    created: int
    data: StripeEventObject


def read_payment(payment: StripePayment) -> Approved | Declined | NeedsAction | Unknown:
    """Return what became of an authorisation."""
    match payment.status:
        case "requires_capture":
            return Approved(reference=payment.id)
        case "succeeded":
            # Of a manual capture too: it was authorised first.
            return Approved(reference=payment.id, is_captured=CAPTURE_REFERENCE not in payment.metadata)
        case "requires_action" if payment.next_action is not None and payment.next_action.redirect_to_url is not None:
            return NeedsAction(url=payment.next_action.redirect_to_url.url, reference=payment.id)
        case "requires_payment_method":
            return _read_refusal(payment)
        case "canceled":
            return Declined(code="canceled", message="The payment was canceled.", reference=payment.id)
    return Unknown(reason=f"Stripe's payment {payment.id} is in the state {payment.status}.")


def read_refund(refund: StripeRefund) -> Approved | Declined | Unknown:
    """Return what became of a refund."""
    match refund.status:
        case "succeeded":
            return Approved(reference=refund.id)
        case "failed" | "canceled":
            return Declined(
                code=refund.failure_reason or "refund_failed", message="The refund failed.", reference=refund.id
            )
    return Unknown(reason=f"Stripe's refund {refund.id} is in the state {refund.status}.")


def _read_refusal(payment: StripePayment) -> Declined:
    error = payment.last_payment_error or StripeLastError()
    return Declined(
        code=error.code or "card_declined",
        decline_code=error.decline_code,
        message=error.message or "Your card was declined.",
        reference=payment.id,
    )
