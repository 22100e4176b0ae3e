import hashlib

import pytest
from twilio.request_validator import RequestValidator

from callbacks.verification.genuine import callback_of
from callbacks.verification.received import URL, received
from ninefold.systems.callbacks.verification import Rejected, Secret, find_provider, verify

FORM = "application/x-www-form-urlencoded"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


def reason(headers: dict[str, str], body: bytes, *, url: str = URL, public_urls: tuple[str, ...] = ()) -> str | None:
    request = received(headers, body, url=url)
    result = verify(find_provider("twilio"), request, [Secret("k")], options={}, public_urls=public_urls)
    return result.reason if isinstance(result, Rejected) else None


def signed(url: str, fields: dict[str, str], content_type: str = FORM) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator("k").compute_signature(url, fields), "Content-Type": content_type}


@pytest.mark.parametrize(
    "signed_url",
    [
        "https://hooks.example.com/in/src_1",
        "https://hooks.example.com:443/in/src_1",
        "https://hooks.example.com:8443/in/src_1",
    ],
)
@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_the_port_of_the_url_makes_no_difference(signed_url: str, port: str) -> None:
    url = f"https://hooks.example.com{port}/in/src_1"
    is_same = RequestValidator("k").validate(url, {"A": "1"}, signed(signed_url, {"A": "1"})["X-Twilio-Signature"])

    assert (reason(signed(signed_url, {"A": "1"}), b"A=1", url=url) is None) is is_same


@pytest.mark.parametrize("url", ["http://http/in/x", "https://[2001:db8::1]/in/x", "https://[2001:db8::1]:8443/in/x"])
def test_unusual_hosts_are_signed_as_they_are(url: str) -> None:
    assert reason(signed(url, {"A": "1"}), b"A=1", url=url) is None


def test_a_public_url_is_tried() -> None:
    public = "https://shop.example/twilio"

    assert reason(signed(public, {"A": "1"}), b"A=1") == "signature_mismatch"
    assert reason(signed(public, {"A": "1"}), b"A=1", public_urls=(public,)) is None


def test_a_body_that_nothing_covers_is_refused() -> None:
    assert reason(signed(URL, {}, "application/json"), b"") is None
    assert reason(signed(URL, {}, "application/json"), b"{}") == "signature_mismatch"
    assert reason({**signed(URL, {}), "Content-Type": ""}, b"A=1") == "signature_mismatch"


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"", "application/json"), (b"", FORM), (b"{}", ""), (b"A=1", FORM)]
)
def test_a_signed_digest_must_be_that_of_the_body(body: bytes, content_type: str) -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(b'genuine').hexdigest()}"

    assert reason(signed(url, {}, content_type), body, url=url) == "signature_mismatch"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("key=k1,algorithm=HMAC_SHA256", None),
        ("algorithm=hmac_sha256", None),
        ("key=k1,algorithm=HMAC_SHA1", "signature_mismatch"),
        ("key=k1,algorithm=none", "header_malformed"),
        ("key=k1", "header_malformed"),
        ("", "header_malformed"),
    ],
)
def test_the_request_says_which_algorithm_signed_it(settings: str, expected: str | None) -> None:
    callback = callback_of("twilio-json")
    headers = {name.decode(): value.decode() for name, value in callback.request.headers} | {SETTINGS: settings}
    request = received(headers, callback.request.body, url=callback.request.url)

    result = callback.verify(request=request)

    assert (result.reason if isinstance(result, Rejected) else None) == expected


@pytest.mark.parametrize("body", [b"\xff=1", b"&".join([b"a=1"] * 1_001)])
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    assert reason(signed(URL, {}), body) == "body_malformed"
