"""The copy of a log that a client has: the entries that have arrived, in their order; and how copies are compared."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

# An entry of a log: `sequence`, `type` and `at`, and what else its type has.
Entry: TypeAlias = Mapping[str, Any]


class LogProof(msgspec.Struct, frozen=True, kw_only=True):
    """What a log contains, in short."""

    entries: int
    sha256: str
    """Of its entries as JSON with sorted keys, a line each."""


class LogCopy:
    """What a client knows about a log.

    Entries can arrive twice and in any order: those that are known are skipped, and those that come too early wait
    until the ones before them have arrived.

    Args:
        on_entry: is told each entry once, in the order of the log.
    """

    def __init__(self, on_entry: Callable[[Entry], None] = lambda _: None) -> None:
        self.log: Final[list[Entry]] = []
        self.problem: str | None = None
        """What is wrong with the log; then nothing more is taken from it."""
        self._on_entry: Final = on_entry
        self._early: Final[dict[int, Entry]] = {}
        self._changed: Final = asyncio.Event()
        self._last_sequence: int | None = None

    @property
    def last_sequence(self) -> int:
        """The number of the last entry up to which nothing is missing."""
        return len(self.log)

    @property
    def is_ended(self) -> bool:
        """Whether the log is complete, or wrong."""
        is_complete = self._last_sequence is not None and len(self.log) >= self._last_sequence
        return is_complete or self.problem is not None

    @property
    def has_gap(self) -> bool:
        """Whether an entry has arrived before one that is still missing."""
        return bool(self._early)

    def end_at(self, sequence: int) -> None:
        """Say which entry is the last one."""
        self._last_sequence = sequence
        self._changed.set()

    def receive(self, entry: Entry) -> None:
        """Take an entry, whenever it arrives."""
        if entry["sequence"] > len(self.log):
            self._early[entry["sequence"]] = entry
        while self.problem is None and (following := self._early.pop(len(self.log) + 1, None)) is not None:
            self.log.append(following)
            self._apply(following)
            self._on_entry(following)
            self._changed.set()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true; it is looked at after each entry."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def _apply(self, entry: Entry) -> None:
        """Change what the client knows besides the log."""


def prove(log: Iterable[Entry]) -> LogProof:
    """Return what two equal logs have in common, and different ones haven't."""
    lines = [msgspec.json.encode(entry, order="deterministic") for entry in log]
    return LogProof(entries=len(lines), sha256=hashlib.sha256(b"\n".join(lines)).hexdigest())
