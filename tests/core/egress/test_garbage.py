"""A request leaves no reference cycles: they would wait for the cycle collector, which may run much later."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

import pytest
import trustme

from core.egress.conftest import FakeResolver, MakeClient, Post
from core.egress.scripted_server import OK, Peer, Script, answering, answering_and_waiting, running
from ninefold.core.egress import EgressClient, EgressError, Resolver, StreamedResponse, parse_target
from ninefold.core.egress.reader import ResponseReader

WITHIN_S = 5.0


@contextmanager
def no_cycles() -> Iterator[None]:
    """Fail if only the cycle collector could free something of ours."""
    # What exists already isn't looked at, which makes a collection fast.
    gc.freeze()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        cycles = [thing for thing in gc.garbage if is_ours(thing)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()
    assert cycles == []


def abort_all(client: EgressClient) -> None:
    for connection in list(client._pool._open):
        connection.abort()


def is_ours(thing: object) -> bool:
    if isinstance(thing, FrameType):
        return str(thing.f_globals["__name__"]).startswith("ninefold.")
    return isinstance(thing, EgressError | ResponseReader | StreamedResponse)


async def outcome(post: Post, client: EgressClient, url: str, *, timeout_s: float = WITHIN_S) -> str:
    try:
        return str((await post(client, url, timeout_s=timeout_s)).status)
    except EgressError as error:
        return error.error_class


class Send(Protocol):
    """Sends a request in one of the ways that a client offers, and returns the status or the error class."""

    async def __call__(self, client: EgressClient, url: str, *, timeout_s: float) -> str: ...


async def post_outcome(client: EgressClient, url: str, *, timeout_s: float) -> str:
    try:
        return str((await client.post(parse_target(url), head=b"", body=b"", timeout_s=timeout_s)).status)
    except EgressError as error:
        return error.error_class


async def request_outcome(client: EgressClient, url: str, *, timeout_s: float) -> str:
    try:
        return str((await client.request("GET", parse_target(url), timeout_s=timeout_s)).status)
    except EgressError as error:
        return error.error_class


async def stream_outcome(client: EgressClient, url: str, *, timeout_s: float) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield b"a"

    try:
        async with client.stream(
            "PUT", parse_target(url), body=body(), head_timeout_s=timeout_s, idle_timeout_s=timeout_s
        ) as response:
            async for _piece in response:
                pass
            return str(response.status)
    except EgressError as error:
        return error.error_class


async def hang_up(peer: Peer) -> None:
    await peer.read_request()
    peer.reset()


async def speak_first(peer: Peer) -> None:
    await peer.send(OK)
    await peer.wait_for_end()


async def silence(peer: Peer) -> None:
    await peer.wait_for_end()


async def answer_once_and_hang_up(peer: Peer) -> None:
    await peer.read_request()
    await peer.send(OK)
    await peer.read_request()
    peer.reset()


class Hanging:
    """A resolver that never answers."""

    async def resolve(self, host: str, *, timeout_s: float) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError(f"{host} was resolved after {timeout_s} s")

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("send", [post_outcome, request_outcome, stream_outcome])
@pytest.mark.parametrize(
    ("script", "scheme", "expected"),
    [
        (answering_and_waiting(OK), "http", "200"),
        (answering(b"HTTP/1.1 200 OK\r\n\r\nok"), "http", "200"),
        (answering(b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok"), "http", "200"),
        (answering(b"HTTP/1.1 200 OK\r\ncont"), "http", None),
        (answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok"), "http", None),
        (hang_up, "http", "connection_closed"),
        (silence, "http", "timeout"),
        (answering_and_waiting(b"SSH-2.0\r\n"), "http", "protocol_error"),
        (answering_and_waiting(b"HTTP/1.1 101 Other\r\n\r\n"), "http", "protocol_error"),
        (answering_and_waiting(b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000), "http", "headers_too_large"),
        (silence, "https", "connect_timeout"),
        (speak_first, "https", "tls_not_spoken"),
    ],
    ids=[
        "kept",
        "delimited by end",
        "bare LF",
        "head cut short",
        "body cut short",
        "closed",
        "silent",
        "not HTTP",
        "101",
        "large head",
        "silent handshake",
        "broken handshake",
    ],
)
async def test_a_request_leaves_no_cycles(
    client: EgressClient, send: Send, script: Script, scheme: str, expected: str | None
) -> None:
    if expected is None:
        # A POST whose response is incomplete has its status; other callers need the whole response.
        expected = "200" if send is post_outcome else "connection_closed"
    timeout_s = 0.05 if script is silence else WITHIN_S
    async with running(script) as server:
        with no_cycles():
            for _ in range(2):
                assert await send(client, server.url(scheme=scheme), timeout_s=timeout_s) == expected
                abort_all(client)
            await client._pool.wait_until_empty(timeout_s=WITHIN_S)


@pytest.mark.parametrize(
    ("make_resolver", "expected"),
    [
        (lambda: FakeResolver(["127.0.0.2", "127.0.0.3"]), "connect_failed"),
        (lambda: FakeResolver(["127.0.0.2", "127.0.0.1"]), "200"),
        (lambda: FakeResolver(["10.0.0.1"]), "address_denied"),
        (FakeResolver, "dns_failed"),
        (Hanging, "connect_timeout"),
    ],
    ids=["refused", "refused by the first", "denied", "no address", "silent name server"],
)
async def test_a_connection_that_fails_leaves_no_cycles(
    make_client: MakeClient, post: Post, make_resolver: Callable[[], Resolver], expected: str
) -> None:
    client = make_client(resolver=make_resolver(), connect_timeout_s=0.05)
    async with running(answering_and_waiting(OK)) as server:
        with no_cycles():
            for _ in range(2):
                assert await outcome(post, client, server.url(host="hooks.example")) == expected
                abort_all(client)
                await client._pool.wait_until_empty(timeout_s=WITHIN_S)


async def test_a_wait_for_a_connection_that_is_too_long_leaves_no_cycles(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(silence) as server:
        busy = asyncio.create_task(outcome(post, client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        with no_cycles():
            assert await outcome(post, client, server.url(), timeout_s=0.02) == "local_limit"
        await client.aclose()
        assert await busy == "connection_closed"


async def test_a_request_that_is_sent_again_leaves_no_cycles(client: EgressClient, post: Post) -> None:
    async with running(answer_once_and_hang_up) as server:
        with no_cycles():
            assert [await outcome(post, client, server.url()) for _ in range(3)] == ["200"] * 3
        assert server.connection_count == 3


async def test_a_certificate_that_is_not_valid_leaves_no_cycles(post: Post, make_client: MakeClient) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    client = make_client()
    async with running(silence, tls=tls) as server:
        with no_cycles():
            assert await outcome(post, client, server.url(scheme="https")) == "tls_certificate_untrusted"
