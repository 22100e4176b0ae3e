"""The servers that `run.py` measures, served by Granian with one worker as `ninefold serve` does.

python bench/callbacks/server.py stored|answered|bare PORT DSN

`stored` is Ninefold with all its systems. `answered` is the same, except that nothing is stored: the ingest reads the
request, finds its source, and answers at once. It is what `stored` is compared with. `bare` is no Ninefold: a function
that reads the body and answers, the least that Granian and ASGI cost.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from granian.constants import Interfaces
from granian.server.embed import Server

from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.web.stopping import Stopping
from ninefold.edge.server import build_web_app
from ninefold.edge.systems import SYSTEMS, implementations_of
from ninefold.systems.callbacks.model import NewCallback
from ninefold.systems.callbacks.routes.inbox import Inbox

NO_LIMIT: Final = {"NINEFOLD_CALLBACKS_RATE_PER_S": "100000", "NINEFOLD_CALLBACKS_BURST_MAX": "1000000"}


async def store_nothing(_: Inbox, callback: NewCallback) -> int:
    """Do as if the callback was stored."""
    del callback
    return 1


async def answer_only(_: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Read the body and answer."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def serve(name: str, port: int, dsn: str) -> None:
    """Serve until SIGTERM."""
    configure_logging("info", "json", process="server")
    if name == "answered":
        setattr(Inbox, "store", store_nothing)  # noqa: B010 - mypy knows no other way to replace a method.
    database = await Database.connect(dsn, application_name="ninefold server", connections_max=10)
    app: Any = answer_only
    if name != "bare":
        app = build_web_app(
            database,
            {**os.environ, **NO_LIMIT},
            systems=SYSTEMS,
            implementations=implementations_of(SYSTEMS),
            egress_policy=AddressPolicy.from_cidrs([]),
            stopping=Stopping(),
        )
    await Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
