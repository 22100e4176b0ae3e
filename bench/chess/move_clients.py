"""Players as clients: each sees the moves of its game on a WebSocket, and makes its own on another connection."""

import asyncio
import json
import time
from types import TracebackType
from typing import Final, NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect

MOVE_WITHIN_S: Final = 30.0
UNAVAILABLE: Final = 503
RETRY_AFTER_S: Final = 0.5
PING: Final = "{}"
PONG: Final = "{}"


class Seat(NamedTuple):
    """Where one player of a game is: what its client needs."""

    port: int
    socket_path: str
    moves_path: str
    commands: tuple[str, ...]
    """What its WebSocket sends first."""
    token: str


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes


class MoveClient:
    """One player, for the time of an `async with` block."""

    def __init__(self, seat: Seat) -> None:
        self._seat: Final = seat
        self._seen: dict[int, asyncio.Future[float]] = {}
        self._error: Exception | None = None

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
        await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reading.cancel()
        self._writer.close()
        await self._socket.close()

    async def move(self, uci: str, ply: int) -> None:
        """Make a move, and wait for its answer; send it again if the server couldn't say whether it counts.

        Raises:
            RuntimeError: it wasn't committed.
        """
        body = json.dumps({"ply": ply, "move": uci, "client_move_id": f"{ply}", "lag_ms": 40}).encode()
        head = (
            f"POST {self._seat.moves_path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._seat.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        while (answer := await self._post(head.encode() + body)).status == UNAVAILABLE:
            await asyncio.sleep(RETRY_AFTER_S)
        if b'"committed"' not in answer.body:
            raise RuntimeError(f"a move wasn't committed: {answer.body!r}")

    def seen(self, ply: int) -> asyncio.Future[float]:
        """Return when this player sees a ply, by `time.perf_counter`."""
        if self._error is not None:
            raise self._error
        return self._seen.setdefault(ply, asyncio.get_running_loop().create_future())

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._seat.port)

    async def _wait_until_subscribed(self) -> None:
        async with asyncio.timeout(MOVE_WITHIN_S):
            is_subscribed = False
            while not is_subscribed:
                text = str(await self._socket.recv())
                if PING in text.split("\n"):
                    await self._socket.send(PONG)
                is_subscribed = '"subscribe"' in text

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                for line in str(frame).split("\n"):
                    await self._on_message(line, time.perf_counter())
        except Exception as error:  # noqa: BLE001  # the caller that waits for a move gets it.
            self._fail(error)
        else:
            self._fail(RuntimeError(f"the server closed a WebSocket: {self._socket.close_code}"))

    def _fail(self, error: Exception) -> None:
        self._error = error
        for future in self._seen.values():
            if not future.done():
                future.set_exception(error)

    async def _on_message(self, line: str, now: float) -> None:
        if line == PING:
            await self._socket.send(PONG)
        elif line.startswith('{"push"'):
            ply = json.loads(line)["push"].get("pub", {}).get("data", {}).get("ply")
            if ply is not None:
                self.seen(ply).set_result(now)

    async def _post(self, request: bytes) -> Answer:
        try:
            return await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            # The server has closed it, because it wasn't used for 30 s.
            self._writer.close()
            await self._connect()
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        return Answer(int(lines[0].split()[1]), await self._reader.readexactly(length))
