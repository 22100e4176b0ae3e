from datetime import UTC, datetime
from itertools import combinations

import pytest

from ninefold.systems.callbacks.rules.deduplication import dedupe_digests
from ninefold.systems.callbacks.verification import ReceivedRequest, Verified


def digests(
    event_id: str | None, *, body: bytes = b"{}", query: str = "", method: str = "POST", is_replay_protected: bool
) -> set[bytes]:
    request = ReceivedRequest(
        method=method,
        url="https://hooks.example.com/in/x",
        path="/in/x",
        query=query,
        headers=((b"x-time", b"now"),),
        body=body,
        received_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    verified = Verified(event_id=event_id, event_type=None, secret_index=0)
    return set(dedupe_digests(verified, request, is_replay_protected=is_replay_protected))


@pytest.mark.parametrize("is_protected", [True, False])
def test_the_same_id_is_the_same_callback(*, is_protected: bool) -> None:
    first, second = [digests("evt_1", body=body, is_replay_protected=is_protected) for body in (b"1", b"2")]

    assert first & second


def test_another_id_is_another_callback_only_if_the_provider_prevents_replays() -> None:
    protected, unprotected = [
        [digests(event_id, is_replay_protected=is_protected) for event_id in ("evt_1", "evt_2")]
        for is_protected in (True, False)
    ]

    assert not protected[0] & protected[1]
    assert unprotected[0] & unprotected[1]


def test_without_an_id_the_content_identifies_a_callback() -> None:
    different = [
        digests(None, is_replay_protected=True),
        digests(None, body=b"1", is_replay_protected=True),
        digests(None, query="a=1", is_replay_protected=True),
        digests(None, method="PUT", is_replay_protected=True),
        digests("{}", is_replay_protected=True),
    ]

    assert all(not first & second for first, second in combinations(different, 2))
    assert different[0] == digests(None, is_replay_protected=True)


def test_parts_cannot_be_shifted_between_query_and_body() -> None:
    assert not digests(None, query="a", body=b"bc", is_replay_protected=True) & digests(
        None, query="ab", body=b"c", is_replay_protected=True
    )
