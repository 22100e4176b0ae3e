"""The floor: a server that commits a row and makes one HTTP call on this machine for each request, and nothing else.

    python bench/payments/payment_floor.py server PORT DSN CALLED_PORT
    python bench/payments/payment_floor.py called PORT

The table is `bench.payment (body text)`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any, Final

from granian.constants import Interfaces
from granian.server.embed import Server

from ninefold.core.egress import AddressPolicy, EgressClient, parse_target
from ninefold.core.postgres.database import Database

LOOPBACK: Final = AddressPolicy([ip_network("127.0.0.0/8")])
ANSWER: Final = b'{"status":"succeeded"}'
_INSERT: Final = "INSERT INTO bench.payment (body) VALUES ($1)"


class Floor:
    """The application that is measured."""

    def __init__(self, database: Database, called_port: int) -> None:
        self._database = database
        self._client = EgressClient(LOOPBACK)
        self._target = parse_target(f"http://127.0.0.1:{called_port}/")

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """Commit, call, and answer."""
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        async with self._database.connection() as connection:
            await connection.execute(_INSERT, body.decode())
        await self._client.request("POST", self._target, body=body, timeout_s=10.0)
        await answer(send)


async def called(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    """Answer at once."""
    if scope["type"] == "http":
        await receive()
        await answer(send)


async def answer(send: Any) -> None:
    """Send a small answer."""
    headers = [(b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER, "more_body": False})


async def _serve(arguments: list[str]) -> None:
    application: Any = called
    if arguments[0] == "server":
        database = await Database.connect(arguments[2], application_name="bench", connections_max=10)
        application = Floor(database, int(arguments[3]))
    server = Server(application, address="127.0.0.1", port=int(arguments[1]), interface=Interfaces.ASGI)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
