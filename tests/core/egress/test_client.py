import asyncio
import struct
import time
from collections.abc import Sequence
from socket import SO_LINGER, SOL_SOCKET

import pytest

from core.egress.conftest import FakeHandler, FakeResolver, MakeClient, Post
from core.egress.scripted_server import (
    OK,
    Peer,
    Script,
    answering,
    answering_and_waiting,
    running,
    serve_ok,
)
from ninefold.core.egress import (
    ERROR_CLASSES,
    ConnectFailedError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressClient,
    EgressError,
    HeadersTooLargeError,
    LocalLimitError,
    ProtocolError,
    ResponseTimeoutError,
    StaleConnectionError,
    parse_target,
)

WITHIN_S = 5.0


async def until_none_is_open(client: EgressClient) -> None:
    await client._pool.wait_until_empty(timeout_s=WITHIN_S)
    assert client.open_connections == 0


async def test_a_post_is_sent_as_given(client: EgressClient) -> None:
    async with running(serve_ok) as server:
        target = parse_target(server.url("/hook?a=b"))
        response = await client.post(
            target, head=b"content-type: application/json\r\nx-a: b\r\n", body=b'{"a": 1.0}', timeout_s=5
        )
    assert (response.status, response.body, response.is_body_truncated) == (200, b"ok", False)
    [request] = server.requests
    assert request.head == (
        b"POST /hook?a=b HTTP/1.1\r\n"
        b"host: 127.0.0.1:%d\r\n"
        b"content-type: application/json\r\n"
        b"x-a: b\r\n"
        b"content-length: 10\r\n"
        b"\r\n" % server.port
    )
    assert request.body == b'{"a": 1.0}'


async def test_headers_of_the_response_are_kept_as_sent(client: EgressClient, post: Post) -> None:
    head = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nX-A: 1\r\nx-a: 2\r\nx-empty:\r\nx-b: 3\r\ncontent-length: 0\r\n\r\n"
    async with running(answering(head)) as server:
        response = await post(client, server.url())
    assert response.status == 503
    assert response.headers == [
        (b"Retry-After", b"7"),
        (b"X-A", b"1"),
        (b"x-a", b"2"),
        (b"x-empty", b""),
        (b"x-b", b"3"),
        (b"content-length", b"0"),
    ]
    assert response.header(b"retry-after") == b"7"
    assert response.header(b"x-a") == b"1"
    assert response.header(b"location") is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_response_and_is_not_followed(client: EgressClient, post: Post, status: int) -> None:
    async with running(serve_ok) as other:
        head = f"HTTP/1.1 {status} Elsewhere\r\nlocation: {other.url()}\r\ncontent-length: 0\r\n\r\n"
        async with running(answering(head.encode())) as server:
            response = await post(client, server.url())
    assert response.status == status
    assert other.connection_count == 0


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"a"),
        (b"\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nx-trailer: 1\r\n\r\n", b"he"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", b"hi"),
        (
            (
                b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
            ),
            b"hi",
        ),
    ],
    ids=[
        "length",
        "end",
        "1.0",
        "end-empty",
        "gzip",
        "identity",
        "gzip-chunked",
        "empty line",
        "204",
        "chunked",
        "trailer",
        "100",
        "103-102",
    ],
)
@pytest.mark.parametrize("is_trickled", [False, True], ids=["at once", "byte by byte"])
async def test_a_body_ends_where_its_framing_says(
    client: EgressClient, post: Post, response: bytes, body: bytes, *, is_trickled: bool
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        for start in range(len(response)) if is_trickled else [0]:
            await peer.send(response[start : start + 1] if is_trickled else response)
            await asyncio.sleep(0)

    async with running(script) as server:
        answer = await post(client, server.url())
    assert answer.body == body
    assert not answer.is_body_truncated
    assert all(name not in {b"link", b"x-trailer"} for name, _ in answer.headers)


async def test_a_connection_serves_many_requests(client: EgressClient, post: Post) -> None:
    async with running(serve_ok) as server:
        statuses = [(await post(client, server.url())).status for _ in range(5)]
    assert statuses == [200] * 5
    assert server.connection_count == 1


async def test_the_last_used_connection_is_used_next(client: EgressClient, post: Post) -> None:
    used: list[int] = []

    async def script(peer: Peer) -> None:
        while True:
            await peer.read_request()
            used.append(peer.number)
            if len(used) == 2:
                both_arrived.set()
            await both_arrived.wait()
            await peer.send(OK)

    both_arrived = asyncio.Event()
    async with running(script) as server:
        first = asyncio.create_task(post(client, server.url()))
        second = asyncio.create_task(post(client, server.url()))
        await asyncio.gather(first, second)
        for _ in range(3):
            await post(client, server.url())
    assert server.connection_count == 2
    assert len(set(used[2:])) == 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokgarbage",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHT",
        b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok",
    ],
    ids=["close", "1.0", "second response", "garbage", "half a response", "short keep-alive"],
)
async def test_a_connection_is_not_reused_after_such_a_response(
    client: EgressClient, post: Post, response: bytes
) -> None:
    async with running(answering_and_waiting(response)) as server:
        for number in range(1, 3):
            server.ended.clear()
            assert (await post(client, server.url())).body == b"ok"
            await asyncio.wait_for(server.ended.wait(), WITHIN_S)
            assert server.connection_count == number


