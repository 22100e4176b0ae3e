import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest

from ninefold.core.errors import UnavailableError
from ninefold.systems.assistant.openai import answers
from ninefold.systems.assistant.openai.answers import EventStream, JsonAnswer
from ninefold.systems.assistant.openai.errors import ServerStoppingError
from ninefold.systems.assistant.openai.interruptions import Interruption, OnClosed, OpenAnswers, do_nothing

ORGANISATION_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
STOPPED = ServerStoppingError("The server stops.", can_repeat=True, remedy="Try again.")


def interruption(on_closed: OnClosed = do_nothing, *, stopping: asyncio.Event | None = None) -> Interruption:
    return Interruption(
        answers=OpenAnswers(stopping or asyncio.Event()),
        organisation_id=ORGANISATION_ID,
        stopped=STOPPED,
        on_closed=on_closed,
    )


class Client:
    """The other end of a connection."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.has_closed = asyncio.Event()

    async def receive(self) -> Any:
        await self.has_closed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def is_complete(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


async def run(answer: EventStream | JsonAnswer, client: Client) -> None:
    scope: Any = {}
    async with asyncio.timeout(5):
        await answer(scope, client.receive, client.send)


async def events(*chunks: bytes | Exception) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


class Endless:
    """Events that wait after the first ones, and know whether they were closed."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.is_closed = False

    async def run(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self._chunks:
                yield chunk
            await asyncio.Event().wait()
        finally:
            self.is_closed = True


class Closing:
    """Counts how often a response was cancelled."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


async def test_a_stream_has_all_events_and_an_end() -> None:
    client, closing = Client(), Closing()
    await run(EventStream(events(b"a", b"b"), interruption(closing)), client)
    assert (client.sent[0]["status"], client.body, client.is_complete, closing.count) == (200, b"ab", True, 0)


async def test_a_client_that_closes_the_connection_ends_the_events() -> None:
    client, closing, endless = Client(), Closing(), Endless(b"a")
    running = asyncio.create_task(run(EventStream(endless.run(), interruption(closing)), client))
    while not client.sent:
        await asyncio.sleep(0)
    client.has_closed.set()
    await running
    assert (client.is_complete, closing.count, endless.is_closed) == (False, 1, True)


async def test_an_error_before_the_first_event_is_answered_as_usual() -> None:
    client = Client()
    with pytest.raises(UnavailableError):
        await run(EventStream(events(UnavailableError("Later.")), interruption()), client)
    assert client.sent == []


async def test_an_error_after_the_first_event_is_an_event() -> None:
    client = Client()
    stream = EventStream(
        events(b"a", UnavailableError("Later.")), interruption(), show_error=lambda error: error.detail.encode()
    )
    await run(stream, client)
    assert (client.body, client.is_complete) == (b"aLater.", True)


async def test_an_error_without_an_event_of_its_own_breaks_the_stream_off() -> None:
    client = Client()
    with pytest.raises(UnavailableError):
        await run(EventStream(events(b"a", UnavailableError("Later.")), interruption()), client)
    assert (client.body, client.is_complete) == (b"a", False)


async def test_a_silent_stream_has_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "HEAD_WITHIN_S", 0.01)
    monkeypatch.setattr(answers, "KEEP_ALIVE_S", 0.01)
    client = Client()
    running = asyncio.create_task(run(EventStream(Endless().run(), interruption()), client))
    while client.body.count(b": keep-alive\n\n") < 3:
        await asyncio.sleep(0.005)
    client.has_closed.set()
    await running
    assert client.sent[0]["status"] == 200


async def slowly(content: bytes) -> bytes:
    await asyncio.sleep(0)
    return content


async def never() -> bytes:
    await asyncio.Event().wait()
    return b""


async def test_json_is_sent_when_it_is_there() -> None:
    client, closing = Client(), Closing()
    await run(JsonAnswer(slowly(b"{}"), interruption(closing)), client)
    assert (client.sent[0]["status"], client.body, client.is_complete, closing.count) == (200, b"{}", True, 0)


async def test_a_client_that_closes_the_connection_gets_no_json() -> None:
    client, closing = Client(), Closing()
    client.has_closed.set()
    await run(JsonAnswer(never(), interruption(closing)), client)
    assert (client.sent, closing.count) == ([], 1)


async def test_a_server_that_stops_says_so() -> None:
    client, closing, stopping = Client(), Closing(), asyncio.Event()
    stopping.set()
    with pytest.raises(ServerStoppingError):
        await run(JsonAnswer(never(), interruption(closing, stopping=stopping)), client)
    assert (client.sent, closing.count) == ([], 1)


async def test_a_stream_that_has_not_begun_says_that_the_server_stops() -> None:
    client, closing, stopping = Client(), Closing(), asyncio.Event()
    stopping.set()
    with pytest.raises(ServerStoppingError):
        await run(EventStream(Endless().run(), interruption(closing, stopping=stopping)), client)
    assert (client.sent, closing.count) == ([], 1)


async def test_a_stream_that_has_begun_breaks_off_when_the_server_stops() -> None:
    client, closing, endless, stopping = Client(), Closing(), Endless(b"a"), asyncio.Event()
    running = asyncio.create_task(run(EventStream(endless.run(), interruption(closing, stopping=stopping)), client))
    while not client.sent:
        await asyncio.sleep(0)
    stopping.set()
    await running
    assert (client.is_complete, closing.count, endless.is_closed) == (False, 1, True)
