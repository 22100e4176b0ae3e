"""Batches of entries: each form in which a batch is sent is encoded once, for all of a channel's readers."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ninefold.core.live.model import Entry

EncodedT = TypeVar("EncodedT", str, bytes)


class Batch:
    """Consecutive entries of a channel."""

    __slots__ = ("_encoded", "channel", "entries", "epoch")

    def __init__(self, channel: str, epoch: str, entries: Sequence[Entry]) -> None:
        self.channel: Final = channel
        self.epoch: Final = epoch
        self.entries: Final = entries
        self._encoded: dict[Any, Any] = {}

    @property
    def offset(self) -> int:
        """The offset of the last entry."""
        return self.entries[-1].offset

    def encoded_by(self, encode: Callable[["Batch"], EncodedT]) -> EncodedT:
        """Return what a function makes of the batch; it is called once."""
        encoded: EncodedT | None = self._encoded.get(encode)
        if encoded is None:
            encoded = self._encoded[encode] = encode(self)
        return encoded


def one_line(data: bytes) -> bytes:
    """Return JSON without line breaks, which can only be between its tokens."""
    return data.replace(b"\n", b" ").replace(b"\r", b" ") if b"\n" in data or b"\r" in data else data
