"""Lichess's words for the status of a game."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ninefold.systems.chess.model import EndReason, GameStatus


class LichessStatus(msgspec.Struct, frozen=True):
    """A status as Lichess's API shows it."""

    id: int
    name: str


STARTED: Final = LichessStatus(20, "started")
"""Also before the first moves: clients take every other status as the end."""

_DRAW: Final = LichessStatus(34, "draw")
_OUT_OF_TIME: Final = LichessStatus(35, "outoftime")

_ENDS: Final[Mapping[EndReason, LichessStatus]] = {
    EndReason.ABORTED: LichessStatus(25, "aborted"),
    EndReason.CHECKMATE: LichessStatus(30, "mate"),
    EndReason.RESIGNATION: LichessStatus(31, "resign"),
    EndReason.STALEMATE: LichessStatus(32, "stalemate"),
    EndReason.ABANDONMENT: LichessStatus(33, "timeout"),
    EndReason.THREEFOLD: _DRAW,
    EndReason.FIVEFOLD: _DRAW,
    EndReason.FIFTY_MOVES: _DRAW,
    EndReason.SEVENTY_FIVE_MOVES: _DRAW,
    EndReason.INSUFFICIENT_MATERIAL: _DRAW,
    EndReason.AGREEMENT: _DRAW,
    EndReason.FLAG: _OUT_OF_TIME,
    EndReason.FLAG_INSUFFICIENT: _OUT_OF_TIME,
    EndReason.NOT_STARTED: LichessStatus(37, "noStart"),
}


def status_of(status: GameStatus, reason: EndReason | None) -> LichessStatus:
    """Return Lichess's word for a status, and why the game has ended if it has."""
    if status is not GameStatus.ENDED:
        return STARTED
    assert reason is not None, "a game has ended for a reason"
    return _ENDS[reason]
