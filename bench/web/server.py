"""The applications that `run.py` measures, each served by Granian on one worker, as `ninefold serve` does.

python bench/web/server.py NAME PORT DSN
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import post
from litestar.di import NamedDependency

from ninefold.core.postgres.database import Database
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import authenticate
from ninefold.core.web.access import access
from ninefold.core.web.api import api_surface
from ninefold.core.web.application import WebApplication, create_app
from ninefold.core.web.bodies import FromBody, JsonDecoder, RequestBody

PATH = "/api/v1/events"


class Publish(RequestBody, frozen=True, kw_only=True):
    """The body that every request sends, about 1 KB."""

    event_type: Annotated[str, msgspec.Meta(max_length=200)]
    payload: msgspec.Raw


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The response."""

    event_id: str
    queued_deliveries: int


ACCEPTED = Accepted(event_id="evt_01h455vb4pex5vsknk084sn02q", queued_deliveries=5)
DECODER = JsonDecoder(Publish)


def plain(_: Database) -> Any:
    """Read the body and respond: the cost of Granian and ASGI alone."""

    async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        del scope
        await _read(receive)
        await _answer(send)

    return app


def plain_checked(database: Database) -> Any:
    """Authenticate with a query, decode and respond: the minimum cost of the work itself."""

    async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        header = next(value for name, value in scope["headers"] if name == b"authorization")
        async with database.connection() as connection:
            await authenticate(connection, header.removeprefix(b"Bearer ").decode(), kinds=[API_KEY])
        DECODER.decode(await _read(receive))
        await _answer(send)

    return app


def ninefold(database: Database) -> WebApplication:
    """Do the same as `plain_checked` with Ninefold's whole web layer."""

    @post(PATH, status_code=202, opt=access(not_audited="As the publish of webhook delivery."))
    async def publish_event(data: FromBody[Publish], principal: NamedDependency[Principal]) -> Accepted:
        """Publish an event."""
        del data, principal
        return ACCEPTED

    return create_app(
        database=database, surfaces=[api_surface(database, [publish_event])], readiness=[], title="Bench", version="1"
    )


APPLICATIONS: dict[str, Callable[[Database], Any]] = {
    "plain": plain,
    "plain_checked": plain_checked,
    "ninefold": ninefold,
}


async def _read(receive: Callable[[], Awaitable[Any]]) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Callable[[Any], Awaitable[None]]) -> None:
    body = msgspec.json.encode(ACCEPTED)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _serve(name: str, port: int, dsn: str) -> None:
    configure_logging("info", "json", process="bench")
    database = await Database.connect(dsn, application_name="bench", connections_max=10)
    server = Server(APPLICATIONS[name](database), port=port, interface=Interfaces.ASGI, log_enabled=False)
    await server.serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
