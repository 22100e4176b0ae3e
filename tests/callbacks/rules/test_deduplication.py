from datetime import UTC, datetime
from itertools import combinations

import pytest

from ninefold.core.ids import new_id
from ninefold.systems.callbacks.rules.deduplication import dedupe_digests, find_firsts
from ninefold.systems.callbacks.verification import ReceivedRequest, Verified


def digests(
    event_id: str | None,
    *,
    body: bytes = b"{}",
    query: str = "",
    method: str = "POST",
    event_type: str | None = None,
    is_id_proven: bool,
    has_types_of_same_content: bool = False,
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
    verified = Verified(event_id=event_id, event_type=event_type, secret_index=0, is_id_proven=is_id_proven)
    return set(dedupe_digests(verified, request, has_types_of_same_content=has_types_of_same_content))


@pytest.mark.parametrize("is_protected", [True, False])
def test_the_same_id_is_the_same_callback(*, is_protected: bool) -> None:
    first, second = [digests("evt_1", body=body, is_id_proven=is_protected) for body in (b"1", b"2")]

    assert first & second


def test_another_id_is_another_callback_only_if_the_id_is_proven() -> None:
    protected, unprotected = [
        [digests(event_id, is_id_proven=is_protected) for event_id in ("evt_1", "evt_2")]
        for is_protected in (True, False)
    ]

    assert not protected[0] & protected[1]
    assert unprotected[0] & unprotected[1]


def test_without_an_id_the_content_identifies_a_callback() -> None:
    different = [
        digests(None, is_id_proven=True),
        digests(None, body=b"1", is_id_proven=True),
        digests(None, query="a=1", is_id_proven=True),
        digests(None, method="PUT", is_id_proven=True),
        digests("{}", is_id_proven=True),
    ]

    assert all(not first & second for first, second in combinations(different, 2))
    assert different[0] == digests(None, is_id_proven=True)


def test_parts_cannot_be_shifted_between_query_and_body() -> None:
    assert not digests(None, query="a", body=b"bc", is_id_proven=True) & digests(
        None, query="ab", body=b"c", is_id_proven=True
    )


@pytest.mark.parametrize("is_different", [True, False])
def test_another_type_is_another_callback_only_if_the_provider_says_so(*, is_different: bool) -> None:
    created, paid = [
        digests(f"1:{event_type}", event_type=event_type, is_id_proven=False, has_types_of_same_content=is_different)
        for event_type in ("orders/create", "orders/paid")
    ]

    assert (not created & paid) is is_different


def test_a_duplicate_gets_no_keys() -> None:
    first, repeated, genuine, again = new_id(), new_id(), new_id(), new_id()
    keys_of = {
        repeated: ["content of first", "id of genuine"],
        genuine: ["id of genuine", "content of genuine"],
        again: ["id of genuine"],
    }

    duplicates, owners = find_firsts(keys_of, known={"content of first": first})

    assert duplicates == {repeated: first, again: genuine}
    assert owners == {
        "content of first": first,
        "id of genuine": genuine,
        "content of genuine": genuine,
    }
