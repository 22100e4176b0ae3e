"""Lichess's words for the status of a game."""

import pytest

from ninefold.systems.chess.lichess.statuses import STARTED, status_of
from ninefold.systems.chess.model import EndReason, GameStatus


@pytest.mark.parametrize("status", [GameStatus.CREATED, GameStatus.RUNNING])
def test_a_game_that_goes_on_has_started(status: GameStatus) -> None:
    assert status_of(status, None) == STARTED


@pytest.mark.parametrize(
    ("reason", "number", "name"),
    [
        (EndReason.ABORTED, 25, "aborted"),
        (EndReason.CHECKMATE, 30, "mate"),
        (EndReason.RESIGNATION, 31, "resign"),
        (EndReason.STALEMATE, 32, "stalemate"),
        (EndReason.ABANDONMENT, 33, "timeout"),
        (EndReason.AGREEMENT, 34, "draw"),
        (EndReason.THREEFOLD, 34, "draw"),
        (EndReason.FIVEFOLD, 34, "draw"),
        (EndReason.FIFTY_MOVES, 34, "draw"),
        (EndReason.SEVENTY_FIVE_MOVES, 34, "draw"),
        (EndReason.INSUFFICIENT_MATERIAL, 34, "draw"),
        (EndReason.FLAG, 35, "outoftime"),
        (EndReason.FLAG_INSUFFICIENT, 35, "outoftime"),
        (EndReason.NOT_STARTED, 37, "noStart"),
    ],
)
def test_each_end_has_its_word(reason: EndReason, number: int, name: str) -> None:
    status = status_of(GameStatus.ENDED, reason)
    assert (number, name) == (status.id, status.name)


def test_no_end_was_forgotten() -> None:
    assert all(status_of(GameStatus.ENDED, reason).name for reason in EndReason)
