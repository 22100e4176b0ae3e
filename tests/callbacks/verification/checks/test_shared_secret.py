import base64

import msgspec
import pytest

from callbacks.verification.received import URL, received
from ninefold.systems.callbacks.verification import Rejected, Secret, Verified, find_provider, verify


def reason(
    provider: str, headers: dict[str, str], *, secret: str = "k", url: str = URL, options: dict[str, str]
) -> str | None:
    result = verify(find_provider(provider), received(headers, url=url), [Secret(secret)], options=options)
    return result.reason if isinstance(result, Rejected) else None


def basic(credentials: bytes, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(credentials).decode()}"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (basic(b"u:k"), None),
        (basic(b"u:k", "bAsIc"), None),
        (basic(b"u:k "), "credential_mismatch"),
        (basic(b"U:k"), "credential_mismatch"),
        (basic(b"u:"), "credential_mismatch"),
        (basic(b"u"), "credential_mismatch"),
        (basic(b""), "header_malformed"),
        (basic(b"\xff\xfe"), "credential_mismatch"),
        (basic(b"u:k", "Bearer"), "header_malformed"),
        ({"Authorization": "Basic"}, "header_malformed"),
        ({"Authorization": "Basic ***"}, "header_malformed"),
        ({}, "header_missing"),
    ],
)
def test_basic_needs_the_user_name_and_the_password(headers: dict[str, str], expected: str | None) -> None:
    assert reason("basic", headers, options={"username": "u"}) == expected


@pytest.mark.parametrize(
    ("headers", "options", "expected"),
    [
        ({"X-API-Key": "k"}, {}, None),
        ({"X-API-Key": "K"}, {}, "credential_mismatch"),
        ({"X-API-Key": ""}, {}, "credential_mismatch"),
        ({"X-Key": "k"}, {"header": "x-key"}, None),
        ({"Authorization": "Bearer k"}, {"header": "Authorization", "prefix": "Bearer "}, None),
        ({"Authorization": "Token k"}, {"header": "Authorization", "prefix": "Bearer "}, "header_malformed"),
        ({"X-API-Key": "k"}, {"header": "X-Other"}, "header_missing"),
    ],
)
def test_an_api_key_is_in_its_header(headers: dict[str, str], options: dict[str, str], expected: str | None) -> None:
    assert reason("api_key", headers, options=options) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("key=k", None),
        ("a=1&key=%6B", None),
        ("key=x", "credential_mismatch"),
        ("key=", "credential_mismatch"),
        ("", "credential_missing"),
        ("key=k&key=k", "credential_missing"),
        ("&".join(["a=1"] * 1_001) + "&key=k", "credential_missing"),
    ],
)
def test_an_api_key_can_be_in_the_query(query: str, expected: str | None) -> None:
    options = {"query_parameter": "key"}

    assert reason("api_key", {"X-API-Key": "k"}, url=f"{URL}?{query}", options=options) == expected


def test_a_repeated_credential_is_refused() -> None:
    request = msgspec.structs.replace(received(), headers=((b"X-API-Key", b"other"), (b"X-API-Key", b"k")))

    result = verify(find_provider("api_key"), request, [Secret("k")], options={})

    assert not isinstance(result, Verified)
    assert result.reason == "header_repeated"
