import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec
import pytest
from slack_sdk.signature import SignatureVerifier

from callbacks.verification.genuine import CALLBACKS, callback_of, name_of
from callbacks.verification.received import NOW, URL, received
from callbacks.verification.signing import ED25519_KEY, SECONDS, TEXT_SECRET, Callback, hmac_base64, hmac_hex, to_json
from ninefold.systems.callbacks.verification import (
    Handshake,
    ReceivedRequest,
    Rejected,
    Secret,
    Verified,
    find_provider,
    handshake,
    verify,
)

SECRETS: Final = [Secret(TEXT_SECRET)]
META_OPTIONS: Final = {"verify_token": "chosen-by-the-user"}


def answer(
    provider: str, request: ReceivedRequest, secrets: Sequence[Secret] = SECRETS, options: dict[str, str] | None = None
) -> Handshake | None:
    return handshake(find_provider(provider), request, secrets, options=options or {})


def query_request(**parameters: str) -> ReceivedRequest:
    return received(method="GET", url=f"{URL}?{urlencode(parameters)}")


def slack_request(body: bytes, *, secret: str = TEXT_SECRET) -> ReceivedRequest:
    signature = SignatureVerifier(secret).generate_signature(timestamp=SECONDS, body=body)
    return received({"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": SECONDS}, body)


def discord_request(body: bytes, *, signature: str | None = None) -> ReceivedRequest:
    signed = ED25519_KEY.sign(SECONDS.encode() + body).signature.hex()
    return received({"X-Signature-Ed25519": signature or signed, "X-Signature-Timestamp": SECONDS}, body)


def zoom_request(body: bytes, *, secret: str = TEXT_SECRET) -> ReceivedRequest:
    signature = hmac_hex(b"v0:%b:%b" % (SECONDS.encode(), body), key=secret)
    return received({"x-zm-signature": f"v0={signature}", "x-zm-request-timestamp": SECONDS}, body)


@pytest.mark.parametrize("callback", CALLBACKS, ids=name_of)
def test_an_ordinary_callback_is_no_handshake(callback: Callback) -> None:
    provider = find_provider(callback.provider)

    assert handshake(provider, callback.request, callback.secrets, options=callback.options) is None


# Slack


def test_slack_gets_its_challenge() -> None:
    request = slack_request(to_json(type="url_verification", token="old", challenge="3eZbrw1aB"))

    result = answer("slack", request)

    assert result is not None
    assert (result.status, result.body, result.is_refusal) == (200, b"3eZbrw1aB", False)
    assert dict(result.headers)[b"content-type"].startswith(b"text/plain")


@pytest.mark.parametrize(
    "request_",
    [
        slack_request(to_json(type="url_verification", challenge="c"), secret="another"),
        slack_request(to_json(type="url_verification")),
        slack_request(to_json(type="url_verification", challenge=7)),
        slack_request(to_json(type="url_verification", challenge="c" * 1_001)),
        slack_request(to_json(type="url_verification", challenge="c", padding="p" * 65_536)),
        slack_request(b"{" * 100),
        received({}, to_json(type="url_verification", challenge="c")),
        msgspec.structs.replace(
            slack_request(to_json(type="url_verification", challenge="c")), received_at=NOW + timedelta(hours=1)
        ),
    ],
    ids=["forged", "no-challenge", "number", "long", "large", "no-json", "unsigned", "old"],
)
def test_slack_gets_no_challenge_if_anything_is_wrong(request_: ReceivedRequest) -> None:
    assert answer("slack", request_) is None


# Discord

DISCORD_SECRETS: Final = callback_of("discord").secrets


def test_discord_gets_a_pong_for_the_ping_of_interactions() -> None:
    result = answer("discord", discord_request(to_json(type=1, application_id="a")), DISCORD_SECRETS)

    assert result is not None
    assert (result.status, msgspec.json.decode(result.body)) == (200, {"type": 1})


def test_discord_gets_204_for_the_ping_of_events() -> None:
    result = answer("discord", discord_request(to_json(version=1, type=0)), DISCORD_SECRETS)

    assert result is not None
    assert (result.status, result.body, result.is_refusal) == (204, b"", False)


@pytest.mark.parametrize("body", [to_json(type=1), to_json(type=0), to_json(type=2), b"x"])
@pytest.mark.parametrize("signature", ["00" * 64, "zz", "00"])
def test_discord_sees_that_a_forged_request_is_refused(body: bytes, signature: str) -> None:
    result = answer("discord", discord_request(body, signature=signature), DISCORD_SECRETS)

    assert result is not None
    assert (result.status, result.is_refusal) == (401, True)


# Meta


def test_meta_gets_its_challenge() -> None:
    parameters = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "chosen-by-the-user"}

    result = answer("meta", query_request(**parameters), options=META_OPTIONS)

    assert result is not None
    assert (result.status, result.body) == (200, b"1158201444")


@pytest.mark.parametrize("token", ["", "other", "chosen-by-the-user "])
@pytest.mark.parametrize("options", [META_OPTIONS, {}])
def test_meta_is_refused_with_another_verify_token(token: str, options: dict[str, str]) -> None:
    parameters = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": token}

    result = answer("meta", query_request(**parameters), options=options)

    assert result is not None
    assert (result.status, result.body, result.is_refusal) == (403, b"", True)


