"""Channels, entries and positions."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a channel's log."""

    offset: int
    """Its place in the log, at least 1. Later entries have larger offsets; there can be gaps."""
    data: bytes
    """What clients get: JSON."""
    ends_access: bool = False
    """Whether somebody can't read the channel any more, because of this entry: then all its clients subscribe again."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a channel's log there is."""

    offset: int
    """The offset of the last entry; 0 if there never was one."""
    offset_min: int = 0
    """The smallest offset after which the log is complete: the offset of the last entry that was deleted."""


class Channel(msgspec.Struct, frozen=True):
    """The name of a channel, and what stands in the place of each parameter of its feed's pattern."""

    name: str
    parameters: Mapping[str, str]

    def __hash__(self) -> int:
        return hash(self.name)

    def __getitem__(self, parameter: str) -> str:
        return self.parameters[parameter]


class Cursor(NamedTuple):
    """Up to where a channel was read."""

    channel: Channel
    offset: int


class StreamPosition(NamedTuple):
    """Up to where a client has read a channel."""

    epoch: str
    """What the server said with the offset. Empty: the client doesn't know."""
    offset: int
