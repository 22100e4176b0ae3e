"""The copy of a game that a client has: the entries of its log that have arrived, in their order."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ninefold.systems.chess.rules.position import IllegalMoveError, Position

# An entry of a log: `sequence`, `type` and `at`, and what else its type has.
Entry: TypeAlias = Mapping[str, Any]


class GameCopy:
    """What a client knows about a game.

    Entries can arrive twice and in any order: those that are known are skipped, and those that come too early wait
    until the ones before them have arrived.

    Args:
        on_entry: is told each entry once, in the order of the log.
    """

    def __init__(self, on_entry: Callable[[Entry], None] = lambda _: None) -> None:
        self.log: Final[list[Entry]] = []
        self.moves: Final[list[str]] = []
        self.offers: Final[dict[str, str]] = {}
        """Who offers a draw or a takeback now."""
        self.problem: str | None = None
        """What is wrong with the log; then nothing more is taken from it."""
        self._on_entry: Final = on_entry
        self._early: Final[dict[int, Entry]] = {}
        self._positions: Final[list[Position]] = []
        """The position at the beginning, and after each move that counts."""
        self._changed: Final = asyncio.Event()

    @property
    def position(self) -> Position:
        """The position now."""
        return self._positions[-1]

    @property
    def last_sequence(self) -> int:
        """The number of the last entry up to which nothing is missing."""
        return len(self.log)

    @property
    def is_ended(self) -> bool:
        """Whether the log is complete, or wrong."""
        return self.problem is not None or (bool(self.log) and self.log[-1]["type"] == "ended")

    @property
    def has_gap(self) -> bool:
        """Whether an entry has arrived before one that is still missing."""
        return bool(self._early)

    def receive(self, entry: Entry) -> None:
        """Take an entry, whenever it arrives."""
        if entry["sequence"] > len(self.log):
            self._early[entry["sequence"]] = entry
        while self.problem is None and (following := self._early.pop(len(self.log) + 1, None)) is not None:
            self._append(following)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true; it is looked at after each entry."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def _append(self, entry: Entry) -> None:
        self.log.append(entry)
        try:
            self._apply(entry)
        except IllegalMoveError as error:
            self.problem = f"Entry {entry['sequence']} has an illegal move: {error}"
        if (fen := entry.get("fen", self.position.fen)) != self.position.fen:
            self.problem = f"After entry {entry['sequence']}, the server has {fen}, and the client {self.position.fen}."
        self._on_entry(entry)
        self._changed.set()

    def _apply(self, entry: Entry) -> None:
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
