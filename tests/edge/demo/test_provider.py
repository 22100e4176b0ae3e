from collections import Counter
from datetime import UTC, datetime

from ninefold.edge.demo.payloads import Payload
from ninefold.edge.demo.provider import Kind, make_calls
from ninefold.systems.callbacks.verification import ReceivedRequest, Secret, Verified, find_provider, verify

SECRET = "the demo's"
PAYLOADS = [Payload(event_type=f"github.{name}", body=b'{"name":"%b"}' % name.encode()) for name in ("push", "ping")]
CALLS = make_calls(PAYLOADS, secret=SECRET, count=40)


def is_verified(signature: str, body: bytes) -> bool:
    request = ReceivedRequest(
        method="POST",
        url="https://hooks.example.com/in/x",
        path="/in/x",
        query="",
        headers=((b"x-hub-signature-256", signature.encode()),),
        body=body,
        received_at=datetime.now(UTC),
    )
    return isinstance(verify(find_provider("github"), request, [Secret(SECRET)], options={}), Verified)


def test_there_are_calls_of_each_kind() -> None:
    assert Counter(call.kind for call in CALLS) == {
        Kind.GENUINE: 40,
        Kind.FORGED: 3,
        Kind.REPEATED: 3,
        Kind.TRUNCATED: 2,
        Kind.REPLAYED: 2,
    }


def test_no_two_genuine_calls_have_the_same_body() -> None:
    assert len({call.body for call in CALLS if call.kind is Kind.GENUINE}) == 40


def test_exactly_the_forged_and_truncated_ones_have_a_wrong_signature() -> None:
    wrong = {call.kind for call in CALLS if not is_verified(call.signature, call.body)}
    right = {call.kind for call in CALLS if is_verified(call.signature, call.body)}

    assert (wrong, right) == ({Kind.FORGED, Kind.TRUNCATED}, {Kind.GENUINE, Kind.REPEATED, Kind.REPLAYED})
