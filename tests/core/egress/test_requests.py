"""Requests of any method, with their whole responses."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.egress.conftest import FakeResolver, MakeClient
from core.egress.scripted_server import OK, Peer, answering, answering_and_waiting, running, serve_ok
from ninefold.core.egress import (
    AddressDeniedError,
    AddressPolicy,
    BodyTooLargeError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EgressClient,
    EgressError,
    EgressResponse,
    HeadersTooLargeError,
    InvalidHeaderError,
    LocalLimitError,
    ProtocolError,
    ResponseTimeoutError,
    StaleConnectionError,
    parse_target,
)

WITHIN_S = 5.0


async def send(
    client: EgressClient,
    url: str,
    method: str = "GET",
    *,
    body: bytes = b"",
    timeout_s: float = WITHIN_S,
    body_bytes_max: int = 1024 * 1024,
    is_idempotent: bool | None = None,
) -> EgressResponse:
    return await client.request(
        method,
        parse_target(url),
        body=body,
        timeout_s=timeout_s,
        body_bytes_max=body_bytes_max,
        is_idempotent=is_idempotent,
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("body", [b"", b'{"a": 1.0}'], ids=["without body", "with body"])
async def test_any_method_is_sent_with_its_headers_and_body(client: EgressClient, method: str, body: bytes) -> None:
    async with running(serve_ok) as server:
        response = await client.request(
            method,
            parse_target(server.url("/a?b=c")),
            headers=[("accept", "application/json"), ("x-a", "b")],
            body=body,
            timeout_s=WITHIN_S,
        )
    assert (response.status, response.body, response.is_body_truncated) == (200, b"ok", False)
    [request] = server.requests
    head = f"{method} /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\naccept: application/json\r\nx-a: b\r\n"
    assert request.head.decode().startswith(head)
    assert request.body == body


async def test_a_header_that_can_not_be_sent_opens_no_connection(client: EgressClient) -> None:
    async with running(serve_ok) as server:
        with pytest.raises(InvalidHeaderError):
            await client.request("GET", parse_target(server.url()), headers=[("a", "\r\n")], timeout_s=WITHIN_S)
    assert server.connection_count == 0


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nx-trailer: 1\r\n\r\n", b"he"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", b""),
    ],
    ids=["length", "end", "1.0", "end-empty", "gzip", "chunked", "trailer", "100", "103", "302", "204", "304"],
)
@pytest.mark.parametrize("is_trickled", [False, True], ids=["at once", "byte by byte"])
async def test_a_body_ends_where_its_framing_says(
    client: EgressClient, response: bytes, body: bytes, *, is_trickled: bool
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        for start in range(len(response)) if is_trickled else [0]:
            await peer.send(response[start : start + 1] if is_trickled else response)
            await asyncio.sleep(0)

    async with running(script) as server:
        answer = await send(client, server.url())
    assert answer.body == body
    assert all(name not in {b"link", b"x-trailer"} for name, _ in answer.headers)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
    ],
)
async def test_a_response_without_a_body_leaves_the_connection_to_the_next_request(
    client: EgressClient, method: str, head: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(head)
        await peer.serve()

    async with running(script) as server:
        assert (await send(client, server.url(), method)).body == b""
        assert (await send(client, server.url())).body == b"ok"
    assert server.connection_count == 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n",
    ],
    ids=["with body", "without length", "close"],
)
async def test_a_response_to_head_closes_the_connection_if_the_next_one_could_be_misread(
    client: EgressClient, response: bytes
) -> None:
    async with running(answering_and_waiting(response)) as server:
        answer = await send(client, server.url(), "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok", ProtocolError),
        (b"HTTP/1.1 099 Low\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", ProtocolError),
        (b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x00", ProtocolError),
        (b"HTTP/1.1 101 Go\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000, HeadersTooLargeError),
        (b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000 + b"\r\ncontent-length: 0\r\n\r\n", HeadersTooLargeError),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3000, HeadersTooLargeError),
    ],
)
async def test_an_invalid_response_is_an_error(
    client: EgressClient, response: bytes, expected: type[EgressError]
) -> None:
    async with running(answering_and_waiting(response)) as server:
        with pytest.raises(expected):
            await send(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
async def test_a_response_that_is_cut_short_is_an_error(client: EgressClient, response: bytes) -> None:
    async with running(answering(response)) as server:
        with pytest.raises(ConnectionClosedError, match="before the response" if not response else "in the middle"):
            await send(client, server.url())


async def test_a_large_body_is_returned_as_a_whole(client: EgressClient) -> None:
    body = bytes(range(256)) * 40_000
    async with running(answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)) as server:
        assert (await send(client, server.url(), body_bytes_max=len(body))).body == body


async def test_a_body_that_is_larger_than_allowed_is_an_error(client: EgressClient) -> None:
    async with running(answering_and_waiting(b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n" + b"a" * 101)) as server:
        with pytest.raises(BodyTooLargeError, match="exceeds the 100 bytes"):
            await send(client, server.url(), body_bytes_max=100)
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def silence(peer: Peer) -> None:
    await peer.wait_for_end()


async def trickle(peer: Peer) -> None:
    await peer.read_request()
    await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        await peer.send(b"a")
        await asyncio.sleep(0.01)


async def take_nothing(_peer: Peer) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (silence, r"No response came within 0\.1 s"),
        (trickle, r"The server answered 200, but its response didn't end within 0\.1 s"),
        (take_nothing, r"The server didn't take the request within 0\.1 s"),
    ],
    ids=["silence", "trickle", "takes nothing"],
)
async def test_the_whole_request_has_a_timeout(
    client: EgressClient, script: Callable[[Peer], Awaitable[None]], message: str
) -> None:
    body = b"a" * 30_000_000 if script is take_nothing else b""
    async with running(script) as server:
        with pytest.raises(ResponseTimeoutError, match=message):
            await send(client, server.url(), "PUT", body=body, timeout_s=0.1)
        await client._pool.wait_until_empty(timeout_s=WITHIN_S)
        assert client.open_connections == 0


async def test_a_timeout_after_a_long_wait_for_a_connection_is_a_local_limit(make_client: MakeClient) -> None:
    client = make_client(connections_max=1)
    async with running(silence) as server:
        first, second = await asyncio.gather(
            send(client, server.url(), timeout_s=0.1),
            send(client, server.url(), timeout_s=0.15),
            return_exceptions=True,
        )
    assert isinstance(first, ResponseTimeoutError)
    assert isinstance(second, LocalLimitError)


async def test_an_unfinished_handshake_is_a_connect_timeout(make_client: MakeClient) -> None:
    async with running(silence) as server:
        with pytest.raises(ConnectTimeoutError):
            await send(make_client(connect_timeout_s=0.05), server.url(scheme="https"))


async def hang_up_on_second_request(peer: Peer) -> None:
    await peer.read_request()
    await peer.send(OK)
    if peer.number == 1:
        await peer.read_request()
        peer.reset()


@pytest.mark.parametrize(("method", "is_idempotent"), [("GET", None), ("DELETE", None), ("POST", True)])
async def test_an_idempotent_request_is_sent_again_if_a_kept_connection_was_closed(
    client: EgressClient, method: str, *, is_idempotent: bool | None
) -> None:
    async with running(hang_up_on_second_request) as server:
        await send(client, server.url())
        assert (await send(client, server.url(), method, is_idempotent=is_idempotent)).status == 200
    assert len(server.requests) == 3


@pytest.mark.parametrize(("method", "is_idempotent"), [("POST", None), ("PATCH", None), ("GET", False)])
async def test_a_request_that_is_not_idempotent_is_never_sent_twice(
    client: EgressClient, method: str, *, is_idempotent: bool | None
) -> None:
    async with running(hang_up_on_second_request) as server:
        await send(client, server.url())
        with pytest.raises(StaleConnectionError, match="before the response began"):
            await send(client, server.url(), method, is_idempotent=is_idempotent)
    assert len(server.requests) == 2


async def test_requests_and_posts_share_connections(client: EgressClient) -> None:
    async with running(serve_ok) as server:
        target = parse_target(server.url())
        for _ in range(3):
            assert (await send(client, server.url())).body == b"ok"
            assert (await client.post(target, head=b"", body=b"{}", timeout_s=WITHIN_S)).body == b"ok"
    assert server.connection_count == 1


async def test_a_connection_that_waited_for_a_slot_is_shared_too(make_client: MakeClient) -> None:
    client = make_client(connections_max=1)
    async with running(serve_ok) as server:
        responses = await asyncio.gather(*(send(client, server.url()) for _ in range(10)))
    assert [response.body for response in responses] == [b"ok"] * 10
    assert server.connection_count == 1


async def test_a_shared_connection_that_was_closed_meanwhile_is_replaced(make_client: MakeClient) -> None:
    client = make_client(connections_max=1)
    async with running(answering(OK)) as server:
        responses = await asyncio.gather(*(send(client, server.url()) for _ in range(5)))
    assert [response.body for response in responses] == [b"ok"] * 5


async def test_the_keep_alive_of_a_response_limits_how_long_its_connection_is_kept(client: EgressClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok"
    async with running(answering_and_waiting(head)) as server:
        await send(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def test_a_kept_connection_outlives_the_idle_timer_during_a_request(make_client: MakeClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()
        await asyncio.sleep(0.1)
        await peer.send(OK)

    client = make_client(idle_lifetime_s=0.03)
    async with running(script) as server:
        await send(client, server.url())
        assert (await send(client, server.url(), "POST")).body == b"ok"
    assert server.connection_count == 1


async def test_a_denied_address_refuses_the_request(make_client: MakeClient) -> None:
    client = make_client(policy=AddressPolicy())
    named = make_client(resolver=FakeResolver(["10.0.0.1"]))
    async with running(serve_ok) as server:
        with pytest.raises(AddressDeniedError):
            await send(client, server.url())
        with pytest.raises(AddressDeniedError):
            await send(named, server.url(host="hooks.example"))
    assert server.connection_count == 0


async def test_canceling_a_request_closes_its_connection(client: EgressClient) -> None:
    async with running(silence) as server:
        request = asyncio.create_task(send(client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await client._pool.wait_until_empty(timeout_s=WITHIN_S)
    assert client.open_connections == 0


async def test_closing_ends_requests(client: EgressClient) -> None:
    async with running(silence) as server:
        request = asyncio.create_task(send(client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        while not any(connection._borrower for connection in client._pool._open):
            await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            await request
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            await send(client, server.url())