async def test_an_unrequested_response_closes_an_idle_connection(client: EgressClient, post: Post) -> None:
    send_more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await send_more.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
        await peer.wait_for_end()

    async with running(script) as server:
        await post(client, server.url())
        send_more.set()
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
        assert (await post(client, server.url())).body == b"ok"
    assert server.connection_count == 2


async def test_a_connection_that_the_server_closed_while_idle_is_replaced(client: EgressClient, post: Post) -> None:
    async with running(answering(OK)) as server:
        for number in range(1, 4):
            server.ended.clear()
            await post(client, server.url())
            await asyncio.wait_for(server.ended.wait(), WITHIN_S)
            assert server.connection_count == number


async def test_a_post_is_sent_again_if_a_kept_connection_ends_without_a_response(
    client: EgressClient, post: Post
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        if peer.number == 1:
            await peer.send(OK)
            await peer.read_request()
            peer.reset()
        else:
            await peer.send(OK)

    async with running(script) as server:
        await post(client, server.url(), body=b"first")
        response = await post(client, server.url(), body=b"second")
    assert response.status == 200
    assert [request.body for request in server.requests] == [b"first", b"second", b"second"]


async def test_a_post_is_not_sent_again_if_a_kept_connection_ends_much_later(
    client: EgressClient, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ninefold.core.egress.client.STALE_WITHIN_S", -1.0)

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()

    async with running(script) as server:
        await post(client, server.url())
        with pytest.raises(ConnectionClosedError, match="before the response began"):
            await post(client, server.url())
    assert len(server.requests) == 2


async def test_a_post_is_sent_again_over_a_new_connection_and_only_once(client: EgressClient, post: Post) -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        if peer.number > 2:
            await peer.read_request()
            return
        await peer.read_request()
        if peer.number == 2:
            arrived.set()
        await arrived.wait()
        await peer.send(OK)
        await peer.read_request()

    async with running(script) as server:
        await asyncio.gather(post(client, server.url()), post(client, server.url()))
        handler = FakeHandler()
        target = parse_target(server.url())
        assert client.post_at_once(target, head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        with pytest.raises(StaleConnectionError):
            await handler.outcome()
        with pytest.raises(ConnectionClosedError):
            await client.post_over_new_connection(target, head=b"", body=b"", timeout_s=WITHIN_S, spent_s=0.1)
        assert client.open_connections == 1
    assert (server.connection_count, len(server.requests)) == (3, 4)


async def test_a_post_that_is_sent_again_has_only_the_rest_of_its_time(client: EgressClient) -> None:
    async with running(silence) as server:
        with pytest.raises(ResponseTimeoutError, match="within 60 s"):
            await client.post_over_new_connection(
                parse_target(server.url()), head=b"", body=b"", timeout_s=60, spent_s=59.9
            )


async def test_a_post_is_not_sent_again_if_the_response_had_begun(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()
        await peer.send(b"HTTP/1.1 2")

    async with running(script) as server:
        await post(client, server.url())
        with pytest.raises(ConnectionClosedError, match="in the middle of the response"):
            await post(client, server.url())
    assert server.connection_count == 1


async def test_a_post_is_not_sent_again_if_a_new_connection_ends_without_a_response(
    client: EgressClient, post: Post
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        peer.reset()

    async with running(script) as server:
        with pytest.raises(ConnectionClosedError, match="before the response began"):
            await post(client, server.url())
    assert server.connection_count == 1


@pytest.mark.parametrize(
    "ending",
    [
        b"\r\ncontent-length: 10\r\n\r\nhello",
        b"\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"\r\ntransfer-encoding: gzip, Chunked\r\n\r\n5\r\nhello\r\n",
        b"\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked ,\r\n\r\nhello",
        b"\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        b"\ncontent-length: 10\n\nhello",
    ],
)
@pytest.mark.parametrize("status", [200, 503])
async def test_a_response_counts_although_its_body_is_cut_short(
    client: EgressClient, post: Post, ending: bytes, status: int
) -> None:
    async with running(answering(b"HTTP/1.1 %d Said" % status + ending)) as server:
        response = await post(client, server.url())
    assert (response.status, response.body, response.is_body_truncated) == (status, b"hello", True)
    await until_none_is_open(client)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\n", b"HTTP/1.1 200 OK\r\n\r"])
async def test_a_head_may_end_with_the_connection(client: EgressClient, post: Post, head: bytes) -> None:
    async with running(answering(head)) as server:
        response = await post(client, server.url())
    assert (response.status, response.body, response.is_body_truncated) == (200, b"", True)


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_half_a_status_line_is_no_response(client: EgressClient, post: Post, beginning: bytes) -> None:
    async with running(answering(beginning)) as server:
        with pytest.raises(ConnectionClosedError, match="in the middle of the response"):
            await post(client, server.url())
    await until_none_is_open(client)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\ncontent-length: 2\nconnection: close\n\n",
        b"HTTP/1.1 200 OK\ncontent-length: 2\n\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\n\r\n",
        b"HTTP/1.1  200 OK\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200\tOK\r\ncontent-length: 2\r\n\r\n",
        b"http/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/2 200\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/0.9 200 OK\r\ncontent-length: 2\r\n\r\n",
        b"\r\nHTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\ncontent-length: 2\n\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx a: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a : 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: \x01\x00\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n: no name\r\ncontent-length: 2\r\n\r\n",
    ],
)
@pytest.mark.parametrize("is_trickled", [False, True], ids=["at once", "byte by byte"])
async def test_a_head_that_breaks_the_rules_is_read_as_curl_does(
    client: EgressClient, post: Post, head: bytes, *, is_trickled: bool
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        for start in range(len(head)) if is_trickled else [0]:
            await peer.send(head[start : start + 1] if is_trickled else head)
            await asyncio.sleep(0)
        await peer.send(b"ok")
        await peer.wait_for_end()

    async with running(script) as server:
        response = await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert (response.status, response.body, response.is_body_truncated) == (200, b"ok", False)
    assert response.header(b"content-length") == b"2" or b"content-length: 2, 2" in head
    await until_none_is_open(client)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2 \nok\n0\n\r\n",
        b"HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\r\n\r\n",
    ],
)
async def test_chunks_count_where_a_length_contradicts_them(client: EgressClient, post: Post, response: bytes) -> None:
    async with running(answering_and_waiting(response)) as server:
        answer = await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert (answer.status, answer.body, answer.is_body_truncated) == (200, b"ok", False)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ],
)
async def test_a_response_counts_although_its_length_is_unreadable(
    client: EgressClient, post: Post, head: bytes
) -> None:
    async with running(answering_and_waiting(head + b"ok")) as server:
        response = await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert (response.status, response.body, response.is_body_truncated) == (200, b"ok", True)


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", None),
        (b"\x15\x03\x01\x00\x02\x02", None),
        (b"ICY 200 OK\r\n\r\n", None),
        (b"HTTP/1.1 abc OK\r\n\r\n", None),
        (b"HTTP/1.1 2000 OK\r\n\r\n", None),
        (b"HTTP/1.1 20 OK\r\n\r\n", None),
        (b"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0\r\n", None),
        (b"HTTP/1.1 099 Low\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", None),
        (b"HTTP/1.1 000 None\r\n\r\n", None),
        (b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", 101),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101),
        (b"HTTP/1.1 101 Switching Protocols\n\n", 101),
    ],
)
async def test_an_invalid_response_is_a_protocol_error(
    client: EgressClient, post: Post, response: bytes, status: int | None
) -> None:
    async with running(answering_and_waiting(response)) as server:
        with pytest.raises(ProtocolError) as caught:
            await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert caught.value.status == status
    await until_none_is_open(client)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", "switched protocols"),
        (b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x00", "switched protocols"),
        (b"HTTP/1.1 099 Low\r\n\r\n", r"it calls itself HTTP/1\.1 with the status 099"),
    ],
)
async def test_a_protocol_error_names_the_first_problem(
    client: EgressClient, post: Post, response: bytes, reason: str
) -> None:
    async with running(answering_and_waiting(response)) as server:
        with pytest.raises(ProtocolError, match=reason):
            await post(client, server.url())


