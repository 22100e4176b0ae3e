"""One WebSocket of Centrifuge's protocol: reads the commands of its client, and sends what it subscribes to."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog
from litestar import WebSocket

from ninefold.core.live import errors
from ninefold.core.live.centrifuge.commands import CommandExecutor
from ninefold.core.live.centrifuge.messages import PING, Reply, decode_commands, encode_reply
from ninefold.core.live.feeds import Feed
from ninefold.core.live.hub import Hub
from ninefold.core.live.limits import CLOSE_WITHIN_S, COMMAND_BYTES_MAX
from ninefold.core.live.outbox import Outbox
from ninefold.core.live.viewers import Viewer

log = structlog.get_logger(__name__)


class WebSocketClient(Viewer):
    """One connected client.

    Args:
        socket: a WebSocket that isn't accepted yet.
        hub: what it can subscribe to.
        credential: what the handshake had as `Authorization: Bearer …`; it is used if the connect command has no token.
    """

    transport = "websocket"

    def __init__(self, socket: WebSocket[Any, Any, Any], hub: Hub, *, credential: str) -> None:
        super().__init__()
        self._socket: Final = socket
        self._hub: Final = hub
        self.outbox: Final = Outbox(
            self._write, separator="\n", size_max=hub.buffer_size_max, overflow=lambda: self.end(errors.SLOW)
        )
        self._commands: Final = CommandExecutor(self, hub, credential=credential)

    async def run(self) -> None:
        """Accept the WebSocket and serve the client until either side ends the connection.

        Raises:
            TooManyConnectionsError: this process has as many as it can have; the WebSocket isn't accepted then.
        """
        self._hub.viewers.add(self)
        try:
            await self._socket.accept()
            await self._serve()
        finally:
            self._hub.viewers.remove(self)

    async def _serve(self) -> None:
        writing = asyncio.create_task(self.outbox.run())
        writing.add_done_callback(self._on_written)
        reading = asyncio.create_task(self._read())
        try:
            disconnect = await self.ended
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            self._commands.close()
            self.outbox.close()
        if disconnect is not None:
            await asyncio.wait([writing], timeout=CLOSE_WITHIN_S)
            # A client that doesn't read doesn't get the reason.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._socket.close(disconnect.code, disconnect.reason)
        writing.cancel()

    def put(self, reply: Reply) -> None:
        """Send a reply."""
        self.outbox.put(encode_reply(reply))

    def ping(self) -> None:
        """Ping the client, which answers with an empty command."""
        self.is_pong_due = True
        self.outbox.put(PING)

    def end_feed(self, feed: Feed) -> None:
        """End the subscriptions to channels of a feed."""
        self._commands.end_feed(feed)

    async def _write(self, text: str) -> None:
        await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})

    def _on_written(self, writing: "asyncio.Task[None]") -> None:
        # If the connection is lost, the server says so in one of many ways.
        if not writing.cancelled() and writing.exception() is not None:
            self.end(None)

    async def _read(self) -> None:
        try:
            while not self.ended.done():
                message: Any = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    self.end(None)
                else:
                    self.is_pong_due = False
                    await self._execute(message.get("text"))
        except Exception:
            log.exception("live.client.crashed")
            self.end(errors.SERVER_ERROR)

    async def _execute(self, text: str | None) -> None:
        """Execute the commands of one message, in order."""
        if text is None:
            self.end(errors.MALFORMED)
            return
        if len(text) > COMMAND_BYTES_MAX:
            self.end(errors.MESSAGE_TOO_LARGE)
            return
        try:
            commands = decode_commands(text)
        except msgspec.MsgspecError:
            self.end(errors.MALFORMED)
            return
        for command in commands:
            await self._commands.execute(command)
