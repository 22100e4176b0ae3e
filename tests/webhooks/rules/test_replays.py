"""What a replay does with each delivery: tables of candidates, subscriptions and room."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.replays import ReplayCandidate, ReplayTarget
from ninefold.systems.webhooks.rules.replays import (
    FINISHED,
    WAITING_MAX,
    WAITING_MIN,
    SkipReason,
    find_skip_reason,
    plan_batch,
    room_of,
)

FIRST, SECOND = UUID(int=1), UUID(int=2)


def candidate(
    number: int = 0,
    *,
    subscription_id: UUID = FIRST,
    status: DeliveryStatus = DeliveryStatus.FAILED,
    is_running: bool = False,
    event_type: str = "order.created",
) -> ReplayCandidate:
    return ReplayCandidate(
        delivery_id=UUID(int=100 + number),
        subscription_id=subscription_id,
        event_type=event_type,
        status=status,
        is_running=is_running,
        finished_at=datetime(2026, 1, 1, tzinfo=UTC),
        error_class="timeout",
    )


def target(
    *,
    event_types: Sequence[str] = ("*",),
    is_deleted: bool = False,
    rate_limit_per_s: float | None = None,
    waiting: int | None = 0,
) -> ReplayTarget:
    return ReplayTarget(
        subscription_id=FIRST,
        event_types=event_types,
        is_deleted=is_deleted,
        rate_limit_per_s=rate_limit_per_s,
        waiting=waiting,
    )


@pytest.mark.parametrize(
    ("found", "its_target", "statuses", "expected"),
    [
        (candidate(), target(), FINISHED, None),
        (candidate(status=DeliveryStatus.DELIVERED), target(), FINISHED, None),
        (candidate(status=DeliveryStatus.CANCELED), target(), FINISHED, None),
        (candidate(), None, FINISHED, SkipReason.SUBSCRIPTION_DELETED),
        (candidate(), target(is_deleted=True), FINISHED, SkipReason.SUBSCRIPTION_DELETED),
        (candidate(), target(event_types=["invoice.*"]), FINISHED, SkipReason.EVENT_TYPE_UNWANTED),
        (candidate(), target(event_types=["invoice.*", "order.*"]), FINISHED, None),
        (candidate(status=DeliveryStatus.RETRYING), target(), FINISHED, SkipReason.PENDING),
        (candidate(status=DeliveryStatus.WAITING), target(), FINISHED, SkipReason.PENDING),
        (candidate(status=DeliveryStatus.RETRYING, is_running=True), target(), FINISHED, SkipReason.RUNNING),
        (candidate(status=DeliveryStatus.DELIVERED), target(), [DeliveryStatus.FAILED], SkipReason.NOT_DEAD),
        (candidate(), target(waiting=None), FINISHED, None),
    ],
)
def test_a_delivery_is_skipped_for_a_reason(
    found: ReplayCandidate, its_target: ReplayTarget | None, statuses: Sequence[str], expected: SkipReason | None
) -> None:
    assert find_skip_reason(found, its_target, statuses=statuses) == expected


@pytest.mark.parametrize(
    ("its_target", "expected"),
    [
        (target(), 200),
        (target(waiting=150), 50),
        (target(waiting=200), 0),
        (target(waiting=300), 0),
        (target(waiting=None), None),
        (target(rate_limit_per_s=1_000), 2_000),
        (target(rate_limit_per_s=0.1), WAITING_MIN),
        (target(rate_limit_per_s=1e6), WAITING_MAX),
    ],
)
def test_a_subscription_has_room_for_what_it_takes_within_two_seconds(
    its_target: ReplayTarget, expected: int | None
) -> None:
    assert room_of(its_target, rate_limit_per_s=100) == expected


def test_a_batch_ends_at_the_first_delivery_without_room() -> None:
    candidates = [
        candidate(0),
        candidate(1, subscription_id=SECOND),
        candidate(2),
        candidate(3),
        candidate(4, subscription_id=SECOND),
    ]

    plan = plan_batch(
        candidates,
        is_wanted=lambda _: True,
        skip_reason=lambda _: None,
        rooms={FIRST: 2, SECOND: None},
        released_max=10,
    )

    assert (plan.decided, list(plan.released)) == (3, [each.delivery_id for each in candidates[:3]])


def test_what_is_skipped_or_unwanted_needs_no_room() -> None:
    reasons = {100: None, 101: SkipReason.NOT_DEAD, 102: SkipReason.NOT_DEAD, 103: None}
    candidates = [candidate(number) for number in range(4)]

    plan = plan_batch(
        candidates,
        is_wanted=lambda each: each.delivery_id.int != 103,
        skip_reason=lambda each: reasons[each.delivery_id.int],
        rooms={FIRST: 1},
        released_max=10,
    )

    assert (plan.decided, plan.skipped) == (4, {SkipReason.NOT_DEAD: 2})
    assert list(plan.released) == [UUID(int=100)]


@given(
    subscriptions=st.lists(st.sampled_from([FIRST, SECOND]), max_size=30),
    rooms=st.fixed_dictionaries({FIRST: st.none() | st.integers(0, 10), SECOND: st.none() | st.integers(0, 10)}),
    released_max=st.integers(1, 10),
)
def test_however_much_room_there_is_a_batch_is_a_prefix_that_fits(
    subscriptions: list[UUID], rooms: dict[UUID, int | None], released_max: int
) -> None:
    candidates = [candidate(number, subscription_id=each) for number, each in enumerate(subscriptions)]

    plan = plan_batch(
        candidates, is_wanted=lambda _: True, skip_reason=lambda _: None, rooms=rooms, released_max=released_max
    )

    assert list(plan.released) == [each.delivery_id for each in candidates[: plan.decided]]
    assert len(plan.released) <= released_max
    for subscription_id, room in rooms.items():
        taken = [each for each in candidates[: plan.decided] if each.subscription_id == subscription_id]
        assert room is None or len(taken) <= room
    if plan.decided < len(candidates):
        following = candidates[plan.decided].subscription_id
        taken = [each for each in candidates[: plan.decided] if each.subscription_id == following]
        assert len(plan.released) == released_max or len(taken) == rooms[following]
