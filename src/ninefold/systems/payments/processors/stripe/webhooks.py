"""Stripe's webhooks: their signature (`t=…,v1=…`, HMAC-SHA256), and what they say about our calls."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from ninefold.systems.payments.errors import WebhookRefusedError
from ninefold.systems.payments.model.outcomes import ProcessorEvent, Unknown
from ninefold.systems.payments.processors.stripe.objects import (
    CAPTURE_REFERENCE,
    REFERENCE,
    StripeEvent,
    StripePayment,
    StripeRefund,
    read_payment,
    read_refund,
)

SIGNATURE_HEADER: Final = "stripe-signature"
TOLERANCE_S: Final = 300
"""How old a webhook may be, so that one that was recorded can't be sent again later."""

_event: Final = msgspec.json.Decoder(StripeEvent)


def read_event(headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime) -> ProcessorEvent | None:
    """Return what a webhook says; None if it is about nothing that we do.

    Args:
        headers: with names in lower case.
        body: as it came.
        secret: `whsec_…` of the endpoint.
        now: the time.

    Raises:
        WebhookRefusedError: Stripe hasn't signed it, or too long ago.
    """
    _check_signature(headers.get(SIGNATURE_HEADER, ""), body, secret=secret, now=now)
    try:
        event = _event.decode(body)
        return _read(event)
    except msgspec.MsgspecError as error:
        raise WebhookRefusedError(f"The webhook can't be read: {error}.") from error


def _check_signature(header: str, body: bytes, *, secret: str, now: datetime) -> None:
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not times[0].isdigit() or abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise WebhookRefusedError("The webhook isn't signed by Stripe, or was signed too long ago.")
    expected = hmac.new(secret.encode(), f"{times[0]}.".encode() + body, hashlib.sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value, expected) for name, _, value in parts):
        raise WebhookRefusedError("The webhook isn't signed by Stripe.")


def _read(event: StripeEvent) -> ProcessorEvent | None:
    match event.type.split("."):
        case ["payment_intent", _]:
            payment = msgspec.json.decode(event.data.object, type=StripePayment)
            # That a capture or a cancellation was done is known from its answer, or an inquiry.
            reference = None if CAPTURE_REFERENCE in payment.metadata else payment.metadata.get(REFERENCE)
            outcome = read_payment(payment)
        case ["refund", _]:
            refund = msgspec.json.decode(event.data.object, type=StripeRefund)
            reference = (refund.metadata or {}).get(REFERENCE)
            outcome = read_refund(refund)
        case _:
            return None
    if reference is None or isinstance(outcome, Unknown):
        return None
    return ProcessorEvent(
        event_id=event.id,
        our_reference=reference,
        outcome=outcome,
        at=datetime.fromtimestamp(event.created, UTC),
    )