async def reset_in_the_head(peer: Peer) -> None:
    await peer.read_request()
    await peer.send(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n")
    # Linger 0: the kernel sends RST instead of FIN.
    socket = peer._writer.get_extra_info("socket")
    socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    peer.reset()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (answering_and_waiting(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n"), ResponseTimeoutError),
        (answering_and_waiting(b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000), HeadersTooLargeError),
        (
            answering_and_waiting(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nx-a: " + b"a" * 100_000),
            HeadersTooLargeError,
        ),
        (
            answering_and_waiting(b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000 + b"\r\ncontent-length: 0\r\n\r\n"),
            HeadersTooLargeError,
        ),
        (reset_in_the_head, ConnectionClosedError),
    ],
    ids=["timeout", "large head", "large head after 100", "large and complete head", "reset"],
)
async def test_an_error_keeps_the_status_that_had_arrived(
    client: EgressClient, post: Post, script: Script, expected: type[EgressError]
) -> None:
    async with running(script) as server:
        with pytest.raises(expected) as caught:
            await post(client, server.url(), timeout_s=0.2)
    assert caught.value.status == 200


async def test_an_offer_to_upgrade_is_ignored(client: EgressClient, post: Post) -> None:
    head = b"HTTP/1.1 200 OK\r\nupgrade: h2,h2c\r\nconnection: upgrade, keep-alive\r\ncontent-length: 2\r\n\r\nok"
    async with running(answering(head)) as server:
        assert (await post(client, server.url())).body == b"ok"


def endless(beginning: bytes, piece: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(beginning)
        while True:
            await peer.send(piece)

    return script


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"a" * 100 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nx-a: ", b"a" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n"),
        (b"HTTP/1.1 200 " + b"a" * 70_000, b"a" * 1000),
    ],
    ids=["headers", "one value", "interim responses", "reason"],
)
async def test_an_endless_head_is_too_large(client: EgressClient, post: Post, beginning: bytes, piece: bytes) -> None:
    async with running(endless(beginning, piece)) as server:
        with pytest.raises(HeadersTooLargeError):
            await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def test_a_head_that_arrives_in_one_read_is_limited_too(make_client: MakeClient, post: Post) -> None:
    client = make_client(header_bytes_max=1000)
    fitting = b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 900 + b"\r\ncontent-length: 2\r\n\r\nok"
    async with running(answering(fitting)) as server:
        assert (await post(client, server.url())).status == 200
    too_large = b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 1000 + b"\r\ncontent-length: 2\r\n\r\nok"
    async with running(answering(too_large)) as server:
        with pytest.raises(HeadersTooLargeError, match="1000 bytes"):
            await post(client, server.url())


