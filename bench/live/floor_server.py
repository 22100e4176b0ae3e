"""The floor: a server that only commits each message and sends it on, in one process with Granian and uvloop.

    python bench/live/floor_server.py PORT DSN

`POST /messages/{number}` inserts one row, in a transaction of its own, and sends one WebSocket message to the reader
that has connected to `/readers/{number}`. It checks no credential and nothing that a message says. The table is
`bench.message (number integer, body text)`.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from ninefold.core.postgres.database import Database

CONNECTIONS_MAX = 10_000

_INSERT = "INSERT INTO bench.message (number, body) VALUES ($1, $2)"
_ANSWER = b'{"result":"committed"}'


class Floor:
    """The application."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._senders: dict[int, Callable[[Any], Awaitable[None]]] = {}

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """Serve a WebSocket, or commit a message."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self._senders[_number_in(scope["path"])] = send
            await send({"type": "websocket.send", "text": '{"id":2,"subscribe":{}}'})
            while (await receive())["type"] != "websocket.disconnect":
                pass
        elif scope["type"] == "http":
            await self._take(_number_in(scope["path"]), (await receive())["body"].decode(), send)

    async def _take(self, number: int, body: str, send: Any) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_INSERT, number, body)
        await self._senders[number]({"type": "websocket.send", "text": f'{{"push":{{"pub":{{"data":{body}}}}}}}'})
        headers = [(b"content-length", str(len(_ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _ANSWER, "more_body": False})


def _number_in(path: str) -> int:
    return int(path.rpartition("/")[2])


async def _serve(port: int, dsn: str) -> None:
    database = await Database.connect(dsn, application_name="bench", connections_max=10)
    # By default, Granian accepts 128 connections.
    server = Server(
        Floor(database), port=port, interface=Interfaces.ASGI, log_enabled=False, backpressure=CONNECTIONS_MAX
    )
    await server.serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
