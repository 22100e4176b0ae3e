"""An HTTP proxy that does wrong what networks and servers do wrong, as a seed says.

Of each file, the same attempt has the same fault in each run with a seed. No file fails more than `FAULTS_IN_A_ROW_MAX`
times in a row, so a player that tries again gets it. It also gives out tokens that expire soon, at `POST /renew`.
"""

import asyncio
import hashlib
import json
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, TypeAlias

import httpx
import msgspec

Fault: TypeAlias = Literal["none", "error", "hang", "truncation", "reset"]

FAULTS_IN_A_ROW_MAX: Final = 3
HANG_S: Final = 10.0

_HEAD_BYTES_MAX: Final = 32_768
_HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
_CORS: Final = "Access-Control-Allow-Origin: *\r\n"
_FORBIDDEN: Final = 403


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How often which fault happens, of 1."""

    error: float = 0.08
    """A 500 without anything that a page may read."""
    hang: float = 0.02
    """Nothing for 10 s."""
    truncation: float = 0.06
    """Half of the body, and then the end of the connection."""
    reset: float = 0.06
    """A reset of the connection before an answer."""


class FaultyProxy:
    """The proxy.

    Args:
        upstream: the address of the server.
        seed: what faults follow from.
        rates: how often they happen.
        new_token: makes a token for a title that is named by a path, and how many seconds it is valid.
    """

    def __init__(
        self,
        upstream: str,
        *,
        seed: int,
        rates: Rates,
        new_token: Callable[[], Awaitable[tuple[str, float]]] | None = None,
    ) -> None:
        self._upstream = upstream
        self._seed = seed
        self._rates = rates
        self._new_token = new_token
        self._attempts: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        """How many of each there were."""
        self.expired = 0
        """Requests that were refused because of their token."""
        self.is_faulty = True
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FaultyProxy"]:
        """Listen on a free port until the block ends."""
        async with httpx.AsyncClient(base_url=self._upstream, trust_env=False, timeout=30) as client:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await self._serve(reader, writer, client)
                except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
                    # The client has gone, or everything ends.
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_HEAD_BYTES_MAX)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            try:
                yield self
            finally:
                server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: httpx.AsyncClient
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split("\r\n", 1)[0].split(" ", 2)
        if path == "/renew" and method == "POST" and self._new_token is not None:
            token, lifetime_s = await self._new_token()
            answer = json.dumps({"token": token, "expiresInS": lifetime_s})
            writer.write(
                f"HTTP/1.1 200 OK\r\n{_CORS}Content-Length: {len(answer)}\r\nConnection: close\r\n\r\n{answer}".encode()
            )
            await writer.drain()
            return
        fault = self._choose(method, path)
        self.faults[fault] += 1
        if fault == "reset":
            reset(writer)
        elif fault == "error":
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            if fault == "hang":
                await asyncio.sleep(HANG_S)
            await self._forward(method, path, head, writer, client, is_truncated=fault == "truncation")
        await writer.drain()

    async def _forward(
        self,
        method: str,
        path: str,
        head: str,
        writer: asyncio.StreamWriter,
        client: httpx.AsyncClient,
        *,
        is_truncated: bool,
    ) -> None:
        lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, _, value in lines if name.lower() in {"range", "origin", "accept"}}
        try:
            response = await client.request(method, path, headers=headers)
        except httpx.TransportError:
            self.faults["server away"] += 1
            reset(writer)
            return
        if response.status_code == _FORBIDDEN:
            self.expired += 1
        body = response.content
        kept = [f"{name}: {value}" for name, value in response.headers.items() if name not in _HOP_BY_HOP]
        begin = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}", *kept, f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*begin, "Connection: close", "", ""]).encode("latin-1"))
        writer.write(body[: len(body) // 2] if is_truncated else body)

    def _choose(self, method: str, path: str) -> Fault:
        """Return what happens to a request: as the seed, the file and the attempt say."""
        name = f"{method} {'/'.join(path.split('/')[4:])}"
        self._attempts[name] += 1
        text = f"{self._seed} {name} {self._attempts[name]}"
        number = struct.unpack(">I", hashlib.sha256(text.encode()).digest()[:4])[0] / 2**32
        fault = self._fault_at(number)
        if not self.is_faulty or fault == "none" or self._in_a_row[name] >= FAULTS_IN_A_ROW_MAX:
            self._in_a_row[name] = 0
            return "none"
        self._in_a_row[name] += 1
        return fault

    def _fault_at(self, number: float) -> Fault:
        rates = self._rates
        choices: list[tuple[Fault, float]] = [
            ("error", rates.error),
            ("hang", rates.hang),
            ("truncation", rates.truncation),
            ("reset", rates.reset),
        ]
        for fault, rate in choices:
            if number < rate:
                return fault
            number -= rate
        return "none"


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset."""
    with suppress(OSError):
        found = writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
