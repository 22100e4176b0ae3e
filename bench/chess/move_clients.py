"""Players as clients: each sees the moves of its game on a WebSocket, and makes its own on another connection."""

import asyncio
import json
import time
from types import TracebackType
from typing import Final, NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect

MOVE_WITHIN_S: Final = 30.0


class Seat(NamedTuple):
    """Where one player of a game is: what its client needs."""

    port: int
    socket_path: str
    moves_path: str
    commands: tuple[str, ...]
    """What its WebSocket sends first."""
    token: str


class MoveClient:
    """One player, for the time of an `async with` block."""

    def __init__(self, seat: Seat) -> None:
        self._seat: Final = seat
        self._seen: dict[int, asyncio.Future[float]] = {}

    async def __aenter__(self) -> Self:
        self._socket: ClientConnection = await connect(
            f"ws://127.0.0.1:{self._seat.port}{self._seat.socket_path}",
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        if self._seat.commands:
            await self._socket.send("\n".join(self._seat.commands))
        await self._wait_until_subscribed()
        self._reading = asyncio.create_task(self._read())
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._seat.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reading.cancel()
        self._writer.close()
        await self._socket.close()

    async def move(self, uci: str, ply: int) -> None:
        """Make a move, and wait for its answer.

        Raises:
            RuntimeError: it wasn't committed.
        """
        body = json.dumps({"ply": ply, "move": uci, "client_move_id": f"{ply}", "lag_ms": 40}).encode()
        head = (
            f"POST {self._seat.moves_path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._seat.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._read_answer()
        if b'"committed"' not in answer:
            raise RuntimeError(f"a move wasn't committed: {answer!r}")

    def seen(self, ply: int) -> asyncio.Future[float]:
        """Return when this player sees a ply, by `time.perf_counter`."""
        return self._seen.setdefault(ply, asyncio.get_running_loop().create_future())

    async def _wait_until_subscribed(self) -> None:
        async with asyncio.timeout(MOVE_WITHIN_S):
            while '"subscribe"' not in str(await self._socket.recv()):
                pass

    async def _read(self) -> None:
        async for frame in self._socket:
            now = time.perf_counter()
            for line in str(frame).split("\n"):
                if line == "{}":
                    await self._socket.send("{}")
                elif '"ply":' in line or '"ply": ' in line:
                    data = json.loads(line)["push"]["pub"]["data"]
                    future = self.seen(data["ply"])
                    if future.done():
                        raise RuntimeError(f"ply {data['ply']} came twice")
                    future.set_result(now)

    async def _read_answer(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        return await self._reader.readexactly(length)
