"""When publishing is refused, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.model.queues import QueueLimits
from ninefold.systems.webhooks.rules.queue_limits import (
    RETRY_AFTER_S_MAX,
    RETRY_AFTER_S_UNKNOWN,
    FullQueue,
    accepted_below,
    always_accepted_below,
    drained_per_s,
    find_full_queue,
    retry_after_s,
)

LIMITS = QueueLimits(organisation=1_000, installation=10_000)
CRITICAL, STANDARD, BULK = 0, 1, 2


def full_queue(tier: int, organisation_depth: int, installation_depth: int, *, organisations: int = 100) -> str | None:
    full = find_full_queue(
        LIMITS,
        tier=tier,
        organisation_depth=organisation_depth,
        installation_depth=installation_depth,
        organisations=organisations,
    )
    return None if full is None else full.queue


@pytest.mark.parametrize(
    ("tier", "organisation_depth", "installation_depth", "full"),
    [
        (CRITICAL, 999, 999, None),
        (CRITICAL, 1_000, 1_000, "organisation"),
        (STANDARD, 949, 949, None),
        (STANDARD, 950, 950, "organisation"),
        (BULK, 899, 899, None),
        (BULK, 900, 900, "organisation"),
        # Both are full: what the organisation can do something about comes first.
        (CRITICAL, 1_000, 10_000, "organisation"),
        (CRITICAL, 0, 9_999, None),
        (CRITICAL, 0, 10_000, "installation"),
        (STANDARD, 0, 9_500, "installation"),
        (BULK, 0, 9_000, "installation"),
    ],
)
def test_urgent_events_are_accepted_longer_and_the_organisation_comes_first(
    tier: int, organisation_depth: int, installation_depth: int, full: str | None
) -> None:
    assert full_queue(tier, organisation_depth, installation_depth) == full


def test_the_last_part_of_the_installation_is_for_organisations_with_less_than_an_equal_share() -> None:
    assert full_queue(CRITICAL, 501, 9_000, organisations=19) == "installation"
    assert full_queue(CRITICAL, 500, 9_000, organisations=19) is None
    assert full_queue(CRITICAL, 0, 9_999, organisations=19) is None


@given(
    limits=st.builds(QueueLimits, organisation=st.integers(1, 100), installation=st.integers(1, 100)),
    tier=st.integers(0, 2),
    organisation_depth=st.integers(0, 200),
    others=st.integers(0, 200),
    organisations=st.integers(0, 100),
)
def test_nothing_is_accepted_at_a_limit_and_something_always_if_nothing_is_queued(
    limits: QueueLimits, tier: int, organisation_depth: int, others: int, organisations: int
) -> None:
    full = find_full_queue(
        limits,
        tier=tier,
        organisation_depth=organisation_depth,
        installation_depth=organisation_depth + others,
        organisations=organisations,
    )
    if organisation_depth >= limits.organisation or organisation_depth + others >= limits.installation:
        assert full is not None
    if organisation_depth + others == 0:
        assert full is None
    free_below = always_accepted_below(limits)
    if organisation_depth < free_below.organisation and organisation_depth + others < free_below.installation:
        assert full is None
    if full is not None:
        assert full.depth >= full.accepted_below


def test_every_tier_has_room_in_the_smallest_queue() -> None:
    assert [accepted_below(1, tier) for tier in (CRITICAL, STANDARD, BULK)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (100.0, 1),
        (10.0, 5),
        (3.0, 17),
        (0.5, RETRY_AFTER_S_MAX),
        (0.0, RETRY_AFTER_S_MAX),
        (None, RETRY_AFTER_S_UNKNOWN),
    ],
)
def test_the_wait_is_until_a_twentieth_of_the_queue_is_free(rate: float | None, expected: int) -> None:
    full = FullQueue(queue="organisation", depth=1_000, accepted_below=1_000)
    assert retry_after_s(full, drained_per_s=rate) == expected


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        ([], None),
        ([(0.0, 5)], None),
        ([(0.0, 5), (0.1, 50)], None),
        ([(0.0, 5), (2.0, 25)], 10.0),
        ([(0.0, 5), (2.0, 5)], 0.0),
        # The queue was empty in between, so the count has begun again.
        ([(0.0, 100), (1.0, 200), (2.0, 10), (4.0, 110)], 50.0),
    ],
)
def test_the_drain_rate_is_what_has_left_the_queue_while_it_was_watched(
    finished: list[tuple[float, int]], expected: float | None
) -> None:
    assert drained_per_s(finished) == expected
