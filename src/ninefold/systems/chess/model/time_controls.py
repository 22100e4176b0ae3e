"""How fast games are: their clocks and their speeds."""

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Speed(StrEnum):
    """How fast a game is, by its clock; each speed has ratings of its own. The words are Lichess's."""

    ULTRA_BULLET = "ultraBullet"
    BULLET = "bullet"
    BLITZ = "blitz"
    RAPID = "rapid"
    CLASSICAL = "classical"
    CORRESPONDENCE = "correspondence"


class RealTime(msgspec.Struct, frozen=True, kw_only=True):
    """A clock for each player, and seconds that are added after each move."""

    limit_s: int
    increment_s: int


class Correspondence(msgspec.Struct, frozen=True, kw_only=True):
    """Days for each move."""

    days_per_turn: int


TimeControl: TypeAlias = RealTime | Correspondence | None
"""None: no limit."""
