"""The wire types of time controls and colours, which games, challenges and seeks have in common."""

from typing import Annotated, TypeAlias

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.chess.model import Correspondence, RealTime, TimeControl


class ClockBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock for each player, or days for each move."""

    limit_s: Annotated[int, msgspec.Meta(ge=0, description="What each begins with.", examples=[180])] | None = None
    increment_s: Annotated[int, msgspec.Meta(ge=0, description="What a move adds.", examples=[2])] | None = None
    days_per_turn: Annotated[int, msgspec.Meta(ge=1, description="Days for each move.", examples=[3])] | None = None


Clock: TypeAlias = Annotated[
    ClockBody | None,
    msgspec.Meta(description="`limit_s` and `increment_s` in seconds, or `days_per_turn`. null: no limit."),
]


def read_clock(clock: ClockBody | None) -> TimeControl:
    """Return the time control that a request has.

    Raises:
        InvalidInputError: it has both a clock and days, or only a part of a clock.
    """
    if clock is None:
        return None
    if clock.days_per_turn is not None and clock.limit_s is None and clock.increment_s is None:
        return Correspondence(days_per_turn=clock.days_per_turn)
    if clock.days_per_turn is None and clock.limit_s is not None:
        return RealTime(limit_s=clock.limit_s, increment_s=clock.increment_s or 0)
    raise InvalidInputError(
        "A clock has either `limit_s` and `increment_s`, or `days_per_turn`.",
        field="clock",
        remedy="Leave out the other one, or send null for a game without a limit.",
    )


def show_clock(control: TimeControl) -> ClockBody | None:
    """Return a time control as the API shows it."""
    match control:
        case RealTime(limit_s=limit_s, increment_s=increment_s):
            return ClockBody(limit_s=limit_s, increment_s=increment_s)
        case Correspondence(days_per_turn=days_per_turn):
            return ClockBody(days_per_turn=days_per_turn)
        case _:
            return None
