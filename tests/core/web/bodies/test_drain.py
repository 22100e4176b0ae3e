"""The unread part of a refused request's body is drained, up to a size and a time limit."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from ninefold.core.web.bodies import drain
from ninefold.core.web.bodies.drain import RequestBodyReader

DISCONNECT: Any = object()


class Client:
    """Sends chunks of a body, then either ends it or sends nothing more."""

    def __init__(self, chunks: Iterable[bytes], *, has_end: bool = True) -> None:
        self.unsent = list(chunks)
        self._has_end = has_end

    async def receive(self) -> Any:
        if not self.unsent and not self._has_end:
            await asyncio.get_running_loop().create_future()
        chunk = self.unsent.pop(0)
        if chunk is DISCONNECT:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(self.unsent) or not self._has_end}


def reader(client: Client, **headers: str) -> RequestBodyReader:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "headers": encoded}
    return RequestBodyReader(scope, client.receive)


@pytest.mark.parametrize("headers", [{"content_length": "30"}, {"transfer_encoding": "chunked"}])
async def test_the_rest_of_the_body_is_read(headers: dict[str, str]) -> None:
    client = Client([b"x" * 10] * 3)
    body = reader(client, **headers)
    await body.receive()

    await body.drain()

    assert client.unsent == []


@pytest.mark.parametrize("headers", [{}, {"content_length": "0"}])
async def test_nothing_is_read_without_a_body(headers: dict[str, str]) -> None:
    client = Client([b""])

    await reader(client, **headers).drain()

    assert client.unsent == [b""]


async def test_nothing_is_read_after_the_end_of_the_body() -> None:
    client = Client([b"x"])
    body = reader(client, content_length="1")
    await body.receive()

    await body.drain()


async def test_a_client_that_waits_for_100_continue_is_not_asked_to_send() -> None:
    client = Client([b"x" * 10])

    await reader(client, content_length="10", expect="100-continue").drain()

    assert client.unsent == [b"x" * 10]


async def test_draining_ends_when_the_client_disconnects() -> None:
    client = Client([b"x", DISCONNECT], has_end=False)

    await reader(client, content_length="10").drain()

    assert client.unsent == []


async def test_draining_ends_at_the_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "DRAIN_BYTES_MAX", 25)
    client = Client([b"x" * 10] * 9)

    await reader(client, transfer_encoding="chunked").drain()

    assert len(client.unsent) == 6


async def test_nothing_is_read_of_a_body_larger_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "DRAIN_BYTES_MAX", 25)
    client = Client([b"x" * 10] * 9)

    await reader(client, content_length="90").drain()

    assert len(client.unsent) == 9


async def test_draining_ends_soon_if_the_client_stops_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "DRAIN_TIMEOUT_S", 0.05)
    client = Client([b"x" * 10], has_end=False)

    async with asyncio.timeout(5):
        await reader(client, content_length="20").drain()

    assert client.unsent == []
