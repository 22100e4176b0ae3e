"""A receiver for benchmarks: answers every POST with 200, as fast as one Python process can.

    python bench/webhooks/receiver.py [--port 0] [--latency-ms 0]

Prints `{"port": …}` on standard output when it is ready, and `{"requests": …}` on SIGTERM, before it exits. It does
minimal parsing and trusts its client. It isn't a general web server.
"""

import argparse
import asyncio
import json
import signal
from typing import cast

import uvloop

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH_NAME = b"content-length: "
_RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


class Counter:
    """The number of requests received."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


class Receiver(asyncio.Protocol):
    """One connection. It parses only where each request ends."""

    __slots__ = ("_buffer", "_counter", "_latency_s", "_loop", "_transport")

    def __init__(self, counter: Counter, *, latency_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._counter = counter
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
            buffer = buffer[request_end:]
            self._counter.requests += 1
            if self._latency_s:
                self._loop.call_later(self._latency_s, self._answer)
            else:
                self._answer()
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


async def _serve(*, port: int, latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    counter = Counter()
    stopping = asyncio.Event()
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop_signal, stopping.set)
    server = await loop.create_server(
        lambda: Receiver(counter, latency_s=latency_s, loop=loop), "127.0.0.1", port, backlog=4096
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await stopping.wait()
    server.close()
    print(json.dumps({"requests": counter.requests}), flush=True)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="A receiver that answers 200 to every POST.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 chooses a free one")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="time to wait before each response")
    options = parser.parse_args()
    uvloop.run(_serve(port=options.port, latency_s=options.latency_ms / 1000))


if __name__ == "__main__":
    main()
