import msgspec
import pytest

from callbacks.verification.genuine import callback_of
from callbacks.verification.received import received
from callbacks.verification.signing import hmac_hex
from ninefold.systems.callbacks.verification import Rejected, Secret, Verified, find_provider, verify

OTHER_SCHEMES = {
    "github": {"header": "X-Hub-Signature-256", "prefix": "sha256="},
    "typeform": {"header": "typeform-signature", "prefix": "sha256=", "encoding": "base64"},
    "stripe": {
        "header": "Stripe-Signature",
        "prefix": "v1=",
        "separator": ",",
        "timestamp_item": "t=",
        "signed_content": "{timestamp}.{body}",
    },
    "slack": {
        "header": "X-Slack-Signature",
        "prefix": "v0=",
        "timestamp_header": "X-Slack-Request-Timestamp",
        "signed_content": "v0:{timestamp}:{body}",
    },
    "zendesk": {
        "header": "X-Zendesk-Webhook-Signature",
        "encoding": "base64",
        "timestamp_header": "X-Zendesk-Webhook-Signature-Timestamp",
        "timestamp_unit": "iso8601",
        "signed_content": "{timestamp}{body}",
    },
    "square": {"header": "x-square-hmacsha256-signature", "encoding": "base64", "signed_content": "{url}{body}"},
}


@pytest.mark.parametrize("name", OTHER_SCHEMES)
def test_options_can_describe_the_scheme_of_another_provider(name: str) -> None:
    callback = callback_of(name)
    options = {**OTHER_SCHEMES[name], "event_id": "{json id}"}
    provider = find_provider("hmac")

    result = verify(provider, callback.request, callback.secrets, options=options)
    changed = verify(provider, msgspec.structs.replace(callback.request, body=b"{}"), callback.secrets, options=options)

    assert isinstance(result, Verified)
    assert isinstance(changed, Rejected)
    assert changed.reason == "signature_mismatch"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"header": "two words"},
        {"header": "X-Sig", "algorithm": "md5"},
        {"header": "X-Sig", "algorithm": "ed25519x"},
        {"header": "X-Sig", "encoding": "base32"},
        {"header": "X-Sig", "signed_content": "{timestamp}{body}"},
        {"header": "X-Sig", "signed_content": "{json a}{body}"},
        {"header": "X-Sig", "timestamp_header": "X-Time"},
        {"header": "X-Sig", "event_id": "{"},
        {
            "header": "X-Sig",
            "timestamp_header": "X-Time",
            "timestamp_item": "t=",
            "signed_content": "{timestamp}{body}",
        },
        {"header": "X-Sig", "timestamp_item": "t=", "signed_content": "{timestamp}{body}", "tolerance_s": "soon"},
        {"header": "X-Sig", "timestamp_item": "t=", "signed_content": "{timestamp}{body}", "tolerance_s": "86401"},
    ],
)
def test_malformed_options_verify_nothing(options: dict[str, str]) -> None:
    request = received({"X-Sig": hmac_hex(b"x", "k"), "X-Time": "1785585600"}, b"x")

    result = verify(find_provider("hmac"), request, [Secret("k")], options=options)

    assert isinstance(result, Rejected)
    assert result.reason == "option_malformed"


def test_the_tolerance_is_that_of_the_options() -> None:
    callback = callback_of("stripe")
    options = {**OTHER_SCHEMES["stripe"], "tolerance_s": "1"}
    later = msgspec.structs.replace(
        callback.request,
        received_at=callback.request.received_at.replace(second=callback.request.received_at.second + 2),
    )

    result = verify(find_provider("hmac"), later, callback.secrets, options=options)

    assert isinstance(result, Rejected)
    assert result.reason == "timestamp_too_old"
