"""The verifiers of the providers' own SDKs accept what we accept, and refuse what we refuse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest
from discord_interactions import verify_key
from gidgethub import ValidationFailure
from gidgethub.sansio import validate_event
from gidgetlab.exceptions import ValidationFailure as GitLabValidationFailure
from gidgetlab.sansio import Event as GitLabEvent
from paddle_billing.Notifications import Secret as PaddleSecret
from paddle_billing.Notifications import Verifier
from sendgrid.helpers.eventwebhook import EventWebhook
from slack_sdk.signature import Clock, SignatureVerifier
from square.utils.webhooks_helper import verify_signature
from standardwebhooks import Webhook as StandardWebhook
from stripe import SignatureVerificationError, WebhookSignature
from twilio.request_validator import RequestValidator

from callbacks.verification.genuine import callback_of
from callbacks.verification.received import NOW, received
from callbacks.verification.signing import STANDARD_SECRET, Callback
from ninefold.systems.callbacks.verification import ReceivedRequest, Secret, Verified, find_provider, verify


class StoppedClock(Clock):
    def now(self) -> float:
        return NOW.timestamp()


class PaddleRequest:
    """A request as Flask has it, for Paddle's verifier."""

    def __init__(self, request: ReceivedRequest) -> None:
        self.headers = headers_of(request)
        self.body = request.body


def headers_of(request: ReceivedRequest) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in request.headers}


def github(callback: Callback, request: ReceivedRequest) -> bool:
    try:
        signature = headers_of(request)["X-Hub-Signature-256"]
        validate_event(request.body, signature=signature, secret=str(callback.secret))
    except ValidationFailure:
        return False
    return True


def stripe(callback: Callback, request: ReceivedRequest) -> bool:
    try:
        header = headers_of(request)["Stripe-Signature"]
        WebhookSignature.verify_header(request.body, header, str(callback.secret), tolerance=None)
    except SignatureVerificationError:
        return False
    return True


def slack(callback: Callback, request: ReceivedRequest) -> bool:
    verifier = SignatureVerifier(str(callback.secret), StoppedClock())
    return verifier.is_valid_request(request.body, headers_of(request))


def twilio(callback: Callback, request: ReceivedRequest) -> bool:
    signature = headers_of(request)["X-Twilio-Signature"]
    body = request.body.decode("latin-1")
    return bool(RequestValidator(str(callback.secret)).validate(request.url, body, signature, "HMAC_SHA256"))


def square(callback: Callback, request: ReceivedRequest) -> bool:
    return verify_signature(
        request_body=request.body.decode("latin-1"),
        signature_header=headers_of(request)["x-square-hmacsha256-signature"],
        signature_key=str(callback.secret),
        notification_url=request.url,
    )


def discord(callback: Callback, request: ReceivedRequest) -> bool:
    headers = headers_of(request)
    signature, timestamp = headers["X-Signature-Ed25519"], headers["X-Signature-Timestamp"]
    return bool(verify_key(request.body, signature, timestamp, str(callback.secret)))


def sendgrid(callback: Callback, request: ReceivedRequest) -> bool:
    headers = headers_of(request)
    is_valid = EventWebhook(str(callback.secret)).verify_signature(
        request.body.decode("latin-1"),
        headers["X-Twilio-Email-Event-Webhook-Signature"],
        headers["X-Twilio-Email-Event-Webhook-Timestamp"],
    )
    return bool(is_valid)


def paddle(callback: Callback, request: ReceivedRequest) -> bool:
    return bool(Verifier(0).verify(PaddleRequest(request), PaddleSecret(str(callback.secret))))


SDKS: Final[dict[str, Callable[[Callback, ReceivedRequest], bool]]] = {
    "github": github,
    "stripe": stripe,
    "slack": slack,
    "twilio-json": twilio,
    "square": square,
    "discord": discord,
    "sendgrid": sendgrid,
    "paddle": paddle,
}
CHANGES: Final[list[Callable[[ReceivedRequest], ReceivedRequest]]] = [
    lambda request: request,
    lambda request: msgspec.structs.replace(request, body=request.body + b" "),
    lambda request: msgspec.structs.replace(request, body=b"{}"),
]


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize("change", CHANGES, ids=["unchanged", "longer", "other"])
def test_the_sdk_comes_to_the_same_result(name: str, change: Callable[[ReceivedRequest], ReceivedRequest]) -> None:
    callback = callback_of(name)
    request = change(callback.request)

    is_genuine = isinstance(callback.verify(request=request), Verified)

    assert is_genuine is SDKS[name](callback, request)
    assert is_genuine is (request == callback.request)


@pytest.mark.parametrize(
    ("provider", "secret"), [("standard_webhooks", STANDARD_SECRET), ("svix", STANDARD_SECRET[:-1])]
)
def test_what_the_library_of_standard_webhooks_accepts_is_verified(provider: str, secret: str) -> None:
    # The library has no clock to replace, so this is signed now.
    now = datetime.now(UTC)
    body = '{"type": "user.created"}'
    signature = StandardWebhook(secret).sign("m1", now, body)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,AAAA v2,AAAA {signature}",
    }
    request = received(headers, body.encode(), at=now)

    assert StandardWebhook(secret).verify(body, headers) == {"type": "user.created"}
    assert isinstance(verify(find_provider(provider), request, [Secret(secret)], options={}), Verified)


def test_the_signature_of_every_secret_of_a_rotation_is_accepted() -> None:
    callback = callback_of("stripe")
    old = WebhookSignature.generate_signature_header(callback.request.body.decode(), "whsec_old", int(NOW.timestamp()))
    both = headers_of(callback.request)["Stripe-Signature"] + "," + old.split(",")[1]
    request = msgspec.structs.replace(callback.request, headers=((b"Stripe-Signature", both.encode()),))

    assert isinstance(callback.verify(request=request), Verified)
    assert stripe(callback, request)


@pytest.mark.parametrize("token", ["the-token", "another"])
def test_a_token_of_gitlab_is_accepted_if_its_library_accepts_it(token: str) -> None:
    headers = {"x-gitlab-token": token, "x-gitlab-event": "Push Hook", "content-type": "application/json"}
    request = received(headers, b'{"object_kind": "push"}')

    result = verify(find_provider("gitlab"), request, [Secret("the-token")], options={})

    assert isinstance(result, Verified) is is_token_of_gitlab(headers, request.body, secret="the-token")


def is_token_of_gitlab(headers: dict[str, str], body: bytes, *, secret: str) -> bool:
    try:
        GitLabEvent.from_http(headers, body, secret=secret)
    except GitLabValidationFailure:
        return False
    return True
