"""What holds for the callbacks of every provider."""

import base64
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from callbacks.verification.genuine import CALLBACKS, name_of
from callbacks.verification.received import NOW
from callbacks.verification.signing import STANDARD_SECRET, Callback
from ninefold.systems.callbacks.verification import (
    ReceivedRequest,
    Rejected,
    Secret,
    Verified,
    find_problems,
    find_provider,
    list_providers,
)

every_callback = pytest.mark.parametrize("callback", CALLBACKS, ids=name_of)
every_signed_body = pytest.mark.parametrize("callback", [c for c in CALLBACKS if c.covers_body], ids=name_of)
every_signed_time = pytest.mark.parametrize("callback", [c for c in CALLBACKS if c.age_is_signed], ids=name_of)
every_secret = pytest.mark.parametrize("callback", [c for c in CALLBACKS if c.secret is not None], ids=name_of)

OTHER_SECRETS = {
    "discord": "ab" * 32,
    "standard_webhooks-v1a": "whpk_" + base64.b64encode(bytes([88, *bytes(31)])).decode(),
    "sendgrid": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj"
    "+y7GjUuFDb/R1NGe1OPzpA==",
}


def other_secret(callback: Callback) -> Secret:
    if callback.secret == STANDARD_SECRET:
        return Secret("whsec_" + base64.b64encode(b"x" * 24).decode())
    return Secret(OTHER_SECRETS.get(name_of(callback), "another secret"))


def without_header(request: ReceivedRequest, name: str) -> ReceivedRequest:
    headers = tuple((key, value) for key, value in request.headers if key.decode().lower() != name.lower())
    return msgspec.structs.replace(request, headers=headers)


def reason(result: Verified | Rejected) -> str | None:
    return result.reason if isinstance(result, Rejected) else None


def test_there_is_a_genuine_callback_of_every_provider() -> None:
    assert {callback.provider for callback in CALLBACKS} == {provider.name for provider in list_providers()}


@every_callback
def test_a_genuine_callback_is_verified(callback: Callback) -> None:
    index = None if callback.secret is None else 0

    verified = callback.verify()

    assert isinstance(verified, Verified)
    assert (verified.event_id, verified.event_type, verified.secret_index) == (
        callback.event_id,
        callback.event_type,
        index,
    )


@every_callback
def test_its_configuration_has_no_problem(callback: Callback) -> None:
    assert find_problems(find_provider(callback.provider), callback.secrets, callback.options) == []


@every_callback
def test_names_of_headers_have_no_case(callback: Callback) -> None:
    headers = tuple((name.upper(), value) for name, value in callback.request.headers)

    result = callback.verify(request=msgspec.structs.replace(callback.request, headers=headers))

    assert isinstance(result, Verified)


@every_secret
def test_each_of_several_secrets_is_tried(callback: Callback) -> None:
    result = callback.verify(secrets=[other_secret(callback), *callback.secrets])

    assert isinstance(result, Verified)
    assert result.secret_index == 1


@every_secret
def test_another_secret_is_rejected(callback: Callback) -> None:
    assert reason(callback.verify(secrets=[other_secret(callback)])) in {"signature_mismatch", "credential_mismatch"}


@every_callback
def test_no_secret_is_rejected(callback: Callback) -> None:
    options = {name: value for name, value in callback.options.items() if name != "jwks"}

    assert reason(callback.verify(secrets=[], options=options)) == "no_secret"


@every_secret
@pytest.mark.parametrize("text", ["", " \t\n"])
def test_an_empty_secret_is_rejected(callback: Callback, text: str) -> None:
    assert reason(callback.verify(secrets=[Secret(text)])) in {"secret_malformed", "header_missing", "header_malformed"}


@every_callback
def test_a_missing_proof_is_rejected(callback: Callback) -> None:
    result = callback.verify(request=without_header(callback.request, callback.proof_header))

    assert reason(result) == "header_missing"


@every_callback
@pytest.mark.parametrize(
    "value", [b"", b"x", b"v1=", b"sha256=zz", b"t=1,v1=\xff", b"\x00", b"Bearer a.b.c", b"Basic !"]
)
def test_a_malformed_proof_is_rejected(callback: Callback, value: bytes) -> None:
    request = without_header(callback.request, callback.proof_header)
    headers = (*request.headers, (callback.proof_header.encode(), value))

    result = callback.verify(request=msgspec.structs.replace(request, headers=headers))

    assert reason(result) in {"header_malformed", "signature_mismatch", "credential_mismatch"}


@every_callback
def test_a_proof_that_is_too_long_is_rejected(callback: Callback) -> None:
    request = without_header(callback.request, callback.proof_header)
    headers = (*request.headers, (callback.proof_header.encode(), b"a" * 10_000))

    result = callback.verify(request=msgspec.structs.replace(request, headers=headers))

    assert reason(result) == "header_malformed"


@every_signed_body
def test_every_changed_byte_of_the_body_is_rejected(callback: Callback) -> None:
    body = callback.request.body
    for position in range(len(body)):
        changed = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        result = callback.verify(request=msgspec.structs.replace(callback.request, body=changed))
        assert isinstance(result, Rejected), (position, changed)


@every_signed_body
@pytest.mark.parametrize(
    "change", [lambda body: body[:-1], lambda body: body + b" ", lambda _: b""], ids=["shorter", "longer", "empty"]
)
def test_a_body_of_another_length_is_rejected(callback: Callback, change: Callable[[bytes], bytes]) -> None:
    body = change(callback.request.body)

    assert isinstance(callback.verify(request=msgspec.structs.replace(callback.request, body=body)), Rejected)


@every_signed_time
@pytest.mark.parametrize(("hours", "expected"), [(1, "timestamp_too_old"), (-1, "timestamp_in_future")])
def test_a_callback_of_another_time_is_rejected(callback: Callback, hours: int, expected: str) -> None:
    request = msgspec.structs.replace(callback.request, received_at=NOW + timedelta(hours=hours))

    assert reason(callback.verify(request=request)) == expected


@every_signed_time
@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_small_difference_of_clocks_is_accepted(callback: Callback, seconds: int) -> None:
    request = msgspec.structs.replace(callback.request, received_at=NOW + timedelta(seconds=seconds))

    assert isinstance(callback.verify(request=request), Verified)


@every_callback
def test_no_detail_has_a_secret_or_a_signature(callback: Callback) -> None:
    proofs = [value.decode() for value in callback.request.header_values(callback.proof_header)]
    requests = [
        msgspec.structs.replace(callback.request, body=b"other"),
        msgspec.structs.replace(callback.request, received_at=NOW + timedelta(days=1)),
        without_header(callback.request, callback.proof_header),
    ]
    for request in requests:
        for secrets in (callback.secrets, [other_secret(callback)], [Secret("whsec_!malformed")]):
            result = callback.verify(request=request, secrets=secrets)
            text = result.detail if isinstance(result, Rejected) else ""
            assert not [each for each in [*proofs, *(secret.text for secret in secrets)] if each and each in text]
