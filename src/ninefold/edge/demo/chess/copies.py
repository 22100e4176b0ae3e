"""The copy of a game that a client has: the entries of its log, and the position after each of them."""

from collections.abc import Callable
from typing import Final

from ninefold.edge.simulation.copies import Entry, LogCopy
from ninefold.systems.chess.rules.position import IllegalMoveError, Position


class GameCopy(LogCopy):
    """What a client knows about a game.

    Args:
        on_entry: is told each entry once, in the order of the log.
    """

    def __init__(self, on_entry: Callable[[Entry], None] = lambda _: None) -> None:
        super().__init__(on_entry)
        self.moves: Final[list[str]] = []
        self.offers: Final[dict[str, str]] = {}
        """Who offers a draw or a takeback now."""
        self._positions: Final[list[Position]] = []
        """The position at the beginning, and after each move that counts."""

    @property
    def position(self) -> Position:
        """The position now."""
        return self._positions[-1]

    @property
    def is_ended(self) -> bool:
        """Whether the log is complete, or wrong."""
        return self.problem is not None or (bool(self.log) and self.log[-1]["type"] == "ended")

    def _apply(self, entry: Entry) -> None:
        try:
            self._play(entry)
        except IllegalMoveError as error:
            self.problem = f"Entry {entry['sequence']} has an illegal move: {error}"
        if (fen := entry.get("fen", self.position.fen)) != self.position.fen:
            self.problem = f"After entry {entry['sequence']}, the server has {fen}, and the client {self.position.fen}."

    def _play(self, entry: Entry) -> None:
        match entry["type"]:
            case "started":
                self._positions.append(Position.parse(entry["initial_fen"]))
            case "move":
                self._positions.append(self.position.play(entry["uci"]))
                self.moves.append(entry["uci"])
                self.offers.pop("takeback", None)
            case "takeback":
                del self.moves[-entry["plies"] :]
                del self._positions[-entry["plies"] :]
                self.offers.clear()
            case "draw_offered" | "takeback_offered" as kind:
                self.offers[kind.removesuffix("_offered")] = entry["colour"]
            case "draw_declined" | "takeback_declined" as kind:
                self.offers.pop(kind.removesuffix("_declined"), None)
