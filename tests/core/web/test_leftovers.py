"""What is left of a body is read before a refusal, up to a limit and for a while."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from ninefold.core.web import leftovers
from ninefold.core.web.leftovers import RequestBodyReader

LEFT: Any = object()


class Client:
    """Sends these parts of a body, and then either the end or nothing more."""

    def __init__(self, parts: Iterable[bytes], *, has_end: bool = True) -> None:
        self.unsent = list(parts)
        self._has_end = has_end

    async def receive(self) -> Any:
        if not self.unsent and not self._has_end:
            await asyncio.get_running_loop().create_future()
        part = self.unsent.pop(0)
        if part is LEFT:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(self.unsent) or not self._has_end}


def reader(client: Client, **headers: str) -> RequestBodyReader:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "headers": encoded}
    return RequestBodyReader(scope, client.receive)


@pytest.mark.parametrize("headers", [{"content_length": "30"}, {"transfer_encoding": "chunked"}])
async def test_the_rest_is_read_to_its_end(headers: dict[str, str]) -> None:
    client = Client([b"x" * 10] * 3)
    body = reader(client, **headers)
    await body.receive()

    await body.drop_leftovers()

    assert client.unsent == []


@pytest.mark.parametrize("headers", [{}, {"content_length": "0"}])
async def test_nothing_is_read_where_there_is_no_body(headers: dict[str, str]) -> None:
    client = Client([b""])

    await reader(client, **headers).drop_leftovers()

    assert client.unsent == [b""]


async def test_nothing_is_read_after_the_end() -> None:
    client = Client([b"x"])
    body = reader(client, content_length="1")
    await body.receive()

    await body.drop_leftovers()


async def test_a_client_that_waits_to_be_asked_is_not_asked() -> None:
    client = Client([b"x" * 10])

    await reader(client, content_length="10", expect="100-continue").drop_leftovers()

    assert client.unsent == [b"x" * 10]


async def test_a_client_that_left_is_not_waited_for() -> None:
    client = Client([b"x", LEFT], has_end=False)

    await reader(client, content_length="10").drop_leftovers()

    assert client.unsent == []


async def test_no_more_is_read_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "LEFTOVER_BYTES_MAX", 25)
    client = Client([b"x" * 10] * 9)

    await reader(client, transfer_encoding="chunked").drop_leftovers()

    assert len(client.unsent) == 6


async def test_nothing_is_read_of_what_is_larger_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "LEFTOVER_BYTES_MAX", 25)
    client = Client([b"x" * 10] * 9)

    await reader(client, content_length="90").drop_leftovers()

    assert len(client.unsent) == 9


async def test_a_client_that_stops_sending_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "LEFTOVER_TIMEOUT_S", 0.05)
    client = Client([b"x" * 10], has_end=False)

    async with asyncio.timeout(5):
        await reader(client, content_length="20").drop_leftovers()

    assert client.unsent == []
