from datetime import UTC, datetime

import msgspec

from ninefold.systems.callbacks.verification import (
    ReceivedRequest,
    Rejected,
    Secret,
    Verified,
    find_provider,
    verify,
)

# The example of GitHub's page "Validating webhook deliveries", section "Testing the webhook payload validation".
SECRET = Secret("It's a Secret to Everybody")
REQUEST = ReceivedRequest(
    method="POST",
    url="https://hooks.example.com/in/src_1",
    path="/in/src_1",
    query="",
    headers=(
        (b"x-hub-signature-256", b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        (b"x-github-delivery", b"72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        (b"x-github-event", b"ping"),
    ),
    body=b"Hello, World!",
    received_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_the_example_of_the_documentation_is_verified() -> None:
    result = verify(find_provider("github"), REQUEST, [Secret("an older one"), SECRET], options={})

    assert result == Verified(event_id="72d3162e-cc78-11e3-81ab-4c9367dc0958", event_type="ping", secret_index=1)


def test_another_body_is_rejected() -> None:
    request = msgspec.structs.replace(REQUEST, body=b"Hello, World?")

    result = verify(find_provider("github"), request, [SECRET], options={})

    assert isinstance(result, Rejected)
    assert result.reason == "signature_mismatch"
