"""Many WebSocket clients in one process, as light as possible: they subscribe, and count what they get.

    python bench/live/clients.py PORT CONNECTIONS CHANNEL

`{}` in the name of the channel is the number of the connection. The first line of standard input is a JSON array of
tokens, which the connections use in turn. Prints `ready` when all have subscribed. Each further line asks for the
counts, which are printed as JSON.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

_HANDSHAKE = (
    "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)
_OPENED_AT_ONCE = 50

_HEAD_BYTES = 2
_TEXT_FRAME = 0x81
_LENGTH_16_BITS = 126
_LENGTH_64_BITS = 127
"""Parts of a frame (RFC 6455 §5.2)."""


class Client(asyncio.Protocol):
    """One connection. It parses frames only as far as counting needs."""

    def __init__(self, channel: str, token: str) -> None:
        self._channel = channel
        self._token = token
        self._buffer = b""
        self._is_open = False
        self.count = 0
        self.latest_at = 0.0
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Send the handshake."""
        self._transport = transport
        transport.write(_HANDSHAKE.format(key=base64.b64encode(os.urandom(16)).decode()).encode())

    def data_received(self, data: bytes) -> None:
        """Count messages, and answer pings."""
        self.latest_at = time.perf_counter()
        self._buffer += data
        if not self._is_open:
            head, separator, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                self._buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._is_open = True
            commands = [
                {"id": 1, "connect": {"token": self._token}},
                {"id": 2, "subscribe": {"channel": self._channel}},
            ]
            self._send("\n".join(json.dumps(command) for command in commands))
        while (payload := self._next_frame()) is not None:
            for line in payload.split(b"\n"):
                self._on_message(line)

    def _on_message(self, line: bytes) -> None:
        if line.startswith(b'{"push"'):
            self.count += 1
        elif line == b"{}":
            self._send("{}")
        elif line.startswith(b'{"id":2'):
            assert b'"subscribe"' in line, line
            self.subscribed.set_result(None)

    def _next_frame(self) -> bytes | None:
        """Return the payload of the next frame; a server's frames aren't masked (RFC 6455 §5.2)."""
        buffer = self._buffer
        if len(buffer) < _HEAD_BYTES:
            return None
        length, start = buffer[1] & 0x7F, _HEAD_BYTES
        if length == _LENGTH_16_BITS:
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == _LENGTH_64_BITS:
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + length:
            return None
        assert buffer[0] == _TEXT_FRAME, "a frame that isn't a whole text message"
        self._buffer = buffer[start + length :]
        return buffer[start : start + length]

    def _send(self, text: str) -> None:
        payload, mask = text.encode(), os.urandom(4)
        is_short = len(payload) < _LENGTH_16_BITS
        length = bytes([0x80 | len(payload)]) if is_short else b"\xfe" + len(payload).to_bytes(2, "big")
        head = bytes([_TEXT_FRAME]) + length
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._transport.write(head + mask + masked)


def _the(client: Client) -> Client:
    return client


async def main(port: int, connections: int, *, channel: str, tokens: Sequence[str]) -> None:
    """Connect all clients, then answer each line on standard input."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for start in range(0, connections, _OPENED_AT_ONCE):
        opened = [
            Client(channel.replace("{}", str(number)), tokens[number % len(tokens)])
            for number in range(start, min(start + _OPENED_AT_ONCE, connections))
        ]
        for client in opened:
            await loop.create_connection(partial(_the, client), "127.0.0.1", port)
        await asyncio.gather(*[client.subscribed for client in opened])
        clients += opened
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        counts = [client.count for client in clients]
        latest_at = max(client.latest_at for client in clients)
        print(json.dumps({"total": sum(counts), "min": min(counts), "latest_at": latest_at}), flush=True)


if __name__ == "__main__":
    import uvloop

    given = json.loads(sys.stdin.readline())
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), channel=sys.argv[3], tokens=given))
