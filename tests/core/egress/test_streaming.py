"""Bodies that are read while they arrive, and sent while they are made."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator

import pytest
import trustme

from core.egress.conftest import LOOPBACK, MakeClient
from core.egress.scripted_server import OK, Peer, answering, answering_and_waiting, running, serve_ok
from ninefold.core.egress import (
    BodyTooLargeError,
    ConnectionClosedError,
    EgressClient,
    ProtocolError,
    ResponseTimeoutError,
    Target,
    parse_target,
)
from ninefold.core.egress.exchange import BUFFER_BYTES_MAX

WITHIN_S = 5.0
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
MIB = 1024 * 1024
SOCKETS_HOLD_BYTES_MAX = 32 * MIB
"""What the kernel may buffer between the two ends of a connection on the loopback, generously."""


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def until_none_is_open(client: EgressClient) -> None:
    await client._pool.wait_until_empty(timeout_s=WITHIN_S)
    assert client.open_connections == 0


async def read_pieces(
    client: EgressClient,
    url: str,
    *,
    pieces: list[bytes] | None = None,
    idle_timeout_s: float = WITHIN_S,
    body_bytes_max: int | None = None,
) -> list[bytes]:
    """Return the pieces of a body; those before an error are in `pieces`."""
    pieces = [] if pieces is None else pieces
    async with client.stream(
        "GET", parse_target(url), idle_timeout_s=idle_timeout_s, body_bytes_max=body_bytes_max
    ) as response:
        async for piece in response:
            pieces.append(piece)
    return pieces


async def upload_to(
    client: EgressClient,
    url: str,
    body: AsyncIterable[bytes],
    *,
    body_length: int | None = None,
    idle_timeout_s: float = WITHIN_S,
) -> bytes:
    async with client.stream(
        "PUT", parse_target(url), body=body, body_length=body_length, idle_timeout_s=idle_timeout_s
    ) as response:
        return await response.read()


async def test_status_and_headers_are_there_before_the_body(client: EgressClient) -> None:
    has_head = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED)
        await has_head.wait()
        await peer.send(chunk(b"data: 1\n\n") + END)
        await peer.wait_for_end()

    async with running(script) as server, client.stream("GET", parse_target(server.url())) as response:
        assert response.status == 200
        assert response.header(b"content-type") == b"text/event-stream"
        assert (b"transfer-encoding", b"chunked") in response.headers
        has_head.set()
        assert [piece async for piece in response] == [b"data: 1\n\n"]


async def test_each_part_is_there_as_soon_as_it_arrives(client: EgressClient) -> None:
    has_piece = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED)
        for number in range(20):
            has_piece.clear()
            await peer.send(chunk(b"data: %d\n\n" % number))
            await has_piece.wait()
        await peer.send(END)
        await peer.wait_for_end()

    pieces = []
    async with running(script) as server, client.stream("POST", parse_target(server.url()), body=b"{}") as response:
        async for piece in response:
            pieces.append(piece)
            has_piece.set()
    assert pieces == [b"data: %d\n\n" % number for number in range(20)]


async def test_a_trickle_may_take_longer_than_the_idle_timeout_in_all(client: EgressClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED)
        for _ in range(10):
            await asyncio.sleep(0.03)
            await peer.send(chunk(b"."))
        await peer.send(END)
        await peer.wait_for_end()

    async with (
        running(script) as server,
        client.stream("GET", parse_target(server.url()), head_timeout_s=0.2, idle_timeout_s=0.2) as response,
    ):
        assert await response.read() == b"." * 10


async def test_a_server_that_sends_nothing_more_times_out(client: EgressClient) -> None:
    async with running(answering_and_waiting(CHUNKED + chunk(b"a"))) as server:
        pieces: list[bytes] = []
        with pytest.raises(ResponseTimeoutError, match=r"answered 200, but then sent nothing within 0\.05 s"):
            await read_pieces(client, server.url(), pieces=pieces, idle_timeout_s=0.05)
        assert pieces == [b"a"]
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def test_a_server_that_sends_only_framing_times_out(client: EgressClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED + b"0\r\n")
        while True:
            await peer.send(b"x-trailer: a\r\n")
            await asyncio.sleep(0.01)

    async with running(script) as server:
        with pytest.raises(ResponseTimeoutError):
            await read_pieces(client, server.url(), idle_timeout_s=0.1)


async def test_a_server_that_sends_no_head_times_out(client: EgressClient) -> None:
    async with running(answering_and_waiting(b"HTTP/1.1 103 Early Hints\r\n\r\n")) as server:
        with pytest.raises(ResponseTimeoutError, match=r"No response came within 0\.05 s"):
            async with client.stream("GET", parse_target(server.url()), head_timeout_s=0.05):
                pass
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def test_the_time_of_the_caller_does_not_count(client: EgressClient) -> None:
    async with (
        running(answering_and_waiting(CHUNKED + chunk(b"a") + END)) as server,
        client.stream("GET", parse_target(server.url()), head_timeout_s=0.05, idle_timeout_s=0.05) as response,
    ):
        await asyncio.sleep(0.1)
        assert await response.read() == b"a"


AUTHORITY = trustme.CA()


def make_tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return contexts for the two ends of a connection."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(server)
    AUTHORITY.configure_trust(client)
    return server, client


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("is_delimited_by_end", [False, True], ids=["length", "end"])
async def test_a_slow_caller_slows_the_server_down_and_loses_nothing(scheme: str, *, is_delimited_by_end: bool) -> None:
    block = bytes(range(256)) * 4096
    count = 64
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.read_request()
        length = b"" if is_delimited_by_end else b"content-length: %d\r\n" % (len(block) * count)
        await peer.send(b"HTTP/1.1 200 OK\r\n%b\r\n" % length)
        for _ in range(count):
            await peer.send(block)
            sent += 1

    server_tls, client_tls = make_tls()
    client = EgressClient(LOOPBACK, tls=client_tls)
    async with running(script, tls=server_tls if scheme == "https" else None) as server:
        async with client.stream("GET", parse_target(server.url(scheme=scheme))) as response:
            sent_before = -1
            while sent > sent_before:
                sent_before = sent
                await asyncio.sleep(0.1)
            assert sent * len(block) < SOCKETS_HOLD_BYTES_MAX
            assert response._exchange._body_bytes <= 2 * BUFFER_BYTES_MAX
            digest = hashlib.sha256()
            async for piece in response:
                assert len(piece) <= 2 * BUFFER_BYTES_MAX
                digest.update(piece)
        assert digest.digest() == hashlib.sha256(block * count).digest()
    await client.aclose()


async def test_a_connection_over_tls_is_kept_too() -> None:
    server_tls, client_tls = make_tls()
    client = EgressClient(LOOPBACK, tls=client_tls)
    async with running(serve_ok, tls=server_tls) as server:
        target = parse_target(server.url(scheme="https"))
        for body in (b"", Upload(b"a", count=3), b"a" * 300_000, b""):
            async with client.stream("PUT", target, body=body) as response:
                assert await response.read() == b"ok"
            assert (await client.post(target, head=b"", body=b"", timeout_s=WITHIN_S)).body == b"ok"
    # The streamed body had a new one.
    assert server.connection_count == 2
    await client.aclose()


async def test_a_large_download_is_complete_and_keeps_its_connection(client: EgressClient) -> None:
    block = b"\n".join(b"%d" % number for number in range(20_000))

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED)
        for _ in range(100):
            await peer.send(chunk(block))
        await peer.send(END)
        await peer.serve()

    async with running(script) as server:
        target = parse_target(server.url())
        async with client.stream("GET", target) as response:
            digest, length = hashlib.sha256(), 0
            async for piece in response:
                digest.update(piece)
                length += len(piece)
        assert (length, digest.digest()) == (len(block) * 100, hashlib.sha256(block * 100).digest())
        async with client.stream("GET", target) as response:
            assert await response.read() == b"ok"
    assert server.connection_count == 1


async def test_a_complete_response_frees_its_connection_before_it_is_read(make_client: MakeClient) -> None:
    client = make_client(connections_max=1)
    async with running(serve_ok) as server:
        target = parse_target(server.url())
        async with client.stream("GET", target) as response:
            assert (await client.request("GET", target, timeout_s=WITHIN_S)).body == b"ok"
            assert await response.read() == b"ok"
    assert server.connection_count == 1


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (b"", ConnectionClosedError),
        (b"5\r\nhel", ConnectionClosedError),
        (b"zz\r\n", ProtocolError),
    ],
    ids=["between chunks", "within a chunk", "not a chunk"],
)
async def test_a_body_that_ends_early_is_an_error_after_what_arrived(
    client: EgressClient, rest: bytes, expected: type[Exception]
) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED + chunk(b"hello"))
        await go_on.wait()
        await peer.send(rest)

    async with running(script) as server, client.stream("GET", parse_target(server.url())) as response:
        assert await anext(response) == b"hello"
        go_on.set()
        for _ in range(2):
            # It stays an error, and never looks like the end of the body.
            with pytest.raises(expected):
                await response.read()
    await until_none_is_open(client)


async def test_leaving_early_closes_the_connection(client: EgressClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(CHUNKED)
        while True:
            await peer.send(chunk(b"a" * 1000))

    async with running(script) as server:
        async with client.stream("GET", parse_target(server.url())) as response:
            async for _piece in response:
                break
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
        await until_none_is_open(client)
        with pytest.raises(ConnectionClosedError, match="wasn't read to its end"):
            async for _piece in response:
                pass


async def test_an_exception_of_the_caller_closes_the_connection(client: EgressClient) -> None:
    async with running(answering_and_waiting(CHUNKED)) as server:
        with pytest.raises(LookupError):
            async with client.stream("GET", parse_target(server.url())):
                raise LookupError
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await until_none_is_open(client)


async def test_canceling_the_caller_closes_the_connection(client: EgressClient) -> None:
    is_reading = asyncio.Event()

    async def read(target: Target) -> None:
        async with client.stream("GET", target) as response:
            is_reading.set()
            await response.read()

    async with running(answering_and_waiting(CHUNKED)) as server:
        reading = asyncio.create_task(read(parse_target(server.url())))
        await asyncio.wait_for(is_reading.wait(), WITHIN_S)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)


async def test_closing_the_client_ends_a_stream(client: EgressClient) -> None:
    async with (
        running(answering_and_waiting(CHUNKED)) as server,
        client.stream("GET", parse_target(server.url())) as response,
    ):
        await client.aclose()
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            await response.read()


async def test_a_body_may_have_a_maximum(client: EgressClient) -> None:
    async with running(answering_and_waiting(CHUNKED + chunk(b"a" * 100) + END)) as server:
        assert await read_pieces(client, server.url(), body_bytes_max=100) == [b"a" * 100]
    async with running(answering_and_waiting(CHUNKED + chunk(b"a" * 101))) as server:
        with pytest.raises(BodyTooLargeError, match="exceeds the 100 bytes"):
            await read_pieces(client, server.url(), body_bytes_max=100)
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    async with (
        running(answering_and_waiting(CHUNKED + chunk(b"a" * 101))) as server,
        client.stream("GET", parse_target(server.url())) as response,
    ):
        with pytest.raises(BodyTooLargeError, match="exceeds the 100 bytes"):
            await response.read(bytes_max=100)
    await until_none_is_open(client)


# Bodies of requests.


class Upload:
    """A body of many equal pieces, which counts those that were taken."""

    def __init__(self, piece: bytes, *, count: int) -> None:
        self.taken = 0
        self._piece = piece
        self._count = count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            self.taken += 1
            yield self._piece


@pytest.mark.parametrize("is_length_known", [False, True], ids=["chunked", "length"])
async def test_a_streamed_body_arrives_whole(client: EgressClient, *, is_length_known: bool) -> None:
    upload = Upload(bytes(range(256)) * 40, count=1000)
    length = 256 * 40 * 1000
    async with running(serve_ok) as server:
        async with client.stream(
            "PUT", parse_target(server.url()), body=upload, body_length=length if is_length_known else None
        ) as response:
            assert (response.status, await response.read()) == (200, b"ok")
        [request] = server.requests
        assert request.body == bytes(range(256)) * 40_000
        # The connection is kept.
        assert (await client.request("GET", parse_target(server.url()), timeout_s=WITHIN_S)).body == b"ok"
    assert server.connection_count == 1


async def test_a_streamed_body_goes_over_a_new_connection(client: EgressClient) -> None:
    async with running(serve_ok) as server:
        target = parse_target(server.url())
        await client.request("GET", target, timeout_s=WITHIN_S)
        async with client.stream("POST", target, body=Upload(b"a", count=3)) as response:
            assert response.status == 200
    assert server.connection_count == 2


async def test_a_slow_server_slows_the_upload_down(client: EgressClient) -> None:
    may_read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await may_read.wait()
        await peer.serve()

    upload = Upload(b"a" * MIB, count=64)
    async with running(script) as server:
        sending = asyncio.create_task(upload_to(client, server.url(), upload))
        taken_before = -1
        while upload.taken > taken_before:
            taken_before = upload.taken
            await asyncio.sleep(0.1)
        assert upload.taken * MIB < SOCKETS_HOLD_BYTES_MAX
        may_read.set()
        assert await sending == b"ok"
        assert len(server.requests[0].body) == 64 * MIB


async def test_a_server_that_takes_nothing_times_out(client: EgressClient) -> None:
    async def script(_peer: Peer) -> None:
        await over.wait()

    over = asyncio.Event()
    async with running(script) as server:
        with pytest.raises(ResponseTimeoutError, match=r"The server didn't take the request within 0\.1 s"):
            await upload_to(client, server.url(), Upload(b"a" * MIB, count=64), idle_timeout_s=0.1)
        over.set()
    await until_none_is_open(client)


@pytest.mark.parametrize("body_length", [None, 1000 * MIB], ids=["chunked", "length"])
async def test_an_error_before_the_whole_body_was_sent_ends_the_upload(
    client: EgressClient, body_length: int | None
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nlong")
        await peer.wait_for_end()

    upload = Upload(b"a" * MIB, count=1000)
    async with running(script) as server:
        async with client.stream("PUT", parse_target(server.url()), body=upload, body_length=body_length) as response:
            assert (response.status, await response.read()) == (413, b"long")
        assert upload.taken < 1000
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    await until_none_is_open(client)


async def test_a_success_before_the_whole_body_was_sent_does_not_end_the_upload(client: EgressClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(CHUNKED + chunk(b"reading"))
        await asyncio.sleep(0.05)
        await peer.read_rest_of_chunked_body()
        await peer.send(chunk(b", done") + END)
        await peer.wait_for_end()

    upload = Upload(b"a" * MIB, count=50)
    async with running(script) as server, client.stream("PUT", parse_target(server.url()), body=upload) as response:
        assert await response.read() == b"reading, done"
    assert upload.taken == 50


async def test_a_server_that_closes_during_an_upload_is_an_error(client: EgressClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        peer.reset()

    async with running(script) as server:
        with pytest.raises(ConnectionClosedError, match="before the response began"):
            await upload_to(client, server.url(), Upload(b"a" * MIB, count=1000))
    await until_none_is_open(client)


async def test_an_upload_that_fails_closes_the_connection(client: EgressClient) -> None:
    async def fail() -> AsyncIterator[bytes]:
        yield b"a"
        raise LookupError

    async with running(serve_ok) as server:
        with pytest.raises(LookupError):
            await upload_to(client, server.url(), fail())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert server.requests == []
    await until_none_is_open(client)


async def test_an_upload_of_another_length_than_announced_closes_the_connection(client: EgressClient) -> None:
    async with running(serve_ok) as server:
        for length in (1, 3):
            with pytest.raises(ValueError, match="The request's body"):
                await upload_to(client, server.url(), Upload(b"a", count=2), body_length=length)
    assert server.requests == []
    await until_none_is_open(client)


async def test_a_response_before_the_end_of_the_upload_does_not_keep_the_connection(client: EgressClient) -> None:
    has_response = asyncio.Event()

    async def produce() -> AsyncIterator[bytes]:
        yield b"a"
        await has_response.wait()
        yield b"b"

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(OK)
        await peer.wait_for_end()

    async with running(script) as server:

        async def notice_response() -> None:
            await asyncio.wait_for(server.ended.wait(), WITHIN_S)
            has_response.set()

        noticing = asyncio.create_task(notice_response())
        assert await upload_to(client, server.url(), produce()) == b"ok"
        await noticing
    await until_none_is_open(client)


async def test_a_response_that_comes_with_the_end_of_the_connection_is_complete(client: EgressClient) -> None:
    async with running(answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 100_000)) as server:
        assert b"".join(await read_pieces(client, server.url())) == b"a" * 100_000
    await until_none_is_open(client)
