"""The state of a game as its log makes it."""

import json
from typing import Any

from ninefold.systems.chess.lichess.replay import GameSnapshot, after_event, decode_event
from ninefold.systems.chess.model import EndReason, GameStatus

START = GameSnapshot(moves=("e2e4", "e7e5"), white_ms=60_000, black_ms=59_000)


def after(snapshot: GameSnapshot, *events: dict[str, Any]) -> GameSnapshot:
    for number, event in enumerate(events, start=1):
        entry = {"sequence": number, "at": "2026-11-27T05:00:00Z", "an_unknown_field": 1, **event}
        snapshot = after_event(snapshot, decode_event(json.dumps(entry).encode()))
    return snapshot


def test_a_move_is_added_with_the_clocks_after_it() -> None:
    clocks = {"white_ms": 58_000, "black_ms": 59_000}
    result = after(START, {"type": "move", "uci": "g1f3", "clocks": clocks})
    assert (result.moves, result.white_ms, result.black_ms) == (("e2e4", "e7e5", "g1f3"), 58_000, 59_000)


def test_a_takeback_removes_plies_and_the_offer() -> None:
    result = after(
        START,
        {"type": "takeback_offered", "colour": "white", "plies": 2},
        {"type": "takeback", "colour": "white", "plies": 2, "clocks": {"white_ms": 50_000, "black_ms": 49_000}},
    )
    assert (result.moves, result.takeback, result.white_ms) == ((), None, 50_000)


def test_offers_come_and_go() -> None:
    offered = after(START, {"type": "draw_offered", "colour": "black"}, {"type": "takeback_offered", "colour": "white"})
    assert (offered.draw, offered.takeback) == ("black", "white")
    declined = after(
        offered, {"type": "draw_declined", "colour": "white"}, {"type": "takeback_declined", "colour": "black"}
    )
    assert declined == START


def test_the_end_says_who_has_won_and_ends_offers() -> None:
    result = after(
        START,
        {"type": "draw_offered", "colour": "black"},
        {"type": "ended", "winner": "white", "reason": "resignation", "ratings": None},
    )
    assert (
        result.status,
        result.winner,
        result.reason,
        result.draw,
    ) == (GameStatus.ENDED, "white", EndReason.RESIGNATION, None)


def test_what_changes_nothing_is_ignored() -> None:
    assert after(START, {"type": "player_gone", "colour": "white", "claimable_at": None}) == START
