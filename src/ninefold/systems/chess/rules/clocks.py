"""Clocks: how much time a move costs, how much of it is lag, and when the time is up. All times are in milliseconds.

The server's clock counts. Lag is compensated up to a quota that grows with each move, so that a bad network costs less,
and a player who claims too much gains little. The numbers are those of Lichess.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from ninefold.systems.chess.model import Colour, Correspondence, Game, RealTime, SideClock, Speed, TimeControl

LIMIT_S_MAX: Final = 3 * 60 * 60
INCREMENT_S_MAX: Final = 180
DAYS_PER_TURN_MAX: Final = 14
GRACE_MS_MAX: Final = 200
ADDED_MS: Final = 15_000
"""What a player gives the opponent with `add_time`."""
CLOCK_MS_MAX: Final = 12 * 60 * 60 * 1_000
LAG_CLAIM_MS_MAX: Final = 60_000
MOVES_EXPECTED: Final = 40
LEFT_GONE_S: Final = 10
"""After how long an opponent can claim, if the player has said to leave."""
DISCONNECTED_GONE_S: Final = 40
"""After how long, if the player is only not seen any more; times `_GONE_FACTORS`."""

_DAY_MS: Final = 24 * 60 * 60 * 1_000
_SHORTEST_START_MS: Final = 3_000
_GAIN_MS_MAX: Final = 1_000
_QUOTA_START: Final = 3
_QUOTA_MAX: Final = 7
_SPEEDS: Final = (
    (30, Speed.ULTRA_BULLET),
    (180, Speed.BULLET),
    (480, Speed.BLITZ),
    (1_500, Speed.RAPID),
)
_FIRST_MOVE_S: Final = {
    Speed.ULTRA_BULLET: 15,
    Speed.BULLET: 20,
    Speed.BLITZ: 25,
    Speed.RAPID: 30,
    Speed.CLASSICAL: 35,
}
_GONE_FACTORS: Final = {Speed.RAPID: 2, Speed.CLASSICAL: 3}


class MoveTime(NamedTuple):
    """What a move cost, as the log keeps it, so that a clock can be audited."""

    clock: SideClock
    """After the move, with the increment."""
    elapsed_ms: int
    claimed_lag_ms: int
    compensation_ms: int
    is_flagged: bool
    """Whether the time was up; the move then doesn't count, and the clock has nothing left."""


def estimated_s(control: RealTime) -> int:
    """Return how long a player's moves take in a game of 40 moves, in seconds."""
    return control.limit_s + MOVES_EXPECTED * control.increment_s


def speed_of(control: TimeControl) -> Speed:
    """Return how fast a game with this clock is."""
    if not isinstance(control, RealTime):
        return Speed.CORRESPONDENCE
    duration_s = estimated_s(control)
    return next((speed for below_s, speed in _SPEEDS if duration_s < below_s), Speed.CLASSICAL)


def starting_clock(control: TimeControl) -> SideClock | None:
    """Return what each player has at the start; None without a limit."""
    match control:
        case RealTime(limit_s=0):
            remaining_ms = max(control.increment_s * 1_000, _SHORTEST_START_MS)
        case RealTime():
            remaining_ms = control.limit_s * 1_000
        case Correspondence():
            return SideClock(remaining_ms=control.days_per_turn * _DAY_MS)
        case _:
            return None
    return SideClock(remaining_ms=remaining_ms, quota_ms=_QUOTA_START * gain_ms(control))


