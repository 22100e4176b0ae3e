"""Reads server-sent events: only their data, since engines send nothing else."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from ninefold.systems.assistant.engines.errors import EngineBrokeOffError

EVENT_LENGTH_MAX: Final = 4 * 1024 * 1024
_DATA: Final = b"data:"


async def read_events(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the data of each event, with lines that are separated by a line break.

    Raises:
        EngineBrokeOffError: an event is too long.
    """
    data: list[bytes] = []
    async for line in _lines(body):
        if line.startswith(_DATA):
            data.append(line.removeprefix(_DATA).removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []
    if data:
        # Some servers leave out the empty line at the end.
        yield b"\n".join(data)


async def _lines(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in body:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > EVENT_LENGTH_MAX:
            raise EngineBrokeOffError("The engine sent an event that is too long.")
    if rest:
        yield rest.removesuffix(b"\r")
