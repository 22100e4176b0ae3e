"""Open channels: those that clients of this process read."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from ninefold.core.live import metrics
from ninefold.core.live.batches import Batch
from ninefold.core.live.limits import TAIL_BYTES_MAX, TAIL_ENTRIES_MAX
from ninefold.core.live.model import Channel, Entry, Position


class Subscriber(Protocol):
    """A client's subscription to a channel. Its methods return at once and never fail."""

    def deliver(self, batch: Batch) -> None:
        """Send the entries that follow those it has sent before."""
        ...

    def lose_position(self) -> None:
        """Say that entries are missing, so that the client subscribes again."""
        ...

    def check_access(self) -> bool:
        """Have the client subscribe again if it has to show that it still may read; return whether it reads on."""
        ...

    def show_signal(self, signal: bytes) -> None:
        """Show what another client has published and what isn't stored: a `Publication` as JSON."""
        ...

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        """Show that a client has joined or left: its `ClientInfo` as JSON."""
        ...


class OpenChannel:
    """A channel that is read once for all its subscribers.

    Args:
        channel: its name.
        epoch: says which log the offsets belong to.
        position: where reading begins.
    """

    def __init__(self, channel: Channel, *, epoch: str, position: Position) -> None:
        self.channel: Final = channel
        self.name: Final = channel.name
        self.epoch: Final = epoch
        self.offset = position.offset
        """Subscribers have got the entries up to here."""
        self.subscribers: set[Subscriber] = set()
        self.catching_up = 0
        """The number of subscriptions that read earlier entries first."""
        self.access_ends = 0
        """How many entries have ended somebody's access since it was opened."""
        self.was_unused = False
        self._tail: deque[Entry] = deque()
        self._tail_after = position.offset
        """The tail has all entries after this offset."""
        self._tail_bytes = 0

    @property
    def is_used(self) -> bool:
        """Whether anybody reads it."""
        return bool(self.subscribers) or self.catching_up > 0

    def advance(self, entries: Sequence[Entry]) -> None:
        """Pass the entries that follow to all subscribers."""
        assert entries[0].offset > self.offset, "a feed returned entries that aren't after the cursor"
        self.offset = entries[-1].offset
        self._remember(entries)
        readers = tuple(self.subscribers)
        for part in _parts(entries):
            batch = self.batch(part)
            for subscriber in readers:
                subscriber.deliver(batch)
            metrics.ENTRIES_SENT.inc(len(part) * len(readers))
            if part[-1].ends_access:
                self.access_ends += 1
                readers = tuple([subscriber for subscriber in readers if subscriber.check_access()])
        metrics.ENTRIES_READ.inc(len(entries))

    def lose_position(self, position: Position) -> None:
        """Tell all subscribers that entries are missing, and continue at another position."""
        self.offset = self._tail_after = position.offset
        self._tail.clear()
        self._tail_bytes = 0
        for subscriber in tuple(self.subscribers):
            subscriber.lose_position()

    def batch(self, entries: Sequence[Entry]) -> Batch:
        """Return entries of this channel as a batch."""
        return Batch(self.name, self.epoch, entries)

    def tail_after(self, offset: int) -> list[Entry] | None:
        """Return all entries after an offset that were passed to subscribers; None if they aren't in memory."""
        if offset < self._tail_after:
            return None
        return [entry for entry in self._tail if entry.offset > offset]

    def prepend(self, entries: Sequence[Entry], *, after: int, reached: int) -> None:
        """Remember earlier entries, which are all that the log has after one offset and up to another."""
        missing = [entry for entry in entries if entry.offset <= self._tail_after]
        size = self._tail_bytes + sum(len(entry.data) for entry in missing)
        is_adjacent = after < self._tail_after <= reached
        if is_adjacent and len(missing) + len(self._tail) <= TAIL_ENTRIES_MAX and size <= TAIL_BYTES_MAX:
            self._tail.extendleft(reversed(missing))
            self._tail_bytes = size
            self._tail_after = after

    def _remember(self, entries: Sequence[Entry]) -> None:
        self._tail.extend(entries)
        self._tail_bytes += sum(len(entry.data) for entry in entries)
        while len(self._tail) > TAIL_ENTRIES_MAX or self._tail_bytes > TAIL_BYTES_MAX:
            dropped = self._tail.popleft()
            self._tail_bytes -= len(dropped.data)
            self._tail_after = dropped.offset


def _parts(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield entries in parts that end with one that ends somebody's access; almost always, that is all at once."""
    begin = 0
    for end, entry in enumerate(entries, start=1):
        if entry.ends_access or end == len(entries):
            yield entries[begin:end]
            begin = end