def gain_ms(control: RealTime) -> int:
    """Return by how much the quota of lag grows with each move."""
    return min(_GAIN_MS_MAX, (estimated_s(control) * 2 // 5 + 15) * 10)


def quota_ms_max(control: RealTime) -> int:
    """Return the largest quota of lag."""
    return _QUOTA_MAX * gain_ms(control)


def grace_ms(clock: SideClock) -> int:
    """Return how long after its end a clock is still waited for, because a move may be on its way."""
    return min(clock.quota_ms, GRACE_MS_MAX)


def first_move_s(control: TimeControl) -> int | None:
    """Return the seconds for each player's first move; None without a limit."""
    match control:
        case RealTime():
            return _FIRST_MOVE_S[speed_of(control)]
        case Correspondence():
            return control.days_per_turn * _DAY_MS // 1_000
        case _:
            return None


def are_clocks_running(game: Game) -> bool:
    """Return whether the time of the player to move runs: both have made their first moves, and there is a limit."""
    return game.started_at is not None and game.white_clock is not None and game.ended_at is None


def deadline_of(game: Game) -> datetime | None:
    """Return when the time for the current turn is up, with the grace; None if it never is."""
    if game.ended_at is not None:
        return None
    clock = game.clock_of(game.turn)
    if game.started_at is None:
        seconds = first_move_s(game.time_control)
        return None if seconds is None else game.turn_started_at + timedelta(seconds=seconds)
    if clock is None:
        return None
    return game.turn_started_at + timedelta(milliseconds=clock.remaining_ms + grace_ms(clock))


def elapsed_ms(game: Game, at: datetime) -> int:
    """Return how long the current turn had lasted at a time."""
    return max(0, int((at - game.turn_started_at) / timedelta(milliseconds=1)))


def remaining_ms(game: Game, colour: Colour, at: datetime) -> int | None:
    """Return what a player has left at a time, without compensation; None without a limit."""
    clock = game.clock_of(colour)
    if clock is None:
        return None
    if not are_clocks_running(game) or colour != game.turn:
        return clock.remaining_ms
    return max(0, clock.remaining_ms - elapsed_ms(game, at))


def lag_of(elapsed: int, *, lag_ms: int | None, move_time_ms: int | None) -> int:
    """Return the lag that a client claims: what its own time for the move leaves, or what it has measured."""
    claimed = elapsed - move_time_ms if move_time_ms is not None else lag_ms or 0
    return min(max(0, claimed), LAG_CLAIM_MS_MAX)


def charge(
    clock: SideClock, control: TimeControl, *, elapsed: int, lag_ms: int | None, move_time_ms: int | None
) -> MoveTime:
    """Return the clock after a move that took `elapsed`, and what was compensated."""
    if not isinstance(control, RealTime):
        return _charge_whole_turn(clock, elapsed=elapsed)
    lag = lag_of(elapsed, lag_ms=lag_ms, move_time_ms=move_time_ms)
    compensation = min(lag, clock.quota_ms, elapsed)
    spent = elapsed - compensation
    is_flagged = clock.remaining_ms <= max(0, elapsed - grace_ms(clock)) or clock.remaining_ms <= spent
    left = 0 if is_flagged else min(clock.remaining_ms - spent + control.increment_s * 1_000, CLOCK_MS_MAX)
    quota = min(clock.quota_ms + gain_ms(control) - compensation, quota_ms_max(control))
    return MoveTime(
        clock=SideClock(remaining_ms=left, quota_ms=quota),
        elapsed_ms=elapsed,
        claimed_lag_ms=lag,
        compensation_ms=compensation,
        is_flagged=is_flagged,
    )


def _charge_whole_turn(clock: SideClock, *, elapsed: int) -> MoveTime:
    """Correspondence: each turn begins with all its days."""
    return MoveTime(
        clock=clock,
        elapsed_ms=elapsed,
        claimed_lag_ms=0,
        compensation_ms=0,
        is_flagged=clock.remaining_ms <= elapsed,
    )


def add_time(clock: SideClock) -> SideClock:
    """Return a clock with the time that an opponent has given."""
    return msgspec.structs.replace(clock, remaining_ms=min(clock.remaining_ms + ADDED_MS, CLOCK_MS_MAX))


def gone_s(speed: Speed, *, has_left: bool, is_guest: bool = False, is_far_behind: bool = False) -> int:
    """Return after how many seconds without a sign of a player the opponent can claim.

    Args:
        speed: of the game.
        has_left: whether the player has said to leave, instead of only being silent.
        is_guest: whether the player has no account; guests come back less often.
        is_far_behind: whether the player has much less material, and so a reason to stay away.
    """
    seconds: float = LEFT_GONE_S if has_left else DISCONNECTED_GONE_S * _GONE_FACTORS.get(speed, 1)
    if is_guest:
        seconds /= 2
    if is_far_behind:
        seconds /= 3
    return max(LEFT_GONE_S, int(seconds))
