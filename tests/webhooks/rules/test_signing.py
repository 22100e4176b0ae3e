"""Signatures, compared with the official library of Standard Webhooks."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ninefold.systems.webhooks.model import SigningSecret
from ninefold.systems.webhooks.rules.signing import (
    KEY_BYTES,
    active_keys,
    format_secret,
    sign,
    sign_as_stripe,
    signed_content,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(range(KEY_BYTES))
OTHER_KEY = bytes(reversed(KEY))
MESSAGE_ID = "evt_01h455vb4pex5vsknk084sn02q"
PAYLOAD = '{"z":1.0,"naïve":"日本","e":1e3}'.encode()

keys = st.binary(min_size=24, max_size=64)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def headers(signature: bytes, *, timestamp: bytes) -> dict[str, str]:
    return {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": timestamp.decode(),
        "webhook-signature": signature.decode(),
    }


def sign_now(*signing_keys: bytes, payload: bytes = PAYLOAD) -> dict[str, str]:
    timestamp = b"%d" % datetime.now(UTC).timestamp()
    content = signed_content(message_id=MESSAGE_ID.encode(), timestamp=timestamp, payload=payload)
    signature = sign(signing_keys, content)
    return headers(signature, timestamp=timestamp)


def test_a_secret_has_the_form_that_verification_libraries_take() -> None:
    secret = format_secret(KEY)

    assert secret == "whsec_" + base64.b64encode(KEY).decode()
    assert Webhook(secret).sign(MESSAGE_ID, NOW, "{}") == Webhook(KEY).sign(MESSAGE_ID, NOW, "{}")


def test_the_example_of_the_standard_has_its_signature() -> None:
    # The example in the reference implementations of Standard Webhooks.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    content = signed_content(
        message_id=b"msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=b"1614265330",
        payload=b'{"test": 2432232314}',
    )

    assert sign([key], content) == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(key=keys, payload=texts, seconds=st.integers(min_value=0, max_value=4_000_000_000))
def test_a_signature_is_the_same_as_that_of_the_official_library(key: bytes, payload: str, seconds: int) -> None:
    theirs = Webhook(key).sign(MESSAGE_ID, datetime.fromtimestamp(seconds, tz=UTC), payload)
    content = signed_content(message_id=MESSAGE_ID.encode(), timestamp=b"%d" % seconds, payload=payload.encode())

    assert sign([key], content) == theirs.encode()


def test_the_official_library_accepts_what_we_sign() -> None:
    Webhook(format_secret(KEY)).verify(PAYLOAD, sign_now(KEY))


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_each_of_several_keys_verifies(key: bytes) -> None:
    signed = sign_now(KEY, OTHER_KEY)

    assert len(signed["webhook-signature"].split(" ")) == 2
    Webhook(format_secret(key)).verify(PAYLOAD, signed)


@pytest.mark.parametrize(
    ("payload", "key"),
    [(PAYLOAD + b" ", KEY), (PAYLOAD.replace(b"1.0", b"1.1"), KEY), (PAYLOAD, OTHER_KEY)],
)
def test_a_changed_payload_or_another_key_is_refused(payload: bytes, key: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(format_secret(key)).verify(payload, sign_now(KEY))


def test_another_message_id_is_refused() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(format_secret(KEY)).verify(PAYLOAD, {**sign_now(KEY), "webhook-id": "evt_other"})


@pytest.mark.parametrize(
    ("expires_in", "is_active"),
    [(None, True), (timedelta(hours=24), True), (timedelta(microseconds=1), True), (timedelta(0), False)],
)
def test_a_key_signs_until_it_expires(expires_in: timedelta | None, *, is_active: bool) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    secret = SigningSecret(key=KEY, expires_at=expires_at)

    assert active_keys([secret], now=NOW) == ([KEY] if is_active else [])


def test_active_keys_keep_their_order() -> None:
    secrets = [
        SigningSecret(key=KEY, expires_at=None),
        SigningSecret(key=b"past", expires_at=NOW - timedelta(seconds=1)),
        SigningSecret(key=OTHER_KEY, expires_at=NOW + timedelta(seconds=1)),
    ]

    assert active_keys(secrets, now=NOW) == [KEY, OTHER_KEY]


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_stripes_own_code_accepts_each_key_of_a_stripe_signature(key: bytes) -> None:
    timestamp = b"%d" % datetime.now(UTC).timestamp()
    signature = sign_as_stripe([KEY, OTHER_KEY], timestamp=timestamp, payload=PAYLOAD).decode()

    event = stripe.WebhookSignature.verify_header(PAYLOAD.decode(), signature, format_secret(key), tolerance=300)

    assert event is True
