"""The buffer of messages to one client."""

import asyncio

import pytest

from ninefold.core.live import outbox as outbox_module
from ninefold.core.live.outbox import Outbox


class Client:
    """Reads messages when it is allowed to."""

    def __init__(self, *, size_max: int = 100) -> None:
        self.read: list[str] = []
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.overflows = 0
        self.outbox = Outbox(self._write, separator="\n", size_max=size_max, overflow=self._overflow)

    async def _write(self, message: str) -> None:
        await self.may_read.wait()
        self.read.append(message)

    def _overflow(self) -> None:
        self.overflows += 1


async def test_messages_are_sent_in_order_and_those_that_wait_are_joined() -> None:
    client = Client()
    for message in ("a", "b", "c"):
        client.outbox.put(message)
    running = asyncio.create_task(client.outbox.run())
    await asyncio.sleep(0.01)
    client.outbox.put("d")
    client.outbox.close()
    await running

    assert client.read == ["a\nb\nc", "d"]


async def test_messages_are_joined_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "WRITE_SIZE_MAX", 5)
    client = Client()
    for message in ("aaa", "bb", "c", "dddddddd", "e"):
        client.outbox.put(message)
    client.outbox.close()
    await client.outbox.run()

    assert client.read == ["aaa\nbb", "c", "dddddddd", "e"]


async def test_too_much_that_waits_overflows_once_and_is_dropped() -> None:
    client = Client(size_max=10)
    client.may_read.clear()
    running = asyncio.create_task(client.outbox.run())
    client.outbox.put("12345")
    await asyncio.sleep(0)
    client.outbox.put("67890")
    assert client.overflows == 0
    client.outbox.put("x")
    client.outbox.put("y")
    client.may_read.set()
    await running

    assert client.overflows == 1
    assert client.read == ["12345"]


async def test_a_single_message_can_be_larger_than_the_buffer() -> None:
    client = Client(size_max=10)
    client.outbox.put("x" * 50)
    client.outbox.close()
    await client.outbox.run()

    assert (client.read, client.overflows) == (["x" * 50], 0)


async def test_there_is_room_when_at_most_half_of_the_buffer_waits() -> None:
    client = Client(size_max=10)
    client.may_read.clear()
    running = asyncio.create_task(client.outbox.run())
    client.outbox.put("123456")
    waiting = asyncio.create_task(client.outbox.wait_for_room())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    client.may_read.set()
    await asyncio.wait_for(waiting, 1)
    client.outbox.close()
    await running


@pytest.mark.parametrize("how", ["close", "overflow"])
async def test_who_waits_for_room_is_woken_when_the_outbox_is_closed(how: str) -> None:
    client = Client(size_max=10)
    client.outbox.put("123456")
    waiting = asyncio.create_task(client.outbox.wait_for_room())
    await asyncio.sleep(0)
    if how == "close":
        client.outbox.close()
    else:
        client.outbox.put("1234567")

    await asyncio.wait_for(waiting, 1)


async def test_an_error_of_the_connection_ends_sending() -> None:
    async def write(_: str) -> None:
        raise ConnectionResetError

    outbox = Outbox(write, separator="\n", size_max=10, overflow=lambda: None)
    outbox.put("a")

    with pytest.raises(ConnectionResetError):
        await outbox.run()
