"""Members as clients: one posts over a connection that stays open, another one gets messages on a WebSocket."""

import asyncio
import json
import time
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.client import ClientConnection, connect

SEEN_WITHIN_S: Final = 30.0
PING: Final = "{}"


class Reader:
    """Gets what is posted in a channel, for the time of an `async with` block.

    Args:
        port: of the server.
        path: of its WebSocket.
        commands: what the WebSocket sends first.
    """

    def __init__(self, port: int, path: str, commands: list[dict[str, Any]]) -> None:
        self.texts: Final[list[str]] = []
        """What has arrived, in that order."""
        self._url: Final = f"ws://127.0.0.1:{port}{path}"
        self._commands: Final = "\n".join(json.dumps(command) for command in commands)
        self._seen: Final[dict[str, asyncio.Future[float]]] = {}

    async def __aenter__(self) -> Self:
        self._socket: ClientConnection = await connect(self._url, compression=None, ping_interval=None, proxy=None)
        if self._commands:
            await self._socket.send(self._commands)
        is_subscribed = False
        async with asyncio.timeout(SEEN_WITHIN_S):
            while not is_subscribed:
                text = str(await self._socket.recv())
                if PING in text.split("\n"):
                    await self._socket.send(PING)
                is_subscribed = '"subscribe"' in text
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await self._socket.close()

    def seen(self, text: str) -> asyncio.Future[float]:
        """Return when a message has arrived, by `time.perf_counter`."""
        return self._seen.setdefault(text, asyncio.get_running_loop().create_future())

    async def _read(self) -> None:
        async for frame in self._socket:
            now = time.perf_counter()
            for line in str(frame).split("\n"):
                if line == PING:
                    await self._socket.send(PING)
                elif line.startswith('{"push"'):
                    text = json.loads(line)["push"].get("pub", {}).get("data", {}).get("text")
                    if text is not None:
                        self.texts.append(text)
                        self.seen(text).set_result(now)


class Author:
    """Posts over one connection, one message after the other.

    Args:
        port: of the server.
        path: where to post.
        token: of the member.
    """

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port: Final = port
        self._head: Final = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._is_free: Final = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._writer.close()

    async def post(self, text: str) -> None:
        """Post a message, whose id is its text up to a colon, and wait for the answer.

        Raises:
            RuntimeError: it wasn't accepted.
        """
        body = json.dumps({"text": text, "client_msg_id": text.partition(":")[0]}).encode()
        request = f"{self._head}{len(body)}\r\n\r\n".encode() + body
        async with self._is_free:
            try:
                status, answer = await self._exchange(request)
            except (asyncio.IncompleteReadError, ConnectionError):
                # The server has closed it, because it wasn't used for 30 s.
                self._writer.close()
                await self._connect()
                status, answer = await self._exchange(request)
        if status not in {200, 201}:
            raise RuntimeError(f"a message wasn't accepted: {answer!r}")

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)
