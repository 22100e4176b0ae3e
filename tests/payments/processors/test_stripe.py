"""What is Stripe's own: its forms, its errors, and its webhooks."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ninefold.core.clock import SystemClock
from ninefold.systems.payments.errors import WebhookRefusedError
from ninefold.systems.payments.model.outcomes import Approved, Declined, NotSent, Unknown
from ninefold.systems.payments.processors.port import AuthoriseCall
from ninefold.systems.payments.processors.stripe.processor import Stripe
from ninefold.systems.payments.processors.stripe.webhooks import read_event
from payment_processors import STRIPE_KEY, STRIPE_WEBHOOK_SECRET, stripe_settings
from receivers import Answer, Receiver

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
CALL = AuthoriseCall(
    our_reference="att_01h455vb4pex5vsknk084sn02q",
    token="pm_card_visa",
    amount=1_999,
    currency="USD",
    capture=False,
    at=AT,
)


@pytest.fixture
async def stripe(receiver: Receiver) -> AsyncIterator[Stripe]:
    processor = Stripe(stripe_settings(origin_of(receiver.url)), SystemClock())
    yield processor
    await processor.close()


async def test_a_payment_is_asked_for_as_stripe_documents_it(stripe: Stripe, receiver: Receiver) -> None:
    receiver.answers.append(payment_answer(status="requires_capture"))
    assert Approved(reference="pi_1") == await stripe.authorise(CALL)
    [request] = receiver.requests
    assert request.path == b"/v1/payment_intents"
    assert request.headers["authorization"] == f"Bearer {STRIPE_KEY}"
    assert request.headers["idempotency-key"] == CALL.our_reference
    assert dict(parse_qsl(request.body.decode())) == {
        "amount": "1999",
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "payment_method_types[]": "card",
        "capture_method": "manual",
        "confirm": "true",
        "return_url": "https://shop.example/return",
        "metadata[ninefold_reference]": CALL.our_reference,
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param((402, {"type": "card_error", "code": "card_declined"}), Declined, id="declined"),
        pytest.param((400, {"type": "invalid_request_error", "code": "amount_too_small"}), Declined, id="invalid"),
        pytest.param((401, {"type": "invalid_request_error"}), NotSent, id="our key is wrong"),
        pytest.param((429, {"type": "invalid_request_error"}), NotSent, id="too many requests"),
        pytest.param((409, {"type": "invalid_request_error"}), Unknown, id="another is in flight"),
        pytest.param((400, {"type": "idempotency_error"}), Unknown, id="key used for something else"),
        pytest.param((500, {"type": "api_error"}), Unknown, id="failed at Stripe"),
        pytest.param((502, None), Unknown, id="failed before Stripe"),
    ],
)
async def test_an_error_says_whether_something_can_have_happened(
    stripe: Stripe, receiver: Receiver, answer: tuple[int, dict[str, str] | None], kind: type
) -> None:
    status, error = answer
    body = b"<html>" if error is None else json.dumps({"error": error}).encode()
    receiver.answers.append(Answer(status, body=body))
    assert isinstance(await stripe.authorise(CALL), kind)


async def test_a_decline_has_stripes_codes(stripe: Stripe, receiver: Receiver) -> None:
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "payment_intent": {"id": "pi_7"},
    }
    receiver.answers.append(Answer(402, body=json.dumps({"error": error}).encode()))
    assert await stripe.authorise(CALL) == Declined(
        code="card_declined",
        decline_code="insufficient_funds",
        message="Your card has insufficient funds.",
        reference="pi_7",
    )


@pytest.mark.parametrize("status", ["processing", "requires_confirmation", "something_new"])
async def test_a_state_that_decides_nothing_is_unknown(stripe: Stripe, receiver: Receiver, status: str) -> None:
    receiver.answers.append(payment_answer(status=status))
    assert isinstance(await stripe.authorise(CALL), Unknown)


def test_a_webhook_tells_the_outcome_of_our_call() -> None:
    body = event("payment_intent.succeeded", payment(status="succeeded"))
    found = read_event(signed(body), body, secret=STRIPE_WEBHOOK_SECRET, now=AT)
    assert found is not None
    assert (CALL.our_reference, "evt_1") == (found.our_reference, found.event_id)
    assert found.outcome == Approved(reference="pi_1", is_captured=True)


def test_a_webhook_tells_that_a_refund_failed() -> None:
    refund = {"id": "re_1", "status": "failed", "failure_reason": "lost_or_stolen_card", "metadata": metadata()}
    body = event("refund.updated", refund)
    found = read_event(signed(body), body, secret=STRIPE_WEBHOOK_SECRET, now=AT)
    assert found is not None
    assert isinstance(found.outcome, Declined)
    assert found.outcome.code == "lost_or_stolen_card"


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param("customer.created", {"id": "cus_1"}, id="about something else"),
        pytest.param("payment_intent.created", {"id": "pi_1", "status": "succeeded", "created": 1}, id="not ours"),
        pytest.param(
            "payment_intent.processing",
            {"id": "pi_1", "status": "processing", "created": 1, "metadata": {"ninefold_reference": "att_1"}},
            id="undecided",
        ),
    ],
)
def test_a_webhook_that_decides_nothing_is_left_alone(kind: str, found: dict[str, Any]) -> None:
    body = event(kind, found)
    assert read_event(signed(body), body, secret=STRIPE_WEBHOOK_SECRET, now=AT) is None


@pytest.mark.parametrize(
    ("secret", "late_by"),
    [
        pytest.param("whsec_other", timedelta(), id="other secret"),
        pytest.param(STRIPE_WEBHOOK_SECRET, timedelta(seconds=301), id="too old"),
        pytest.param(STRIPE_WEBHOOK_SECRET, timedelta(seconds=-301), id="from the future"),
    ],
)
def test_a_webhook_with_a_wrong_signature_is_refused(secret: str, late_by: timedelta) -> None:
    body = event("payment_intent.succeeded", payment(status="succeeded"))
    with pytest.raises(WebhookRefusedError):
        read_event(signed(body, secret=secret), body, secret=STRIPE_WEBHOOK_SECRET, now=AT + late_by)


def origin_of(url: str) -> str:
    return url[: url.index("/", len("http://"))]


def payment(*, status: str) -> dict[str, Any]:
    return {"id": "pi_1", "status": status, "created": 1, "metadata": metadata()}


def metadata() -> dict[str, str]:
    return {"ninefold_reference": CALL.our_reference}


def payment_answer(*, status: str) -> Answer:
    return Answer(body=json.dumps(payment(status=status)).encode())


def event(kind: str, found: dict[str, Any]) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "created": 1, "data": {"object": found}}).encode()


def signed(body: bytes, *, secret: str = STRIPE_WEBHOOK_SECRET) -> dict[str, str]:
    time = int(AT.timestamp())
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={time},v1=00,v1={digest}"}
