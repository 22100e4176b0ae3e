"""The referee of simulated games: a referee that never objects would prove nothing."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ninefold.systems.chess.model import START_FEN
from ninefold.systems.chess.rules.position import Position

PROGRAM = Path(__file__).parents[4] / "bench" / "chess" / "referee.py"
CLOCKS = {"white_ms": 60_000, "black_ms": 60_000}
FOOLS_MATE = ["f2f3", "e7e5", "g2g4", "d8h4"]


def judge(log: list[dict[str, Any]]) -> list[str]:
    """Judge a log; the program isn't part of a package."""
    spec = importlib.util.spec_from_file_location("chess_referee", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[str] = module.Referee(log).judge()
    return found


def log_of_mate() -> list[dict[str, Any]]:
    """The log of a game of one minute in which each move of the second turn took a second, of which 100 ms were lag."""
    clock = {"limit_s": 60, "increment_s": 0}
    entries: list[dict[str, Any]] = [{"type": "started", "initial_fen": START_FEN, "clock": clock, "clocks": CLOCKS}]
    position, clocks = Position.parse(), dict(CLOCKS)
    for ply, uci in enumerate(FOOLS_MATE, start=1):
        san, is_timed = position.san_of(uci), ply > 2
        clocks[f"{position.turn}_ms"] -= 900 if is_timed else 0
        position = position.play(uci)
        times = (
            {"elapsed_ms": 1_000, "claimed_lag_ms": 100, "compensation_ms": 100} if is_timed else {"elapsed_ms": None}
        )
        shown = {"ply": ply, "uci": uci, "san": san, "fen": position.fen, "position_hash": position.key}
        entries.append({"type": "move", **shown, "clocks": dict(clocks), **times})
    entries.append({"type": "ended", "winner": "black", "reason": "checkmate", "clocks": dict(clocks)})
    return [{"sequence": number, **entry} for number, entry in enumerate(entries, start=1)]


def test_a_true_log_is_right() -> None:
    assert judge(log_of_mate()) == []


@pytest.mark.parametrize(
    ("number", "fields", "problem"),
    [
        (2, {"uci": "f2f5"}, "illegal"),
        (2, {"san": "f4"}, "SAN"),
        (2, {"fen": START_FEN}, "position"),
        (2, {"position_hash": "0" * 16}, "hash"),
        (2, {"ply": 2}, "ply"),
        (4, {"clocks": {"white_ms": 60_000, "black_ms": 60_000}}, "clock of white"),
        (4, {"compensation_ms": 200}, "compensates too much"),
        (6, {"reason": "stalemate", "winner": None}, "it isn't stalemate"),
        (6, {"winner": "white"}, "can't have won"),
        (6, {"reason": "flag"}, "isn't at zero"),
        (6, {"reason": "resignation", "clocks": {"white_ms": 0, "black_ms": 1}}, "without a flag"),
        (6, {"reason": "aborted", "winner": None}, "both had moved"),
    ],
)
def test_a_log_with_a_mistake_is_wrong(number: int, fields: Mapping[str, Any], problem: str) -> None:
    log = log_of_mate()
    log[number - 1] |= fields

    assert any(problem in found for found in judge(log))


def test_a_game_that_goes_on_after_its_end_is_wrong() -> None:
    log = log_of_mate()

    assert judge([*log[:-1], {**log[-2], "sequence": 6}, {**log[-1], "sequence": 7}]) != []


def test_a_log_without_an_end_is_wrong() -> None:
    assert any("hasn't ended" in found for found in judge(log_of_mate()[:-1]))