async def test_a_large_body_in_the_first_read_is_not_taken_for_a_large_head(
    make_client: MakeClient, post: Post
) -> None:
    client = make_client(header_bytes_max=1000)
    async with running(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"a" * 5000)) as server:
        assert len((await post(client, server.url())).body) == 5000


async def test_the_beginning_of_a_body_is_kept_and_the_rest_is_read(client: EgressClient, post: Post) -> None:
    body = bytes(range(256)) * 400
    async with running(answering_and_waiting(b"HTTP/1.1 200 OK\r\ncontent-length: 102400\r\n\r\n" + body)) as server:
        response = await post(client, server.url())
        assert client.open_connections == 1
    assert response.body == body[: 16 * 1024]
    assert response.is_body_truncated


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 10_000),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", b"a" * 10_000),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x-trailer: b\r\n" * 1000),
    ],
    ids=["end", "length", "chunked", "trailers"],
)
async def test_an_endless_body_is_cut_off(client: EgressClient, post: Post, beginning: bytes, piece: bytes) -> None:
    async with running(endless(beginning, piece)) as server:
        response = await post(client, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert response.status == 200
    assert response.is_body_truncated
    assert len(response.body) <= 16 * 1024
    await until_none_is_open(client)


async def test_a_response_before_the_whole_request_was_sent_counts(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await over.wait()

    over = asyncio.Event()
    async with running(script) as server:
        response = await post(client, server.url(), body=b"a" * 20_000_000)
        over.set()
    assert response.status == 413
    await until_none_is_open(client)


async def silence(peer: Peer) -> None:
    await peer.wait_for_end()


async def trickle(peer: Peer) -> None:
    await peer.read_request()
    await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        await peer.send(b"a")
        await asyncio.sleep(0.01)


async def test_the_whole_post_has_a_timeout(client: EgressClient, post: Post) -> None:
    async with running(silence) as server:
        began_at = time.perf_counter()
        with pytest.raises(ResponseTimeoutError, match=r"No response came within 0\.1 s"):
            await post(client, server.url(), timeout_s=0.1)
        assert 0.09 <= time.perf_counter() - began_at < WITHIN_S
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await until_none_is_open(client)


async def test_a_response_counts_although_its_body_does_not_end_in_time(client: EgressClient, post: Post) -> None:
    async with running(trickle) as server:
        began_at = time.perf_counter()
        response = await post(client, server.url(), timeout_s=0.1)
        assert 0.09 <= time.perf_counter() - began_at < WITHIN_S
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert (response.status, response.is_body_truncated) == (200, True)
    assert set(response.body) == set(b"a")
    await until_none_is_open(client)


async def test_a_server_that_reads_nothing_times_out(client: EgressClient, post: Post) -> None:
    async def script(_peer: Peer) -> None:
        await over.wait()

    over = asyncio.Event()
    async with running(script) as server:
        with pytest.raises(ResponseTimeoutError):
            await post(client, server.url(), body=b"a" * 20_000_000, timeout_s=0.1)
        over.set()
    await until_none_is_open(client)


async def test_a_timeout_may_be_shorter_than_the_one_before(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.wait_for_end()

    async with running(script) as server:
        await post(client, server.url(), timeout_s=60)
        with pytest.raises(ResponseTimeoutError):
            await post(client, server.url(), timeout_s=0.05)
    assert server.connection_count == 1


async def test_a_timeout_may_be_longer_than_the_one_before(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()
        await asyncio.sleep(0.15)
        await peer.send(OK)

    async with running(script) as server:
        await post(client, server.url(), timeout_s=0.1)
        assert (await post(client, server.url(), timeout_s=5)).status == 200
    assert server.connection_count == 1


async def test_an_idle_connection_is_closed_after_its_lifetime(make_client: MakeClient, post: Post) -> None:
    client = make_client(idle_lifetime_s=0.05)
    async with running(serve_ok) as server:
        await post(client, server.url())
        assert client.open_connections == 1
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await until_none_is_open(client)


async def test_surplus_idle_connections_are_closed_soon(make_client: MakeClient, post: Post) -> None:
    client = make_client(idle_connections_per_origin_max=1, surplus_lifetime_s=0.05)
    async with running(after(3)) as server:
        await asyncio.gather(*(post(client, server.url()) for _ in range(3)))
        assert client.open_connections == 3
        async with asyncio.timeout(WITHIN_S):
            while client.open_connections > 1:
                server.ended.clear()
                await server.ended.wait()
        assert (await post(client, server.url())).status == 200
    assert server.connection_count == 3


def after(count: int) -> Script:
    """Answer only when this many requests have arrived, so that each needs a connection of its own."""
    arrived = 0
    all_arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal arrived
        while True:
            await peer.read_request()
            arrived += 1
            if arrived >= count:
                all_arrived.set()
            await all_arrived.wait()
            await peer.send(OK)

    return script


async def test_no_more_connections_are_open_than_allowed(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=3)
    async with running(serve_ok) as server:
        responses = await asyncio.gather(*(post(client, server.url()) for _ in range(20)))
    assert [response.status for response in responses] == [200] * 20
    assert server.connection_count == 3


async def test_an_idle_connection_is_closed_for_another_origin(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(serve_ok) as one, running(serve_ok) as other:
        for server in (one, other, one):
            assert (await post(client, server.url())).status == 200
            assert client.open_connections == 1
    assert (one.connection_count, other.connection_count) == (2, 1)


async def test_a_connection_in_use_is_closed_for_another_origin_when_it_becomes_idle(
    make_client: MakeClient, post: Post
) -> None:
    client = make_client(connections_max=1)
    async with running(serve_ok) as one, running(serve_ok) as other:
        urls = [one.url(), other.url()] * 5
        responses = await asyncio.gather(*(post(client, url) for url in urls))
        assert [response.status for response in responses] == [200] * 10
        assert client.open_connections == 1


async def test_a_connection_that_closes_while_it_is_handed_over_is_replaced(
    make_client: MakeClient, post: Post
) -> None:
    client = make_client(connections_max=1)
    async with running(answering(OK)) as server:
        responses = await asyncio.gather(*(post(client, server.url()) for _ in range(10)))
    assert [response.status for response in responses] == [200] * 10


async def test_a_server_that_closes_at_once_is_a_closed_connection(make_client: MakeClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        peer.reset()

    client = make_client(connections_max=5)
    async with running(script) as server:
        outcomes = await asyncio.gather(*(post(client, server.url()) for _ in range(50)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionClosedError] * 50
    await until_none_is_open(client)


async def test_a_closed_connection_takes_no_request(client: EgressClient, post: Post) -> None:
    async with running(serve_ok) as server:
        await post(client, server.url())
        [connection] = client._pool._open
        connection.abort()
        await until_none_is_open(client)
    with pytest.raises(ConnectionClosedError, match="as soon as it was open"):
        _ = connection.peer_address
    with pytest.raises(ConnectionClosedError, match="before the request was sent"):
        connection.send(b"", deadline=0, timeout_s=0, handler=FakeHandler())


async def test_a_post_at_once_uses_an_idle_connection(client: EgressClient, post: Post) -> None:
    handler = FakeHandler()
    async with running(serve_ok) as server:
        target = parse_target(server.url())
        assert not client.post_at_once(target, head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        await post(client, server.url())
        assert client.post_at_once(target, head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        assert (await handler.outcome()).status == 200
    assert server.connection_count == 1


async def test_a_post_at_once_over_a_closed_connection_is_reported_as_stale(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()

    handler = FakeHandler()
    async with running(script) as server:
        await post(client, server.url())
        assert client.post_at_once(parse_target(server.url()), head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        with pytest.raises(StaleConnectionError):
            await handler.outcome()


async def test_waiting_for_a_connection_counts_towards_the_timeout(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(silence) as server, running(serve_ok) as other:
        busy = asyncio.create_task(post(client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        with pytest.raises(LocalLimitError, match=r"None of Ninefold's 1 connections became free within 0\.05 s"):
            await post(client, other.url(), timeout_s=0.05)
        busy.cancel()
        assert isinstance((await asyncio.gather(busy, return_exceptions=True))[0], asyncio.CancelledError)
        # Neither the request that gave up waiting nor the canceled one holds a slot.
        assert (await post(client, other.url())).status == 200
    assert other.connection_count == 1


class TakingItsTime:
    """A resolver that finds nothing, and says so just before its time is over."""

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=timeout_s - 0.005)
        raise DnsFailedError(f"Looking up {host} took longer than {timeout_s:.3g} s.")

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize(
    ("scheme", "host", "blamed"),
    [
        ("http", "127.0.0.1", {ResponseTimeoutError}),
        ("https", "127.0.0.1", {ConnectTimeoutError}),
        # On a busy machine, the time for connecting is over before the lookup says anything.
        ("http", "slow.example", {DnsFailedError, ConnectTimeoutError}),
    ],
    ids=["answer", "handshake", "lookup"],
)
async def test_a_timeout_after_a_long_wait_for_a_connection_is_a_local_limit(
    make_client: MakeClient, post: Post, scheme: str, host: str, blamed: set[type[EgressError]]
) -> None:
    client = make_client(connections_max=1, resolver=TakingItsTime())
    async with running(silence) as server:

        async def fail_behind_another(*, timeout_s: float) -> BaseException:
            requests = (
                post(client, server.url(), timeout_s=0.1),
                post(client, server.url(scheme=scheme, host=host), timeout_s=timeout_s),
            )
            _, outcome = await asyncio.gather(*requests, return_exceptions=True)
            assert isinstance(outcome, EgressError)
            return outcome

        ours = await fail_behind_another(timeout_s=0.15)
        assert type(ours) is LocalLimitError
        assert str(ours).startswith("All of Ninefold's 1 connections were busy for 0.")
        assert type(await fail_behind_another(timeout_s=0.4)) in blamed


async def test_another_error_after_a_long_wait_for_a_connection_stays(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1, resolver=FakeResolver())
    async with running(silence) as server:
        busy = asyncio.create_task(post(client, server.url(), timeout_s=0.1))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        with pytest.raises(DnsFailedError, match="has no address"):
            await post(client, server.url(host="none.example"), timeout_s=0.15)
        assert isinstance((await asyncio.gather(busy, return_exceptions=True))[0], ResponseTimeoutError)


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
async def test_canceling_a_request_closes_its_connection(client: EgressClient, post: Post, *, is_kept: bool) -> None:
    async def script(peer: Peer) -> None:
        if is_kept:
            await peer.read_request()
            await peer.send(OK)
        await peer.read_request()
        has_request.set()
        await peer.wait_for_end()

    has_request = asyncio.Event()
    async with running(script) as server:
        if is_kept:
            await post(client, server.url())
        request = asyncio.create_task(post(client, server.url()))
        await asyncio.wait_for(has_request.wait(), WITHIN_S)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await until_none_is_open(client)
    assert server.connection_count == 1


async def test_closing_ends_current_and_later_requests(client: EgressClient, post: Post) -> None:
    async with running(silence) as server:
        request = asyncio.create_task(post(client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        await client.aclose()
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            await request
        await until_none_is_open(client)
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            await post(client, server.url())
    assert server.connection_count == 1


async def test_closing_ends_requests_that_wait_for_a_connection(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(silence) as server:
        requests = [asyncio.create_task(post(client, server.url())) for _ in range(3)]
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        await client.aclose()
        outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert [isinstance(outcome, ConnectionClosedError) for outcome in outcomes] == [True] * 3


async def test_a_port_without_a_listener_is_a_failed_connection(client: EgressClient, post: Post) -> None:
    async with running(serve_ok) as server:
        url = server.url()
        port = server.port
    with pytest.raises(ConnectFailedError, match=rf"127\.0\.0\.1:{port} can't be reached: Connection refused\."):
        await post(client, url)
    await until_none_is_open(client)


async def test_failed_connections_release_their_slots(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(serve_ok) as server:
        dead_url = server.url()
    for _ in range(3):
        with pytest.raises(ConnectFailedError):
            await post(client, dead_url)
    async with running(serve_ok) as server:
        assert (await post(client, server.url())).status == 200


async def test_proxies_of_the_environment_are_ignored(
    client: EgressClient, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(serve_ok) as proxy, running(serve_ok) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        await post(client, server.url())
    assert (proxy.connection_count, server.connection_count) == (0, 1)


def test_the_error_classes_are_a_fixed_vocabulary() -> None:
    assert {
        "dns_failed",
        "address_denied",
        "connect_failed",
        "connect_timeout",
        "tls_failed",
        "tls_not_spoken",
        "tls_version_too_old",
        "tls_host_unknown",
        "tls_client_certificate_required",
        "tls_certificate_expired",
        "tls_certificate_wrong_host",
        "tls_certificate_untrusted",
        "timeout",
        "connection_closed",
        "protocol_error",
        "headers_too_large",
        "local_limit",
    } == ERROR_CLASSES
