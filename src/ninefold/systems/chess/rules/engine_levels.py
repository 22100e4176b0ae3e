"""How strong the engine plays at each level: from 1, which beginners beat, to 8, which is as strong as it can be."""

from collections.abc import Mapping
from typing import Final

import msgspec

LEVEL_MIN: Final = 1
LEVEL_MAX: Final = 8


class EngineLimits(msgspec.Struct, frozen=True):
    """What limits the engine at a level."""

    skill: int
    """Stockfish's option `Skill Level`, 0 to 20: below 20 it sometimes chooses a weaker move."""
    depth: int
    """How many plies it looks ahead."""
    move_time_ms: int
    """How long it thinks about a move, at most."""


LIMITS: Final[Mapping[int, EngineLimits]] = {
    1: EngineLimits(0, 1, 50),
    2: EngineLimits(1, 3, 100),
    3: EngineLimits(3, 5, 150),
    4: EngineLimits(5, 5, 200),
    5: EngineLimits(8, 6, 300),
    6: EngineLimits(11, 8, 400),
    7: EngineLimits(16, 13, 500),
    8: EngineLimits(20, 22, 1_000),
}

_SHARE_OF_CLOCK: Final = 40
_MOVE_TIME_MS_MIN: Final = 10


def move_time_ms(limits: EngineLimits, *, remaining_ms: int | None) -> int:
    """Return how long the engine thinks about a move: less if its clock has little left."""
    if remaining_ms is None:
        return limits.move_time_ms
    return max(_MOVE_TIME_MS_MIN, min(limits.move_time_ms, remaining_ms // _SHARE_OF_CLOCK))
