"""What Lichess's clients send to begin a game, and the game that it means."""

import re
from typing import Annotated, Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.chess.lichess.errors import NotOfferedError
from ninefold.systems.chess.model import ColourChoice, Correspondence, RealTime, Terms, TimeControl
from ninefold.systems.chess.rules.clocks import DAYS_PER_TURN_MAX, INCREMENT_S_MAX, LIMIT_S_MAX
from ninefold.systems.chess.rules.engine_levels import LEVEL_MAX, LEVEL_MIN

_LIMIT = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_S_MAX)]
_INCREMENT = Annotated[int, msgspec.Meta(ge=0, le=INCREMENT_S_MAX)]
_DAYS = Annotated[int, msgspec.Meta(ge=1, le=DAYS_PER_TURN_MAX)]

_VARIANTS: Final = ("standard", "fromPosition")
_FEN_LENGTH_MAX: Final = 120
_RATING_RANGE: Final = re.compile(r"([0-9]{1,4})-([0-9]{1,4})")


class GameRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What all requests for a game have in common."""

    limit: _LIMIT | None = msgspec.field(name="clock.limit", default=None)
    increment: _INCREMENT | None = msgspec.field(name="clock.increment", default=None)
    days: _DAYS | None = None
    variant: str = "standard"
    fen: Annotated[str, msgspec.Meta(max_length=_FEN_LENGTH_MAX)] | None = None

    @property
    def time_control(self) -> TimeControl:
        """The clock; None without a limit.

        Raises:
            InvalidInputError: there are both a clock and days, or only a part of a clock.
        """
        return time_control_of(self.limit, self.increment, self.days)

    @property
    def initial_fen(self) -> str | None:
        """The position that the game begins with; None for the usual one.

        Raises:
            NotOfferedError: it is another variant.
        """
        if self.variant not in _VARIANTS:
            raise NotOfferedError(
                f"The variant {self.variant[:40]!r} isn't available.",
                field="variant",
                remedy="Use standard or fromPosition.",
            )
        return self.fen


class ChallengeRequest(GameRequest, frozen=True, kw_only=True):
    """A challenge."""

    rated: bool = False
    color: ColourChoice = "random"
    keep_alive_stream: bool = msgspec.field(name="keepAliveStream", default=False)

    @property
    def terms(self) -> Terms:
        """The game that is wanted."""
        return terms_of(self, colour=self.color, is_rated=self.rated)


class OpenChallengeRequest(GameRequest, frozen=True, kw_only=True):
    """A challenge that anybody who has its link can accept."""

    rated: bool = False

    @property
    def terms(self) -> Terms:
        """The game that is wanted."""
        return terms_of(self, colour="random", is_rated=self.rated)


class EngineRequest(GameRequest, frozen=True, kw_only=True):
    """A game against the engine."""

    level: Annotated[int, msgspec.Meta(ge=LEVEL_MIN, le=LEVEL_MAX)]
    color: ColourChoice = "random"

    @property
    def terms(self) -> Terms:
        """The game that is wanted."""
        return terms_of(self, colour=self.color, is_rated=False)


class DeclineRequest(msgspec.Struct, frozen=True):
    """Why a challenge is declined."""

    reason: str = "generic"


class SeekRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A game with the first player who wants one like it."""

    rated: bool = False
    time: Annotated[float, msgspec.Meta(ge=0, le=180)] | None = None
    """Minutes."""
    increment: _INCREMENT | None = None
    days: _DAYS | None = None
    variant: str = "standard"
    color: ColourChoice = "random"
    rating_range: str | None = msgspec.field(name="ratingRange", default=None)

    @property
    def time_control(self) -> TimeControl:
        """The clock.

        Raises:
            InvalidInputError: there is neither a clock nor days, or both.
            NotOfferedError: it is another variant.
        """
        if self.variant != "standard":
            raise NotOfferedError(f"The variant {self.variant[:40]!r} isn't available.", field="variant")
        if self.time is None and self.days is None:
            raise InvalidInputError("A seek needs `time` and `increment`, or `days`.", field="time")
        limit_s = None if self.time is None else round(self.time * 60)
        return time_control_of(limit_s, self.increment, self.days)

    @property
    def rating_limits(self) -> tuple[int | None, int | None]:
        """The ratings that the opponent may have: the smallest and the largest.

        Raises:
            InvalidInputError: it isn't a range such as `1500-1800`.
        """
        if self.rating_range is None:
            return None, None
        match = _RATING_RANGE.fullmatch(self.rating_range)
        if match is None:
            raise InvalidInputError("A rating range is like 1500-1800.", field="ratingRange")
        return int(match[1]), int(match[2])

    @property
    def is_real_time(self) -> bool:
        """Whether the seek lasts as long as its response."""
        return self.time is not None


def terms_of(request: GameRequest, *, colour: ColourChoice, is_rated: bool) -> Terms:
    """Return the terms of a game.

    Raises:
        InvalidInputError: the clock isn't one.
        NotOfferedError: it is another variant.
    """
    return Terms(time_control=request.time_control, is_rated=is_rated, colour=colour, initial_fen=request.initial_fen)


def time_control_of(limit_s: int | None, increment_s: int | None, days: int | None) -> TimeControl:
    """Return the clock; None without a limit.

    Raises:
        InvalidInputError: there are both a clock and days, or only a part of a clock.
    """
    if (limit_s is None) != (increment_s is None):
        raise InvalidInputError("A clock needs both a limit and an increment.", field="clock.limit")
    if limit_s is not None and increment_s is not None:
        if days is not None:
            raise InvalidInputError("A game has either a clock or days for each move.", field="days")
        return RealTime(limit_s=limit_s, increment_s=increment_s)
    return None if days is None else Correspondence(days_per_turn=days)
