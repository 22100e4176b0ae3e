"""Devices that come back after their server was killed, with growing delays, as Centrifuge's official clients do."""

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

BACKOFF_S: Final = 0.5
BACKOFF_MAX_S: Final = 5.0
"""The first delay and the longest one; each is chosen at random up to it. Official clients wait up to 20 s."""

OPEN_WITHIN_S: Final = 5.0
TOO_MANY: Final = 111
PING: Final = "{}"


class StormClient:
    """One device that follows a channel.

    Args:
        url: of the WebSocket.
        token: of its member.
        channel: the live channel.
        counts: counts what happens to all devices.
    """

    def __init__(self, url: str, *, token: str, channel: str, counts: Counter[str]) -> None:
        self.offsets: Final[list[int]] = []
        """The sequence of each entry, in the order of their arrival."""
        self.problems: Final[list[str]] = []
        self.begins_after = 0
        """The sequence of the last entry before it subscribed."""
        self.connected_at_s: float | None = None
        self.subscribed: Final = asyncio.Event()
        self._url: Final = url
        self._token: Final = token
        self._channel: Final = channel
        self._counts: Final = counts
        self._epoch: str | None = None

    @property
    def offset(self) -> int:
        """Up to where it has the log."""
        return self.offsets[-1] if self.offsets else self.begins_after

    async def run(self) -> None:
        """Stay connected; cancel it at the end."""
        attempts = 0
        while True:
            try:
                async with connect(
                    self._url, compression=None, ping_interval=None, proxy=None, open_timeout=OPEN_WITHIN_S
                ) as socket:
                    await self._follow(socket)
                attempts = 0
            except InvalidStatus as error:
                self._counts[f"refused with {error.response.status_code}"] += 1
            except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, EOFError):
                self._counts["no connection"] += 1
            if not self.subscribed.is_set():
                attempts += 1
            self.subscribed.clear()
            await asyncio.sleep(random.uniform(0, min(BACKOFF_MAX_S, BACKOFF_S * 2**attempts)))

    async def _follow(self, socket: ClientConnection) -> None:
        subscribe: dict[str, Any] = {"channel": self._channel}
        if self._epoch is not None:
            subscribe |= {"recover": True, "epoch": self._epoch, "offset": self.offset}
        commands = [{"id": 1, "connect": {"token": self._token}}, {"id": 2, "subscribe": subscribe}]
        with suppress(ConnectionClosed):
            await socket.send("\n".join(json.dumps(command) for command in commands))
            async for frame in socket:
                for line in str(frame).split("\n"):
                    if line == PING:
                        await socket.send(PING)
                    elif not self._on_message(json.loads(line)):
                        return
        self._counts["lost"] += 1

    def _on_message(self, message: dict[str, Any]) -> bool:
        """Take a message of the server; return whether the connection goes on."""
        if "error" in message:
            code = message["error"]["code"]
            self._counts["too many at once" if code == TOO_MANY else f"error {code}"] += 1
            return False
        if "subscribe" in message:
            self._on_subscribed(message["subscribe"])
        elif "push" in message and "pub" in message["push"]:
            self._take(message["push"]["pub"])
        elif "push" in message and "disconnect" in message["push"]:
            self._counts[f"disconnected with {message['push']['disconnect']['code']}"] += 1
        return True

    def _on_subscribed(self, reply: dict[str, Any]) -> None:
        if self._epoch is None:
            self.begins_after = reply["offset"]
        elif not reply.get("recovered"):
            self.problems.append(f"The server couldn't continue after {self.offset}: {reply}")
        self._epoch = reply["epoch"]
        for publication in reply.get("publications", []):
            self._take(publication)
        self.connected_at_s = time.monotonic()
        self.subscribed.set()

    def _take(self, publication: dict[str, Any]) -> None:
        offset = publication.get("offset")
        if offset is None:
            return
        if offset != self.offset + 1:
            self.problems.append(f"Entry {offset} came after {self.offset}.")
        self.offsets.append(offset)
