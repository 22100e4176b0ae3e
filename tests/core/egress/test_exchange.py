"""A response is the same wherever its bytes are cut into reads, and any bytes are either a response or an error."""

import asyncio
from typing import cast

from hypothesis import example, given
from hypothesis import strategies as st

from ninefold.core.egress import EgressError, EgressLimits, parse_target
from ninefold.core.egress.connection import Connection
from ninefold.core.egress.exchange import Exchange, ExchangeTimeouts
from ninefold.core.egress.request import prepare_request
from ninefold.core.egress.response import ResponseHead

HEAD = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n"


class FakeTransport:
    """Takes everything, and never pauses."""

    def write(self, _data: bytes) -> None:
        """Drop it."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


class FakeConnection:
    """Lends a transport, and remembers whether it was taken back or closed."""

    def __init__(self) -> None:
        self.has_served = False
        self.origin = "http://hooks.example:80"
        self.end: str | None = None

    def lend(self, _borrower: Exchange) -> FakeTransport:
        return FakeTransport()

    def take_back(self, *, keep_alive: bytes | None) -> None:
        assert keep_alive is None
        self.end = "taken back"

    def abort(self) -> None:
        self.end = "closed"

    def connection_lost(self, _error: Exception | None) -> None:
        self.end = "closed"


async def exchange_with(reads: list[bytes], connection: FakeConnection, *, method: str = "GET") -> tuple[int, bytes]:
    """Return status and body of a response that arrives in these reads, before the connection is closed."""
    exchange = Exchange(
        cast("Connection", connection),
        prepare_request(method, parse_target("http://a.example/"), headers=(), body=b""),
        timeouts=ExchangeTimeouts(head_s=1, idle_s=1),
        limits=EgressLimits(header_bytes_max=1000),
    )
    await exchange.send()
    for data in reads:
        if connection.end is None:
            exchange.data_received(data)
    if connection.end is None:
        exchange.connection_lost(None)
    head: ResponseHead = await exchange.read_head()
    body = b""
    while piece := await exchange.read_body():
        body += piece
    return head.status, body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % len(data) for place in places} - {0})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.lists(st.integers(0, 2000), max_size=20))
def test_a_response_is_the_same_however_its_bytes_are_cut(chunks: list[bytes], places: list[int]) -> None:
    data = HEAD + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nx-trailer: 1\r\n\r\n"
    connection = FakeConnection()
    assert asyncio.run(exchange_with(cut(data, places), connection)) == (200, b"".join(chunks))
    assert connection.end == "taken back"


@given(st.binary(min_size=1, max_size=300), st.integers(0, 400))
def test_a_body_without_its_end_is_never_complete(body: bytes, kept_bytes: int) -> None:
    data = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    connection = FakeConnection()
    try:
        outcome = asyncio.run(exchange_with([data[:kept_bytes]], connection))
    except EgressError:
        assert kept_bytes < len(data)
        assert connection.end == "closed"
    else:
        assert kept_bytes >= len(data)
        assert outcome == (200, body)


@given(
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", HEAD, HEAD + b"2\r\nab\r\n"]),
    st.binary(max_size=100) | st.text("HTP/1.0 25\r\n:achunked", max_size=100).map(str.encode),
    st.sampled_from(["GET", "HEAD"]),
)
@example(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"a" * 2000, "GET")
def test_any_bytes_are_a_response_or_an_error(beginning: bytes, rest: bytes, method: str) -> None:
    connection = FakeConnection()
    try:
        status, body = asyncio.run(exchange_with([beginning, rest], connection, method=method))
    except EgressError:
        assert connection.end == "closed"
    else:
        assert 200 <= status <= 999
        assert method == "GET" or body == b""
