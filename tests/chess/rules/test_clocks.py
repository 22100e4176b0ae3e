"""What a move costs."""

import pytest

from ninefold.systems.chess.model import Correspondence, RealTime, SideClock, Speed, TimeControl
from ninefold.systems.chess.rules import clocks


@pytest.mark.parametrize(
    ("limit_s", "increment_s", "gain", "start", "most"),
    [(60, 0, 390, 1_170, 2_730), (180, 0, 870, 2_610, 6_090), (180, 2, 1_000, 3_000, 7_000)],
)
def test_the_quota_of_lag_depends_on_the_clock(
    limit_s: int, increment_s: int, gain: int, start: int, most: int
) -> None:
    control = RealTime(limit_s=limit_s, increment_s=increment_s)
    clock = clocks.starting_clock(control)

    assert clock is not None
    assert (clocks.gain_ms(control), clock.quota_ms, clocks.quota_ms_max(control)) == (gain, start, most)


@pytest.mark.parametrize(
    ("control", "speed"),
    [
        (RealTime(limit_s=15, increment_s=0), Speed.ULTRA_BULLET),
        (RealTime(limit_s=60, increment_s=0), Speed.BULLET),
        (RealTime(limit_s=180, increment_s=2), Speed.BLITZ),
        (RealTime(limit_s=600, increment_s=0), Speed.RAPID),
        (RealTime(limit_s=1_800, increment_s=0), Speed.CLASSICAL),
        (Correspondence(days_per_turn=2), Speed.CORRESPONDENCE),
        (None, Speed.CORRESPONDENCE),
    ],
)
def test_the_speed_depends_on_the_clock(control: TimeControl, speed: Speed) -> None:
    assert clocks.speed_of(control) is speed


@pytest.mark.parametrize(
    ("elapsed", "lag_ms", "move_time_ms", "left", "compensation", "is_flagged"),
    [
        (2_000, None, None, 8_000, 0, False),
        (2_000, 300, None, 8_300, 300, False),
        (2_000, 300, 1_500, 8_500, 500, False),
        (2_000, None, 0, 9_170, 1_170, False),
        (2_000, None, 9_000, 8_000, 0, False),
        (10_100, 150, None, 50, 150, False),
        (10_100, 50, None, 0, 50, True),
        (10_300, 1_000, None, 0, 1_000, True),
    ],
)
def test_a_move_costs_its_time_without_the_lag(  # noqa: PLR0917  # a table.
    elapsed: int,
    lag_ms: int | None,
    move_time_ms: int | None,
    left: int,
    compensation: int,
    is_flagged: bool,  # noqa: FBT001  # a table.
) -> None:
    control = RealTime(limit_s=60, increment_s=0)
    clock = SideClock(remaining_ms=10_000, quota_ms=1_170)

    times = clocks.charge(clock, control, elapsed=elapsed, lag_ms=lag_ms, move_time_ms=move_time_ms)

    assert (times.clock.remaining_ms, times.compensation_ms, times.is_flagged) == (left, compensation, is_flagged)


def test_claims_of_lag_use_up_the_quota() -> None:
    control = RealTime(limit_s=60, increment_s=0)
    clock = SideClock(remaining_ms=60_000, quota_ms=1_170)
    compensations = []
    for _ in range(4):
        times = clocks.charge(clock, control, elapsed=2_000, lag_ms=2_000, move_time_ms=None)
        clock = times.clock
        compensations.append(times.compensation_ms)

    assert compensations == [1_170, 390, 390, 390]


@pytest.mark.parametrize(
    ("speed", "has_left", "is_guest", "is_far_behind", "seconds"),
    [
        (Speed.BLITZ, False, False, False, 40),
        (Speed.RAPID, False, False, False, 80),
        (Speed.CLASSICAL, False, True, False, 60),
        (Speed.BLITZ, False, False, True, 13),
        (Speed.BLITZ, False, True, True, 10),
        (Speed.CLASSICAL, True, False, False, 10),
    ],
)
def test_a_silent_player_can_be_claimed_against(
    speed: Speed, *, has_left: bool, is_guest: bool, is_far_behind: bool, seconds: int
) -> None:
    assert clocks.gone_s(speed, has_left=has_left, is_guest=is_guest, is_far_behind=is_far_behind) == seconds
