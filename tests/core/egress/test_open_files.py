"""The open files of the process limit its connections, and running out of them isn't blamed on the receiver."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.egress.conftest import LOOPBACK, MakeClient, Post
from core.egress.scripted_server import Peer, running, serve_ok
from ninefold.core.egress import EgressClient, EgressLimits, LocalLimitError

WITHIN_S = 5.0


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Use up every descriptor that the process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.mark.parametrize(
    ("open_files_max", "connections_max", "idle_per_origin_max"),
    [
        (-1, 4096, 2048),
        (1_048_576, 4096, 2048),
        (4224, 4096, 2048),
        (4223, 4095, 2048),
        (1024, 896, 896),
        (256, 128, 128),
        (64, 16, 16),
        (0, 16, 16),
    ],
)
def test_connections_are_limited_by_the_open_files(
    open_files_max: int, connections_max: int, idle_per_origin_max: int
) -> None:
    limits = EgressLimits.within(open_files_max)
    assert limits.connections_max == connections_max
    assert limits.idle_connections_max == connections_max
    assert limits.idle_connections_per_origin_max == idle_per_origin_max


async def test_a_client_is_limited_by_the_open_files_of_its_process() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        client = EgressClient(LOOPBACK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert client._limits.connections_max == 128
    await client.aclose()


async def test_an_idle_connection_is_closed_where_no_descriptor_is_left(make_client: MakeClient, post: Post) -> None:
    client = make_client()
    async with running(serve_ok) as idle, running(serve_ok) as server:
        await post(client, idle.url())
        with no_descriptor_left():
            request = asyncio.create_task(post(client, server.url()))
            await asyncio.wait_for(idle.ended.wait(), WITHIN_S)
        assert (await request).status == 200


async def test_a_request_that_gets_no_descriptor_in_time_is_a_local_limit(make_client: MakeClient, post: Post) -> None:
    client = make_client(connect_timeout_s=0.1)
    async with running(serve_ok) as server:
        with no_descriptor_left(), pytest.raises(LocalLimitError, match="Too many open files"):
            await post(client, server.url())
        assert server.connection_count == 0
        assert (await post(client, server.url())).status == 200


async def test_a_request_continues_when_another_frees_its_descriptor(make_client: MakeClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await go_on.wait()

    go_on = asyncio.Event()
    client = make_client()
    async with running(script) as busy, running(serve_ok) as server:
        first = asyncio.create_task(post(client, busy.url()))
        await asyncio.wait_for(busy.connected.wait(), WITHIN_S)
        with no_descriptor_left():
            second = asyncio.create_task(post(client, server.url()))
            go_on.set()
            await asyncio.wait([first], timeout=WITHIN_S)
        assert (await second).status == 200
    assert first.exception() is not None
