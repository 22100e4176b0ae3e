from collections.abc import AsyncIterator

import pytest

from ninefold.systems.assistant.engines import event_stream
from ninefold.systems.assistant.engines.errors import EngineBrokeOffError
from ninefold.systems.assistant.engines.event_stream import read_events

STREAM = b': ping\n\ndata: {"a":1}\r\n\r\ndata:second\n\nevent: x\ndata: three\ndata: lines\n\ndata: [DONE]'
EVENTS = [b'{"a":1}', b"second", b"three\nlines", b"[DONE]"]


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", range(1, 30))
async def test_events_are_the_same_wherever_the_body_is_divided(size: int) -> None:
    assert [event async for event in read_events(in_pieces(STREAM, size))] == EVENTS


async def test_an_event_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "EVENT_LENGTH_MAX", 100)

    with pytest.raises(EngineBrokeOffError, match="too long"):
        [event async for event in read_events(in_pieces(b"data: " + b"x" * 1000, 64))]
