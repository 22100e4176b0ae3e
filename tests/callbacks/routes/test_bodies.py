import asyncio
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import httpx
import pytest

from callbacks.callbacks_api import CallbacksApi
from ninefold.systems.callbacks.errors import BodyTimeoutError, InboxFullError
from ninefold.systems.callbacks.routes.bodies import BODY_BYTES_MAX, SMALL_BODY_BYTES_MAX, BodyMemory, BodyReader

ORGANISATION = uuid4()


def reader(memory: BodyMemory, *, timeout_s: float = 30.0) -> BodyReader:
    return BodyReader(memory, organisation_id=ORGANISATION, timeout_s=timeout_s)


async def read(body: BodyReader, content: bytes) -> bytes | None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": content, "more_body": False}

    return await body.read([], receive)  # type: ignore[arg-type]


async def stall(body: BodyReader, beginning: bytes) -> bytes | None:
    chunks = [beginning]

    async def receive() -> dict[str, object]:
        if not chunks:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunks.pop(), "more_body": True}

    return await body.read([], receive)  # type: ignore[arg-type]


async def fill(memory: BodyMemory) -> list[BodyReader]:
    """Take all the memory that one organisation can have with large bodies."""
    held: list[BodyReader] = []
    while True:
        body = reader(memory)
        try:
            await read(body, b"x" * (BODY_BYTES_MAX // 10))
        except InboxFullError:
            return held
        held.append(body)


async def test_a_body_that_stalls_is_given_up_and_its_memory_is_free() -> None:
    memory = BodyMemory()
    held = await fill(memory)
    held.pop().release()
    stalled = reader(memory, timeout_s=0.01)

    with pytest.raises(BodyTimeoutError):
        await stall(stalled, b"x" * (BODY_BYTES_MAX // 10))
    stalled.release()

    assert await read(reader(memory), b"x" * (BODY_BYTES_MAX // 10)) is not None


async def test_small_bodies_pass_while_large_ones_have_all_other_memory() -> None:
    memory = BodyMemory()
    held = await fill(memory)
    # What large ones have left.
    held += [reader(memory) for _ in range(50)]
    for body in held[-50:]:
        await read(body, b"x" * SMALL_BODY_BYTES_MAX)

    assert await read(reader(memory), b"small") == b"small"
    with pytest.raises(InboxFullError):
        await read(reader(memory), b"x" * (SMALL_BODY_BYTES_MAX + 1))


class TestTimeout:
    @pytest.fixture
    def environment(self) -> Mapping[str, str]:
        return {"NINEFOLD_CALLBACKS_BODY_TIMEOUT_S": "1"}

    async def test_a_body_that_stalls_is_answered_408(self, api: CallbacksApi) -> None:
        source = await api.create_source()

        async def stalling() -> AsyncIterator[bytes]:
            yield b"x"
            await asyncio.sleep(1.5)
            yield b"y"

        response = await api.http.post(httpx.URL(source["ingest_url"]).path, content=stalling())

        assert (response.status_code, response.json()["code"]) == (408, "body_timeout")
        assert response.headers["connection"] == "close"
        assert (await api.get("/callbacks"))["items"] == []