def test_a_challenge_is_no_page_for_a_browser() -> None:
    parameters = {"hub.mode": "subscribe", "hub.challenge": "<script>", "hub.verify_token": "chosen-by-the-user"}

    result = answer("meta", query_request(**parameters), options=META_OPTIONS)

    assert result is not None
    assert dict(result.headers) == {
        b"content-type": b"text/plain; charset=utf-8",
        b"x-content-type-options": b"nosniff",
    }


# X


def test_x_gets_the_hmac_of_its_token() -> None:
    result = answer("x", query_request(crc_token="dGVzdA=="))

    expected = base64.b64encode(hmac.new(TEXT_SECRET.encode(), b"dGVzdA==", hashlib.sha256).digest()).decode()
    assert result is not None
    assert (result.status, msgspec.json.decode(result.body)) == (200, {"response_token": f"sha256={expected}"})


@pytest.mark.parametrize("name", [b"x-twitter-webhooks-signature", b"x-twitter-webhooks-signature-oauth2"])
def test_a_signed_challenge_of_x_is_answered_with_the_secret_that_fits(name: bytes) -> None:
    request = query_request(crc_token="abc", nonce="n")
    header = (name, b"sha256=" + hmac_base64(request.query.encode()).encode())
    request = msgspec.structs.replace(request, headers=(header,))

    result = answer("x", request, [Secret("another"), *SECRETS])

    assert result is not None
    assert msgspec.json.decode(result.body) == {"response_token": f"sha256={hmac_base64(b'abc')}"}


@pytest.mark.parametrize("token", ["", '{"data":{}}', "a b", "[]", "a" * 201, "ä", "a\n"])
def test_x_can_have_nothing_signed_that_could_be_a_callback(token: str) -> None:
    result = answer("x", query_request(crc_token=token))

    assert result is not None
    assert (result.status, result.body, result.is_refusal) == (403, b"", True)


def test_a_challenge_of_x_with_a_wrong_signature_is_refused() -> None:
    request = query_request(crc_token="abc")
    header = (b"x-twitter-webhooks-signature", b"sha256=" + hmac_base64(b"crc_token=other").encode())

    result = answer("x", msgspec.structs.replace(request, headers=(header,)))

    assert result is not None
    assert result.is_refusal


def test_a_challenge_of_x_without_a_secret_is_refused() -> None:
    result = answer("x", query_request(crc_token="abc"), [Secret(" ")])

    assert result is not None
    assert result.is_refusal


def test_the_answer_to_a_challenge_of_x_is_no_signature_of_a_callback() -> None:
    answered = answer("x", query_request(crc_token="12345"))
    assert answered is not None
    signature = msgspec.json.decode(answered.body)["response_token"]

    result = verify(
        find_provider("x"), received({"x-twitter-webhooks-signature": signature}, b"12345"), SECRETS, options={}
    )

    assert isinstance(result, Rejected)
    assert result.reason == "body_malformed"


# Zoom


def test_zoom_gets_the_answer_that_its_sdk_gives() -> None:
    """The SDK `@zoom/rivet` 0.4.0 answered this for the plain token of the example in Zoom's documentation."""
    secret = "zoom-secret-token"
    body = to_json(event="endpoint.url_validation", payload={"plainToken": "qgg8vlvZRS6UYooatFL8Aw"})

    result = answer("zoom", zoom_request(body, secret=secret), [Secret(secret)])

    assert result is not None
    assert msgspec.json.decode(result.body) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": "d9e0d764a78494688ba3f2d5c0ed4ca311394b4834d959759213424d2df961e3",
    }


def test_zoom_gets_its_token_encrypted() -> None:
    body = to_json(event="endpoint.url_validation", payload={"plainToken": "qgg8vlvZRS6UYooatFL8Aw"})

    result = answer("zoom", zoom_request(body), [Secret("another"), *SECRETS])

    assert result is not None
    assert msgspec.json.decode(result.body) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": hmac_hex(b"qgg8vlvZRS6UYooatFL8Aw"),
    }


@pytest.mark.parametrize(
    ("payload", "secret"),
    [
        ({"plainToken": "abc"}, "another"),
        ({"plainToken": f"v0:{SECONDS}:{{}}"}, TEXT_SECRET),
        ({"plainToken": 7}, TEXT_SECRET),
        ({}, TEXT_SECRET),
        (None, TEXT_SECRET),
    ],
)
def test_zoom_gets_nothing_if_anything_is_wrong(payload: object, secret: str) -> None:
    request = zoom_request(to_json(event="endpoint.url_validation", payload=payload), secret=secret)

    assert answer("zoom", request) is None


def test_the_answer_to_a_validation_of_zoom_is_no_signature_of_a_callback() -> None:
    answered = answer("zoom", zoom_request(to_json(event="endpoint.url_validation", payload={"plainToken": "abc"})))
    assert answered is not None
    signature = msgspec.json.decode(answered.body)["encryptedToken"]
    headers = {"x-zm-signature": f"v0={signature}", "x-zm-request-timestamp": SECONDS}

    assert not isinstance(verify(find_provider("zoom"), received(headers, b"abc"), SECRETS, options={}), Verified)
