"""`ninefold serve` with a sample system that has streams and WebSockets.

NINEFOLD_DATABASE_URL=… NINEFOLD_PORT=… python tests/edge/streaming_server.py
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.errors import NotFoundError
from ninefold.core.system import NoSettings, ServerContext, System
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.surfaces import Surface
from ninefold.edge import server


def make_routes(context: ServerContext[NoSettings]) -> Sequence[ControllerRouterHandler]:
    @websocket("/api/v1/echo")
    async def echo(socket: WebSocket[Any, Any, Any], principal: NamedDependency[Principal]) -> None:
        """Send every message back, until the client closes the connection."""
        await socket.accept()
        await socket.send_text(f"hello {principal.organisation_id}")
        while True:
            text = await socket.receive_text()
            if text == "missing":
                raise NotFoundError("There is no such thing.")
            await socket.send_text(text)

    @websocket("/api/v1/absent")
    async def absent(socket: WebSocket[Any, Any, Any]) -> None:
        """Refuse before the WebSocket is accepted."""
        del socket
        raise NotFoundError("There is no such channel.")

    del context
    return [echo, absent]


def make_surfaces(context: ServerContext[NoSettings]) -> Sequence[Surface]:
    @get("/feed/polite", media_type="application/x-ndjson")
    async def read_polite_feed() -> Stream:
        """End as soon as the server begins to stop, with a last line."""

        async def lines() -> AsyncIterator[bytes]:
            yield b'"first"\n'
            await context.stopping.wait()
            yield b'"last"\n'

        return Stream(lines())

    @get("/feed/stubborn", media_type="application/x-ndjson")
    async def read_stubborn_feed() -> Stream:
        """Never end."""

        async def lines() -> AsyncIterator[bytes]:
            yield b'"first"\n'
            await asyncio.get_running_loop().create_future()

        return Stream(lines())

    @get("/feed/broken", media_type="application/x-ndjson")
    async def read_broken_feed() -> Stream:
        """Fail after the first line."""

        async def lines() -> AsyncIterator[bytes]:
            yield b'"first"\n'
            await asyncio.sleep(0)
            raise ZeroDivisionError

        return Stream(lines())

    return [Surface(path="/feed", routes=[read_polite_feed, read_stubborn_feed, read_broken_feed])]


SYSTEM: System[NoSettings] = System(
    name="streaming",
    routes=make_routes,
    surfaces=make_surfaces,
)

if __name__ == "__main__":
    # The server's worker process is forked, so it has this list too.
    vars(server)["SYSTEMS"] = (SYSTEM,)
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=os.environ)
    server.run_server(settings, database_url=settings.database_url or "")
