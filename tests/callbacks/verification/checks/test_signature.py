import base64

import msgspec
import pytest

from callbacks.verification.genuine import callback_of
from callbacks.verification.received import URL, received
from callbacks.verification.signing import ED25519_KEY, SECONDS, hmac_base64, hmac_hex, to_json
from ninefold.systems.callbacks.verification import Rejected, Secret, Verified, find_provider, verify


def result_of(
    provider: str, headers: list[tuple[str, str]], body: bytes, secret: str, **options: str
) -> Verified | Rejected:
    request = msgspec.structs.replace(
        received({}, body), headers=tuple((name.encode(), value.encode()) for name, value in headers)
    )
    return verify(find_provider(provider), request, [Secret(secret)], options=options)


def reason(result: Verified | Rejected) -> str | None:
    return result.reason if isinstance(result, Rejected) else None


def test_one_matching_signature_of_several_headers_is_enough() -> None:
    good = f"sha256={hmac_hex(b'x', 'k')}"
    for headers in ([good, "sha256=00"], ["sha256=00", good], [good, good], ["sha1=00", good]):
        result = result_of("github", [("X-Hub-Signature-256", value) for value in headers], b"x", "k")
        assert isinstance(result, Verified)


def test_too_many_signatures_are_refused() -> None:
    good = f"v1={hmac_hex(b'x', 'k')}"

    assert reason(result_of("pagerduty", [("X-PagerDuty-Signature", ",".join([good] * 20))], b"x", "k")) is None
    result = result_of("pagerduty", [("X-PagerDuty-Signature", ",".join([good] * 21))], b"x", "k")
    assert reason(result) == "header_malformed"


def test_a_signature_of_an_older_version_doesnt_count() -> None:
    callback = callback_of("stripe")
    header = callback.request.header_values("Stripe-Signature")[0].replace(b"v1=", b"v0=")

    result = callback.verify(
        request=msgspec.structs.replace(callback.request, headers=((b"Stripe-Signature", header),))
    )

    assert reason(result) == "header_malformed"


@pytest.mark.parametrize("item", ["t=1", f"t={SECONDS}"])
def test_two_times_in_one_header_are_refused(item: str) -> None:
    callback = callback_of("stripe")
    header = callback.request.header_values("Stripe-Signature")[0] + b"," + item.encode()

    result = callback.verify(
        request=msgspec.structs.replace(callback.request, headers=((b"Stripe-Signature", header),))
    )

    assert reason(result) == "header_malformed"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_signed_header_must_be_there_exactly_once(name: str) -> None:
    callback = callback_of("standard_webhooks-v1")
    headers = callback.request.headers
    without = tuple(header for header in headers if header[0] != name.encode())

    missing = callback.verify(request=msgspec.structs.replace(callback.request, headers=without))
    repeated = callback.verify(request=msgspec.structs.replace(callback.request, headers=(*headers, *headers)))

    assert (reason(missing), reason(repeated)) == ("header_missing", "header_repeated")


@pytest.mark.parametrize(("name", "header"), [("svix-webhook", "svix-id"), ("gitlab-signed", "Idempotency-Key")])
def test_the_id_is_the_one_that_is_signed(name: str, header: str) -> None:
    callback = callback_of(name)
    headers = ((header.encode(), b"another"), *callback.request.headers)

    result = callback.verify(request=msgspec.structs.replace(callback.request, headers=headers))

    assert isinstance(result, Verified)
    assert result.event_id == "m1"


def test_a_public_key_is_never_a_shared_secret() -> None:
    public_key = bytes(ED25519_KEY.verify_key)
    text = "whpk_" + base64.b64encode(public_key).decode()
    content = f"m1.{SECONDS}.{{}}".encode()
    for key in (public_key.decode("latin-1"), text, text.removeprefix("whpk_")):
        forged = hmac_base64(content, key)
        headers = [("webhook-id", "m1"), ("webhook-timestamp", SECONDS), ("webhook-signature", f"v1,{forged}")]
        assert isinstance(result_of("standard_webhooks", headers, b"{}", text), Rejected)


def test_a_signing_token_is_never_a_plain_token() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()

    result = result_of("gitlab", [("X-Gitlab-Token", secret)], b"{}", secret)

    assert reason(result) == "header_missing"


def test_the_reason_is_of_the_scheme_where_the_request_came_furthest() -> None:
    callback = callback_of("svix-svix")

    result = callback.verify(request=msgspec.structs.replace(callback.request, body=b"{}"))

    assert reason(result) == "signature_mismatch"


def test_either_of_two_headers_with_different_keys_is_enough() -> None:
    signed = {"client": hmac_base64(b"{}", "client"), "consumer": hmac_base64(b"{}", "consumer")}
    headers = [
        ("X-Twitter-Webhooks-Signature-OAuth2", f"sha256={signed['client']}"),
        ("X-Twitter-Webhooks-Signature", f"sha256={signed['consumer']}"),
    ]

    assert isinstance(result_of("x", headers, b"{}", "client"), Verified)
    assert isinstance(result_of("x", headers, b"{}", "consumer"), Verified)
    assert reason(result_of("x", headers, b"{}", "other")) == "signature_mismatch"


def test_a_public_url_is_tried_with_the_query_that_was_received() -> None:
    body = to_json(type="payment.created")
    public = "https://shop.example/callbacks/square"
    signature = {"x-square-hmacsha256-signature": hmac_base64(f"{public}?a=1".encode() + body, "k")}
    request = received(signature, body, url=f"{URL}?a=1")
    provider = find_provider("square")

    assert reason(verify(provider, request, [Secret("k")], options={})) == "signature_mismatch"
    urls = ["https://other.example/", public]
    assert isinstance(verify(provider, request, [Secret("k")], options={}, public_urls=urls), Verified)


def test_hubspot_signs_the_url_with_some_characters_decoded() -> None:
    url = f"{URL}?a=%3A%2f%40&b=%20%C3%A4"
    decoded = f"{URL}?a=:/@&b=%20%C3%A4"
    signature = hmac_base64(f"POST{decoded}[]{SECONDS}000".encode(), "k")
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": f"{SECONDS}000"}

    result = verify(find_provider("hubspot"), received(headers, b"[]", url=url), [Secret("k")], options={})

    assert isinstance(result, Verified)


@pytest.mark.parametrize(
    "document", [{}, {"webhookTimestamp": None}, {"webhookTimestamp": [1]}, {"webhookTimestamp": True}]
)
def test_a_time_that_is_missing_in_the_body_is_refused(document: dict[str, object]) -> None:
    body = to_json(**document)

    result = result_of("linear", [("Linear-Signature", hmac_hex(body, "k"))], body, "k")

    assert reason(result) == "body_malformed"
