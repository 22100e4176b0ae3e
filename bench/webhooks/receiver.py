"""A receiver for benchmarks: answers every POST with 200, as fast as one Python process can.

    python bench/webhooks/receiver.py [--port 0] [--addresses 1] [--latency-ms 0 | --silent]

Prints `{"port": …}` on standard output when it is ready, and `{"requests": …}` on SIGTERM, before it exits. With
`--addresses 20`, it listens on the port of 127.0.0.1 to 127.0.0.20, like twenty receivers. It does minimal parsing and
trusts its client. It isn't a general web server.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Callable
from typing import Protocol, cast

import uvloop

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH_NAME = b"content-length: "
_RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


class RequestLog(Protocol):
    """What is kept of each request."""

    def record(self, buffer: bytes, head_end: int) -> None:
        """Record a request whose head is the beginning of the buffer."""


class Counter:
    """The number of requests received."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0

    def record(self, buffer: bytes, head_end: int) -> None:
        """Count a request."""
        del buffer, head_end
        self.requests += 1


class Receiver(asyncio.Protocol):
    """One connection. It parses only where each request ends.

    Args:
        log: records each request.
        latency_s: the time before each response; None to send none.
        loop: the event loop.
    """

    __slots__ = ("_buffer", "_latency_s", "_log", "_loop", "_transport")

    def __init__(self, log: RequestLog, *, latency_s: float | None, loop: asyncio.AbstractEventLoop) -> None:
        self._log = log
        self._latency_s = latency_s
        self._loop = loop
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        buffer = self._buffer + data if self._buffer else data
        while (head_end := buffer.find(_END_OF_HEAD)) >= 0:
            request_end = head_end + len(_END_OF_HEAD) + _content_length(buffer, head_end)
            if len(buffer) < request_end:
                break
            self._log.record(buffer, head_end)
            buffer = buffer[request_end:]
            if self._latency_s == 0:
                self._answer()
            elif self._latency_s is not None:
                self._loop.call_later(self._latency_s, self._answer)
        self._buffer = buffer

    def connection_lost(self, _error: Exception | None) -> None:
        """Drop the transport."""
        self._transport = None

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(_RESPONSE)


def _content_length(buffer: bytes, head_end: int) -> int:
    start = buffer.find(_LENGTH_NAME, 0, head_end)
    if start < 0:
        return 0
    start += len(_LENGTH_NAME)
    return int(buffer[start : buffer.find(b"\r", start)])


async def listen(protocol: Callable[[], Receiver], *, port: int, addresses: int) -> list[asyncio.Server]:
    """Listen on the same port of each address, beginning with 127.0.0.1; port 0 chooses a free one."""
    loop = asyncio.get_running_loop()
    servers: list[asyncio.Server] = []
    for number in range(addresses):
        server = await loop.create_server(protocol, address(number), port, backlog=4096)
        port = server.sockets[0].getsockname()[1]
        servers.append(server)
    return servers


def address(number: int) -> str:
    """Return an address of this machine; 0 is 127.0.0.1."""
    return f"127.0.0.{number + 1}"


async def _serve(*, port: int, addresses: int, latency_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    counter = Counter()
    stopping = asyncio.Event()
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop_signal, stopping.set)
    servers = await listen(lambda: Receiver(counter, latency_s=latency_s, loop=loop), port=port, addresses=addresses)
    print(json.dumps({"port": servers[0].sockets[0].getsockname()[1]}), flush=True)
    await stopping.wait()
    for server in servers:
        server.close()
    print(json.dumps({"requests": counter.requests}), flush=True)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="A receiver that answers 200 to every POST.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 chooses a free one")
    parser.add_argument("--addresses", type=int, default=1, help="number of loopback addresses to listen on")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="time to wait before each response")
    parser.add_argument("--silent", action="store_true", help="never respond")
    options = parser.parse_args()
    latency_s = None if options.silent else options.latency_ms / 1000
    uvloop.run(_serve(port=options.port, addresses=options.addresses, latency_s=latency_s))


if __name__ == "__main__":
    main()
