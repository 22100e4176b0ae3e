"""What organisations may use of something that they share."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.queue.fair_share import FairShare

A, B, C = (UUID(int=number) for number in (1, 2, 3))


def use_all(share: FairShare, *organisations: UUID) -> list[int]:
    """Let organisations take one after another, in turn, until none may; return what each has."""
    used = dict.fromkeys(organisations, 0)
    while takers := [each for each in organisations if share.room(each)]:
        for each in takers:
            if share.room(each):
                share.take(each)
                used[each] += 1
    return list(used.values())


@pytest.mark.parametrize(
    ("multiple", "organisations", "each"),
    [(4.0, 1, 2000), (4.0, 2, 1111), (4.0, 10, 244), (0.25, 1, 500), (0.25, 4, 313), (1.0, 1, 1250)],
)
def test_greedy_organisations_get_as_much_each_and_leave_something(
    multiple: float, organisations: int, each: int
) -> None:
    share = FairShare(2500, multiple=multiple)
    used = use_all(share, *(UUID(int=number + 1) for number in range(organisations)))
    assert used == pytest.approx([each] * organisations, abs=2)
    assert share.free > 0
    assert share.used == sum(used)


def test_the_next_one_always_finds_room() -> None:
    share = FairShare(2500, multiple=4.0)
    use_all(share, A, B)
    assert share.room(A) == share.room(B) == 0
    assert share.room(C) > 200


def test_what_is_reserved_is_there_for_those_who_come_last() -> None:
    share = FairShare(3000, multiple=4.0, reserved=500, guaranteed=8)
    organisations = [UUID(int=number + 1) for number in range(60)]
    used = [use_all(share, organisation_id)[0] for organisation_id in organisations]
    assert used[:3] == [2000, 400, 80]
    assert used[10:] == [8] * 50


def test_when_nothing_is_left_the_next_that_is_given_back_is_for_those_who_have_least() -> None:
    share = FairShare(30, multiple=4.0, reserved=5, guaranteed=1)
    used = {number: use_all(share, UUID(int=number))[0] for number in range(1, 20)}
    assert share.free == 0
    assert (used[1], used[19]) == (20, 0)
    share.give_back(UUID(int=1))
    assert (share.room(UUID(int=1)), share.room(UUID(int=19))) == (0, 1)


def test_what_one_gives_back_another_may_take() -> None:
    share = FairShare(100, multiple=4.0)
    use_all(share, A)
    use_all(share, B)
    assert share.room(B) == 0
    share.give_back(A, 40)
    assert share.room(B) > 0


@pytest.mark.parametrize("maximum", [1, 2, 3])
def test_the_smallest_bound_lets_one_work_alone(maximum: int) -> None:
    share = FairShare(maximum, multiple=4.0)
    assert use_all(share, A) == [maximum]
    assert share.room(B) == 0


@given(
    maximum=st.integers(1, 5000),
    multiple=st.sampled_from([0.25, 1.0, 4.0]),
    reserved_ratio=st.sampled_from([0.0, 0.2, 1.0]),
    guaranteed=st.integers(0, 20),
    steps=st.lists(st.tuples(st.sampled_from([A, B, C]), st.booleans()), max_size=60),
)
def test_room_is_what_one_could_take_one_by_one_and_never_more_than_there_is(
    maximum: int, multiple: float, reserved_ratio: float, guaranteed: int, steps: list[tuple[UUID, bool]]
) -> None:
    share = FairShare(maximum, multiple=multiple, reserved=int(maximum * reserved_ratio), guaranteed=guaranteed)
    held: list[tuple[UUID, int]] = []
    for organisation_id, takes in steps:
        if not takes and held:
            share.give_back(*held.pop())
            continue
        room = share.room(organisation_id)
        for step in range(room):
            assert share.room(organisation_id) == room - step
            share.take(organisation_id)
        if room:
            held.append((organisation_id, room))
        assert share.room(organisation_id) == 0
        assert share.free >= 0
    for organisation_id, amount in held:
        share.give_back(organisation_id, amount)
    assert (share.free, share.used) == (maximum, 0)
