"""Reading a body chunk by chunk."""

from typing import Any

import pytest

from ninefold.core.errors import PayloadTooLargeError
from ninefold.core.web.bodies.chunks import ChunkReader
from ninefold.core.web.errors import ClientDisconnectedError

DISCONNECT: dict[str, Any] = {"type": "http.disconnect"}


def reader(*messages: dict[str, Any], content_length: str = "", size_max: int = 100) -> ChunkReader:
    unread = list(messages)

    async def receive() -> Any:
        return unread.pop(0)

    return ChunkReader(receive, content_length=content_length, size_max=size_max)


def chunk(content: bytes, *, is_last: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": not is_last}


async def test_a_body_of_several_chunks_is_joined() -> None:
    content = await reader(chunk(b"one"), chunk(b""), chunk(b"two", is_last=True)).read_all()

    assert content == b"onetwo"


async def test_a_body_of_one_chunk_is_not_copied() -> None:
    content = b"x" * 100

    assert await reader(chunk(content, is_last=True)).read_all() is content


async def test_chunks_can_be_read_one_at_a_time_until_the_body_is_complete() -> None:
    chunks = reader(chunk(b"one"), chunk(b"two", is_last=True))

    assert (await chunks.read(), chunks.is_complete) == (b"one", False)
    assert (await chunks.read(), chunks.is_complete) == (b"two", True)


async def test_a_message_without_more_body_is_the_last_one() -> None:
    assert await reader({"type": "http.request", "body": b"all"}).read_all() == b"all"


async def test_a_content_length_above_the_limit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(PayloadTooLargeError, match="larger than 100 bytes"):
        reader(content_length="101", size_max=100)


async def test_a_body_that_grows_above_the_limit_is_refused_at_the_chunk_that_exceeds_it() -> None:
    chunks = reader(chunk(b"x" * 100), chunk(b"x"), chunk(b"never read"), size_max=100)
    await chunks.read()

    with pytest.raises(PayloadTooLargeError, match="larger than 100 bytes"):
        await chunks.read()


@pytest.mark.parametrize("content_length", ["", "100", "-1", "many"])
async def test_a_body_of_exactly_the_limit_is_read_whatever_its_content_length_says(content_length: str) -> None:
    body = reader(chunk(b"x" * 100, is_last=True), content_length=content_length, size_max=100)

    assert len(await body.read_all()) == 100


async def test_a_client_that_disconnects_before_the_end_of_the_body_is_an_error() -> None:
    with pytest.raises(ClientDisconnectedError):
        await reader(chunk(b"one"), DISCONNECT).read_all()
