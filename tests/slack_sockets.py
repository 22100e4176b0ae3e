"""A plain client of Socket Mode, which acknowledges only what a test tells it to."""

import asyncio
import json
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect

from http_api import Json


async def open_url(server_url: str, app_token: str, *, method: str = "apps.connections.open") -> Json:
    """Ask for the address of a connection; return the answer."""
    async with httpx.AsyncClient(base_url=server_url, trust_env=False) as http:
        response = await http.post(f"/slack/api/{method}", headers={"Authorization": f"Bearer {app_token}"})
    answer: Json = response.json()
    return answer


class PlainSocket:
    """One connection, for an `async with`.

    Args:
        server_url: the address of the server.
        app_token: the token of the app, `xapp-…`.
        method: what returns the address of the connection.
    """

    def __init__(self, server_url: str, app_token: str, *, method: str = "apps.connections.open") -> None:
        self._method = method
        self._server_url = server_url
        self._app_token = app_token
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        url = (await open_url(self._server_url, self._app_token, method=self._method))["url"]
        self._socket = await connect(url, proxy=None)
        self.hello = await self.receive()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    @classmethod
    def of_bot(cls, server_url: str, app: Json) -> Self:
        """Return a connection of RTM, for an `async with`."""
        return cls(server_url, app["bot_token"], method="rtm.connect")

    async def receive(self, *, timeout_s: float = 30.0) -> Json:
        """Return the next message."""
        async with asyncio.timeout(timeout_s):
            message: Json = json.loads(await self._socket.recv())
        return message

    async def receive_event(self) -> Json:
        """Return the next envelope of an event, without acknowledging it."""
        while (message := await self.receive())["type"] != "events_api":
            pass
        return message

    async def acknowledge(self, envelope: Json, **payload: Any) -> None:
        """Acknowledge an envelope."""
        answer = {"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}
        await self._socket.send(json.dumps(answer))

    async def ping(self, payload: bytes) -> None:
        """Send a ping, and return when its payload has come back."""
        async with asyncio.timeout(30):
            await (await self._socket.ping(payload))

    async def wait_closed(self) -> None:
        """Wait until the server has closed the connection."""
        async with asyncio.timeout(30):
            await self._socket.wait_closed()
