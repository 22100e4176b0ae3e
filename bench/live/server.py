"""The servers that `run.py` measures, each in one process with Granian and uvloop, as in `ninefold serve`.

    python bench/live/server.py bare|ninefold PORT DSN

`bare` is a loop without Ninefold: it sends each message to the WebSockets that should get it, one after the other. It
is the most that a Python application can send through ASGI. It reads no database: `POST /publish` begins the messages.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from boards import CHANNEL, append, read_after, read_positions
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import post

from ninefold.core.live import LIVE_CHANNEL, Channel, Feed, FeedMap, Hub, live_surfaces
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.api_authentication import BEARER_KINDS, api_authentication
from ninefold.core.web.application import create_app
from ninefold.core.web.site import Site
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import Surface


class BareLoop:
    """An ASGI application that only sends."""

    def __init__(self) -> None:
        self._senders: list[Callable[[Any], Awaitable[None]]] = []
        self._publishing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """Serve a WebSocket, or begin to publish."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            self._senders.append(send)
            await send({"type": "websocket.send", "text": '{"id":2,"subscribe":{}}'})
            while (await receive())["type"] != "websocket.disconnect":
                pass
        elif scope["type"] == "http":
            plan = json.loads((await receive())["body"])
            self._publishing = asyncio.create_task(self._publish(**plan))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    async def _publish(self, *, ticks: int, interval_s: float, width: int, is_shared: bool, data: str) -> None:
        """Send a message at each tick: to all WebSockets, or another one to each of the next `width`."""
        began_at = time.perf_counter()
        position = 0
        for tick in range(ticks):
            await asyncio.sleep(max(0, began_at + tick * interval_s - time.perf_counter()))
            if is_shared:
                text = _push("0", tick, data)
                for send in self._senders:
                    await send({"type": "websocket.send", "text": text})
                continue
            for offset in range(width):
                number = (position + offset) % len(self._senders)
                await self._senders[number]({"type": "websocket.send", "text": _push(str(number), tick, data)})
            position += width


def _push(channel: str, offset: int, data: str) -> str:
    return f'{{"push":{{"channel":"{CHANNEL}{channel}","pub":{{"data":{data},"offset":{offset}}}}}}}'


async def _may_read(_: Connection, __: Principal, ___: Channel) -> bool:
    return True


def ninefold(database: Database, stopping: Stopping) -> Any:
    """Return an application with a feed, and a route that commits an entry."""
    notifier = Notifier(database)
    feed = Feed(pattern=CHANNEL + "{name}", may_read=_may_read, read_positions=read_positions, read_after=read_after)
    hub = Hub(
        database,
        notifier=notifier,
        feeds=FeedMap([feed]),
        methods={},
        kinds=BEARER_KINDS,
        connections_max=100_000,
        buffer_size_max=1_048_576,
    )

    @post("/commit", status_code=200)
    async def commit() -> dict[str, float]:
        """Commit an entry, notify, and return when it was committed, by the machine's clock."""
        async with database.transaction() as connection:
            await append(connection, ["0"], b'{"latency": true}')
        committed_at = time.perf_counter()
        notifier.notify(LIVE_CHANNEL, f"{CHANNEL}0")
        return {"committed_at": committed_at}

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        has_ended = asyncio.Event()
        listening = asyncio.create_task(notifier.run(has_ended))
        async with hub.running(stopping.begun):
            yield
        has_ended.set()
        await listening

    return create_app(
        database=database,
        surfaces=[
            *live_surfaces(hub, api_authenticate=api_authentication(database, Site())),
            Surface(path="/commit", routes=[commit]),
        ],
        readiness=[],
        title="Bench",
        version="1",
        stopping=stopping,
        lifespan=lifespan,
    )


async def _serve(name: str, port: int, dsn: str) -> None:
    configure_logging("warning", "json", process="bench")
    database = await Database.connect(dsn, application_name="bench", connections_max=10)
    if name == "bare":
        await Server(BareLoop(), port=port, interface=Interfaces.ASGI, log_enabled=False).serve()
        return
    app = ninefold(database, Stopping())
    async with app.lifespan():
        await Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
