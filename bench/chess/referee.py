"""Judges the log of a game without Ninefold's own rules: positions and ends by python-chess, clocks by arithmetic."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import chess.pgn

import chess

INCREMENT_MS: Final = 1_000
ADDED_MS: Final = 15_000
FIFTY: Final = 100
SEVENTY_FIVE: Final = 150

Entry: TypeAlias = Mapping[str, Any]

_COLOURS: Final = {"white": chess.WHITE, "black": chess.BLACK}
_WITHOUT_PLAY: Final = frozenset({"resignation", "agreement", "abandonment", "aborted", "not_started"})
_ENDS: Final[Mapping[str, Callable[[chess.Board], bool]]] = {
    "checkmate": chess.Board.is_checkmate,
    "stalemate": chess.Board.is_stalemate,
    "insufficient_material": chess.Board.is_insufficient_material,
    "fivefold": chess.Board.is_fivefold_repetition,
    "seventy_five_moves": lambda board: board.halfmove_clock >= SEVENTY_FIVE,
    "threefold": lambda board: board.is_repetition(3),
    "fifty_moves": lambda board: board.halfmove_clock >= FIFTY,
}
_BY_ITSELF: Final = ("checkmate", "stalemate", "insufficient_material", "fivefold", "seventy_five_moves")


class Referee:
    """Follows a log, and collects what is wrong with it.

    Args:
        log: from its first entry to its last.
    """

    def __init__(self, log: Sequence[Entry]) -> None:
        self.problems: Final[list[str]] = []
        self._log: Final = log
        started = log[0]
        self.board: Final = chess.Board(started["initial_fen"])
        self._clocks: dict[str, int | None] = dict(started["clocks"])
        self._increment_ms: Final = ((started["clock"] or {}).get("increment_s") or 0) * INCREMENT_MS
        self._is_real_time: Final = "limit_s" in (started["clock"] or {}) and started["clock"]["limit_s"] is not None

    def judge(self) -> list[str]:
        """Return what is wrong, one sentence each."""
        for entry in self._log[1:]:
            match entry["type"]:
                case "move":
                    self._judge_move(entry)
                case "takeback":
                    for _ in range(entry["plies"]):
                        self.board.pop()
                    self._check(entry, self.board.fen(en_passant="legal") == entry["fen"], "the position is another")
                    self._clocks = dict(entry["clocks"])
                case "time_added":
                    self._judge_added_time(entry)
                case "ended":
                    self._judge_end(entry)
        self._check(self._log[-1], self._log[-1]["type"] == "ended", "the game hasn't ended")
        return self.problems

    def judge_pgn(self, text: str, *, winner: str | None) -> list[str]:
        """Return how a PGN differs from the log."""
        game = chess.pgn.read_game(io.StringIO(text))
        if game is None or game.errors:
            return ["The PGN can't be read."]
        problems = []
        if list(game.mainline_moves()) != self.board.move_stack:
            problems.append("The PGN has other moves.")
        wanted = {"white": "1-0", "black": "0-1", None: ("1/2-1/2", "*")}[winner]
        if game.headers["Result"] not in wanted:
            problems.append(f"The PGN's result is {game.headers['Result']}.")
        return problems

    def _judge_move(self, entry: Entry) -> None:
        colour = "white" if self.board.turn else "black"
        for reason in _BY_ITSELF:
            self._check(entry, not _ENDS[reason](self.board), f"the game had ended by {reason}")
        move = chess.Move.from_uci(entry["uci"])
        if not self.board.is_legal(move):
            self._check(entry, is_true=False, what="the move is illegal")
            return
        self._check(entry, self.board.san(move) == entry["san"], "the SAN is another")
        self.board.push(move)
        fen = self.board.fen(en_passant="legal")
        self._check(entry, fen == entry["fen"], f"the position is {fen}")
        identity = " ".join(fen.split(" ")[:4])
        key = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._check(entry, key == entry["position_hash"], "the hash is another")
        self._check(entry, len(self.board.move_stack) == entry["ply"], "the ply is another")
        self._judge_clocks(entry, colour)

    def _judge_clocks(self, entry: Entry, colour: str) -> None:
        before, after = self._clocks[f"{colour}_ms"], entry["clocks"][f"{colour}_ms"]
        if before is not None and self._is_real_time and entry["elapsed_ms"] is not None:
            compensation = entry["compensation_ms"]
            self._check(
                entry, 0 <= compensation <= min(entry["claimed_lag_ms"], entry["elapsed_ms"]), "compensates too much"
            )
            expected = before - (entry["elapsed_ms"] - compensation) + self._increment_ms
            self._check(entry, after == expected, f"the clock of {colour} is {after}, not {expected} ms")
            self._check(entry, expected - self._increment_ms > 0, "moved after the time was up")
        self._clocks = dict(entry["clocks"])

    def _judge_added_time(self, entry: Entry) -> None:
        name = f"{entry['colour']}_ms"
        before = self._clocks[name]
        assert before is not None, "only clocks get time"
        self._check(entry, entry["clocks"][name] == before + ADDED_MS, "the added time is another")
        self._clocks = dict(entry["clocks"])

    def _judge_end(self, entry: Entry) -> None:
        reason, winner = entry["reason"], entry["winner"]
        left = [ms for ms in entry["clocks"].values() if ms is not None]
        loser = "white" if self.board.turn else "black"
        opponent = "black" if self.board.turn else "white"
        if reason in {"flag", "flag_insufficient"}:
            self._check(entry, entry["clocks"][f"{loser}_ms"] == 0, "a clock that ran out isn't at zero")
            can_win = not self.board.has_insufficient_material(_COLOURS[opponent])
            self._check(entry, can_win == (reason == "flag"), f"with this material, {reason} is wrong")
        else:
            self._check(entry, all(ms > 0 for ms in left), "a clock is at zero without a flag")
        if reason in _ENDS:
            self._check(entry, _ENDS[reason](self.board), f"it isn't {reason}")
        elif reason not in _WITHOUT_PLAY:
            self._check(entry, reason in {"flag", "flag_insufficient"}, f"{reason} is unknown")
        wanted = {"checkmate": opponent, "flag": opponent}.get(reason, winner if reason == "resignation" else None)
        self._check(entry, winner == wanted or reason == "abandonment", f"{winner} can't have won")
        if reason in {"aborted", "not_started"}:
            self._check(entry, len(self.board.move_stack) < len(_COLOURS), "both had moved")

    def _check(self, entry: Entry, is_true: bool, what: str) -> None:  # noqa: FBT001  # the claim comes first.
        if not is_true:
            self.problems.append(f"Entry {entry['sequence']} ({entry['type']}): {what}.")
