"""How many connections a real server accepts."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import pytest

from ninefold.edge.server import CONNECTIONS_MAX, CONNECTIONS_MIN, OPEN_FILES_RESERVED, connections_max

CONNECTIONS = 1_100
"""More than Granian accepts by default."""

ANSWER_WITHIN_S = 60.0


async def test_a_server_answers_on_more_than_a_thousand_connections(server_url: str) -> None:
    address = urlsplit(server_url)
    async with AsyncExitStack() as stack, asyncio.timeout(ANSWER_WITHIN_S):
        for _ in range(CONNECTIONS):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            stack.callback(writer.close)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: ninefold.test\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head


@pytest.mark.parametrize(
    ("open_files_max", "expected"),
    [
        (-1, CONNECTIONS_MAX),
        (1_000_000, CONNECTIONS_MAX),
        (20_000, 20_000 - OPEN_FILES_RESERVED),
        (64, CONNECTIONS_MIN),
    ],
    ids=["unlimited", "very many", "many", "few"],
)
def test_connections_are_limited_by_the_open_files(open_files_max: int, expected: int) -> None:
    assert connections_max(open_files_max) == expected
