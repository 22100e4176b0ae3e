"""What all WebSockets of Slack's protocols share: several tasks, one writer, and a farewell."""

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog
from litestar import WebSocket

from ninefold.core.live.errors import EXPIRED, SERVER_ERROR, SLOW
from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import CLOSE_WITHIN_S
from ninefold.core.live.viewers import Viewer
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.messaging.service.notifying import MEMBER_PATTERN

SEND_WITHIN_S: Final = 10.0
"""How long sending a message can take. The connection of a client that doesn't read is then dropped."""

log = structlog.get_logger(__name__)


class SlackSocket(Viewer):
    """One connection.

    Args:
        socket: a WebSocket that isn't accepted yet.
    """

    transport = "slack"

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        super().__init__()
        self._socket: Final = socket
        self._writing: Final = asyncio.Lock()
        self.deadline = None

    @property
    @abstractmethod
    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What is done besides reading, until the connection ends."""

    @property
    @abstractmethod
    def _farewell(self) -> dict[str, Any]:
        """What the client is told before the server ends the connection."""

    @abstractmethod
    async def _take(self, text: str | None) -> None:
        """Take a message of the client."""

    @abstractmethod
    async def _end(self) -> None:
        """Clean up after the end of the connection."""

    def ping(self) -> None:
        """Do nothing: the clients ping, and the server answers with the payload of the ping."""

    def end_feed(self, feed: Feed) -> None:
        """End the connection, if its member has been deactivated: then messaging refuses its feeds."""
        if feed.pattern == MEMBER_PATTERN:
            self.end(EXPIRED)

    async def run(self) -> None:
        """Accept the WebSocket, and serve the client until either side ends the connection."""
        try:
            await self._socket.accept()
            await self._serve()
        finally:
            with suppress(DatabaseUnavailableError):
                await self._end()

    async def _serve(self) -> None:
        tasks = [asyncio.create_task(work) for work in (*self._work, self._read())]
        for task in tasks:
            task.add_done_callback(self._on_done)
        try:
            disconnect = await self.ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if disconnect is not None:
            # A client that doesn't read doesn't get the reason.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._write(self._farewell)
                    await self._socket.close(disconnect.code, disconnect.reason)

    async def _read(self) -> None:
        while not self.ended.done():
            message: Any = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self.end(None)
                return
            await self._take(message.get("text"))

    async def _write(self, message: dict[str, Any]) -> None:
        text = msgspec.json.encode(message).decode()
        try:
            async with asyncio.timeout(SEND_WITHIN_S), self._writing:
                await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})
        except TimeoutError:
            self.end(SLOW)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not self.ended.done():
            # If the connection is lost, the server says so in one of many ways.
            log.info("messaging.socket.ended", error=repr(error))
        self.end(SERVER_ERROR)
