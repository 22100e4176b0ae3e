"""Positions of several devices become one, in whatever order the reports come."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.video.model.watching import Position
from ninefold.systems.video.rules.positions import is_at_end, is_to_continue, merge, report, resume_s

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FILM_S = 6_000.0


def reported(position_s: float, *, after_s: float = 0, device: str = "tv", is_ended: bool = False) -> Position:
    """Return what a device reports that was there so many seconds after noon, a day later."""
    return report(
        position_s=position_s,
        duration_s=FILM_S,
        watched_at=NOON + timedelta(seconds=after_s),
        now=NOON + timedelta(days=1),
        device=device,
        is_ended=is_ended,
    )


reports = st.builds(
    reported,
    st.floats(0, FILM_S),
    after_s=st.integers(0, 5),
    device=st.sampled_from(["tv", "phone", "tablet"]),
    is_ended=st.booleans(),
)
states = st.lists(reports, min_size=1, max_size=4).map(lambda several: reduce(merge, several))


@given(states, states, states)
def test_neither_order_nor_grouping_nor_repetition_makes_a_difference(
    one: Position, two: Position, three: Position
) -> None:
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one
    assert merge(merge(one, two), one) == merge(one, two)


@given(st.lists(reports, min_size=2, max_size=4))
def test_what_remains_is_the_latest_report_and_the_latest_end(several: list[Position]) -> None:
    merged = {reduce(merge, order) for order in map(list, permutations(several))}

    assert len(merged) == 1
    (state,) = merged
    assert state.watched_at == max(each.watched_at for each in several)
    ends = [each.finished_at for each in several if each.finished_at is not None]
    assert state.finished_at == max(ends, default=None)


@given(st.integers(-100, 100_000))
def test_no_clock_is_ahead_of_the_servers(ahead_s: int) -> None:
    position = report(
        position_s=1,
        duration_s=None,
        watched_at=NOON + timedelta(seconds=ahead_s),
        now=NOON,
        device="",
        is_ended=False,
    )

    assert position.watched_at <= NOON


def test_a_device_with_a_clock_that_is_ahead_wins_only_until_another_one_reports() -> None:
    wrong = report(
        position_s=100, duration_s=FILM_S, watched_at=NOON + timedelta(days=9), now=NOON, device="tv", is_ended=False
    )
    later = reported(200, after_s=1, device="phone")

    assert merge(wrong, later) == later


def test_a_report_from_before_the_end_does_not_bring_a_title_back() -> None:
    finished, late = reported(FILM_S - 1, after_s=100), reported(3_000, after_s=50, device="tablet")

    merged = merge(finished, late)

    assert merged == finished
    assert not is_to_continue(merged, FILM_S)
    assert resume_s(merged, FILM_S) == 0


def test_beginning_again_after_the_end_is_a_new_watch() -> None:
    merged = merge(reported(FILM_S - 1, after_s=100), reported(600, after_s=200))

    assert is_to_continue(merged, FILM_S)
    assert resume_s(merged, FILM_S) == 600
    assert merged.finished_at == NOON + timedelta(seconds=100)


@pytest.mark.parametrize(
    ("position_s", "duration_s", "expected"),
    [
        (5_699, 6_000, False),
        (5_700, 6_000, True),
        (559, 600, False),
        (570, 600, True),
        (269, 300, False),
        (270, 300, True),
        # A clip isn't finished when it has begun.
        (5, 10, False),
        (9, 10, True),
        (5_000, None, False),
    ],
)
def test_the_end_is_the_last_twentieth_or_the_credits(
    position_s: float, duration_s: float | None, *, expected: bool
) -> None:
    assert is_at_end(position_s, duration_s) is expected


@pytest.mark.parametrize(
    ("position_s", "duration_s", "expected"),
    [
        (119, 6_000, False),
        (120, 6_000, True),
        (5_699, 6_000, True),
        (5_700, 6_000, False),
        (0, None, False),
        (3, None, True),
    ],
)
def test_what_is_begun_and_not_finished_is_to_continue(
    position_s: float, duration_s: float | None, *, expected: bool
) -> None:
    position = report(
        position_s=position_s, duration_s=duration_s, watched_at=NOON, now=NOON, device="", is_ended=False
    )

    assert is_to_continue(position, duration_s) is expected
