"""Reads the list of packets that ffmpeg's muxer `framecrc` writes."""

import asyncio
import re
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Final

from ninefold.systems.video.packaging.boxes import BoxError
from ninefold.systems.video.rules.chunking import Packet

_TIME_BASE: Final = re.compile(r"^#tb 0: (\d+)/(\d+)$")
_PACKET: Final = re.compile(r"^0, *-?\w+, *(-?\d+), *(\d+), *\d+, *0x[0-9a-f]+(?:, *F=0x([0-9A-Fa-f]+))?")
_KEY: Final = 1
_DISCARDED: Final = 4


async def read_packets(reader: asyncio.StreamReader) -> AsyncIterator[tuple[Fraction, Packet]]:
    """Yield the packets of a picture with their unit of time, in the order in which they are stored.

    Raises:
        BoxError: a packet has no time, or the list is malformed.
    """
    time_base = Fraction(0)
    while line := (await reader.readline()).decode(errors="replace").strip():
        if match := _TIME_BASE.match(line):
            time_base = Fraction(int(match[1]), int(match[2]))
        elif match := _PACKET.match(line):
            flags = _KEY if match[3] is None else int(match[3], 16)
            if not flags & _DISCARDED:
                yield time_base, Packet(time=int(match[1]), duration=int(match[2]), is_key=bool(flags & _KEY))
        elif not line.startswith("#"):
            raise BoxError(f"a packet has no time ({line[:60]})")
