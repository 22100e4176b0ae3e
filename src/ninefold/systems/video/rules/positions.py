"""How far a profile is in a title, from the reports of all its devices.

`merge` is the join of a semilattice: the order in which reports come, how they are grouped, and whether one comes twice
make no difference. So devices that were offline need no protocol: they send what they have.
"""

from datetime import datetime
from typing import Final

from ninefold.systems.video.model.watching import Position

CREDITS_S: Final = 30.0
FINISHED_PART: Final = 0.95
FINISHED_PART_MIN: Final = 0.9
"""The last 30 s count as credits, but never more than a tenth of the title."""

STARTED_PART: Final = 0.02
STARTED_S: Final = 1.0
"""As long as nobody knows how long the title is."""


def report(
    *, position_s: float, duration_s: float | None, watched_at: datetime, now: datetime, device: str, is_ended: bool
) -> Position:
    """Return what one report says.

    Args:
        position_s: where the device was.
        duration_s: how long the title is; None if that isn't known yet.
        watched_at: when the device was there, by its own clock. A clock that is ahead mustn't win for ever, so nothing
            is later than `now`.
        now: when the report came.
        device: what the device calls itself.
        is_ended: whether the player says that it is at the end.
    """
    bounded_s = position_s if duration_s is None else min(position_s, duration_s)
    at = min(watched_at, now)
    is_finished = is_ended or is_at_end(bounded_s, duration_s)
    return Position(
        position_ms=round(bounded_s * 1000),
        watched_at=at,
        device=device,
        is_finished=is_finished,
        finished_at=at if is_finished else None,
    )


def merge(one: Position, other: Position) -> Position:
    """Return what two states say together: the latest position, and when the title was last watched to its end.

    Of two reports of the same time, the one that is further wins.
    """
    latest = max(one, other, key=_order)
    finished = [each.finished_at for each in (one, other) if each.finished_at is not None]
    return Position(
        position_ms=latest.position_ms,
        watched_at=latest.watched_at,
        device=latest.device,
        is_finished=latest.is_finished,
        finished_at=max(finished, default=None),
    )


def is_at_end(position_s: float, duration_s: float | None) -> bool:
    """Return whether what comes after a position is only credits."""
    if duration_s is None:
        return False
    credits_from = max(duration_s - CREDITS_S, FINISHED_PART_MIN * duration_s)
    return position_s >= min(FINISHED_PART * duration_s, credits_from)


def is_to_continue(position: Position, duration_s: float | None) -> bool:
    """Return whether a profile has begun a title and not finished it.

    A title that was finished and begun again is: that is a new watch.
    """
    if position.is_finished:
        return False
    started_s = STARTED_S if duration_s is None else STARTED_PART * duration_s
    return position.position_ms >= started_s * 1000


def resume_s(position: Position | None, duration_s: float | None) -> float:
    """Return where to begin to play: where the profile was, or the beginning if it has finished or just begun."""
    if position is None or not is_to_continue(position, duration_s):
        return 0.0
    return position.position_ms / 1000


def _order(position: Position) -> tuple[datetime, bool, int, str]:
    return position.watched_at, position.is_finished, position.position_ms, position.device
