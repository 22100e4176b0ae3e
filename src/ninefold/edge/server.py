"""The HTTP server process: Granian serves an ASGI application with the routes of all systems."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec
import structlog
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from litestar.types import Send

from ninefold import __version__
from ninefold.core.blobs import Blobs
from ninefold.core.config import CoreSettings, read_settings, server_url
from ninefold.core.contracts import Implementations
from ninefold.core.egress import AddressPolicy
from ninefold.core.live import FeedMap, Hub, LiveMethod, live_surfaces
from ninefold.core.postgres.database import Database
from ninefold.core.processes import ProcessFolder
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.service import prepare_secrets
from ninefold.core.system import AnySystem, ServerContext
from ninefold.core.telemetry.buffer import LogBuffer
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.web.api import api_surface
from ninefold.core.web.api_authentication import BEARER_KINDS, api_authentication
from ninefold.core.web.application import WebApplication
from ninefold.core.web.application import create_app as create_web_app
from ninefold.core.web.direct_routes import DirectRoute
from ninefold.core.web.health import database_readiness
from ninefold.core.web.people.routes import people_routes
from ninefold.core.web.site import Site
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import Surface
from ninefold.edge.database import require_migrated
from ninefold.edge.ports import require_free_port
from ninefold.edge.processes import end_with_parent, end_with_supervisor, raise_open_file_limit
from ninefold.edge.settings import check_settings
from ninefold.edge.systems import CORE, SYSTEMS, credential_kinds, implementations_of, migration_sources, sealed_columns

STOP_GRACE_PERIOD_S: Final = 10
"""How long requests in progress may take to finish after SIGTERM."""

CONNECTIONS_MAX: Final = 100_000
"""Connections that a server accepts at most, whatever its limit of open files."""

CONNECTIONS_MIN: Final = 128
OPEN_FILES_RESERVED: Final = 256
"""Of the files that the server may have open, those left for other purposes: PostgreSQL, the engine, logs."""

TITLE: Final = "Ninefold"
DESCRIPTION: Final = "Back-end systems that product teams keep rebuilding, as one self-hosted service."

# Granian's log lines go through the root logger, which Ninefold configures.
_GRANIAN_LOGGING: Final[dict[str, Any]] = {
    "formatters": {},
    "handlers": {},
    "loggers": {
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
    },
}

log = structlog.get_logger(__name__)


def run_server(settings: CoreSettings, *, database_url: str) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in progress.

    Raises:
        SettingError: the port is taken, a setting is wrong, or migrations are pending.
        UnavailableError: the database doesn't answer at the start.
    """
    configure_logging(settings.log_level, settings.log_format, process="server", credential_kinds=credential_kinds())
    end_with_supervisor(os.environ)
    check_settings(settings, os.environ)
    require_free_port(settings)
    asyncio.run(_check(database_url, Sealer.of(settings)))
    limit = raise_open_file_limit()
    server = Granian(
        target=f"{__name__}:{create_app.__name__}",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        log_level=LogLevels.warning,
        log_dictconfig=_GRANIAN_LOGGING,
        workers_kill_timeout=STOP_GRACE_PERIOD_S,
        # Of connections, not of requests: by default 1,024, and all further ones get no answer.
        backpressure=connections_max(limit),
    )
    log.info("server.starting", url=server_url(settings), open_files_max=limit)
    server.serve()
    log.info("server.stopped")


def connections_max(open_files_max: int) -> int:
    """Return how many connections the server accepts: as many as its limit of open files allows, if it has one."""
    if open_files_max < 0:
        return CONNECTIONS_MAX
    return max(CONNECTIONS_MIN, min(CONNECTIONS_MAX, open_files_max - OPEN_FILES_RESERVED))


def create_app() -> "Application":
    """Return the application for Granian's worker process, which reads its settings from the environment."""
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=os.environ)
    log_buffer = configure_logging(
        settings.log_level, settings.log_format, process="server", credential_kinds=credential_kinds()
    )
    end_with_parent(grace_period_s=STOP_GRACE_PERIOD_S)
    return Application(settings, os.environ, log_buffer=log_buffer)


class Application:
    """The ASGI application: connects to the database at startup, and then builds the routes.

    Args:
        settings: the core's; `database_url` must be set.
        environment: where each system reads its own settings.
        log_buffer: flushed at shutdown.
    """

    def __init__(self, settings: CoreSettings, environment: Mapping[str, str], *, log_buffer: LogBuffer) -> None:
        self._settings = settings
        self._environment = environment
        self._log_buffer = log_buffer
        self._stopping = Stopping()
        self._web: WebApplication | None = None

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Handle a request, a WebSocket, or the lifespan of the process. ASGI's messages are plain dictionaries."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        else:
            assert self._web is not None, "requests come after the startup"
            await self._web(scope, receive, send)

    async def _run_lifespan(
        self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Answer the ASGI lifespan messages: startup, then shutdown."""
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._web = await stack.enter_async_context(self._open())
            except Exception as error:
                # If this raised, Granian would go on without the application.
                log.exception("server.start.failed")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            log.info("server.started", url=server_url(self._settings))
            _stop_streams_first(self._stopping)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        # Processes that `multiprocessing` started don't run `atexit` handlers.
        self._log_buffer.close()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[WebApplication]:
        settings = self._settings
        assert settings.database_url is not None, "`ninefold serve` has checked it"
        database = await Database.connect(
            settings.database_url,
            application_name="ninefold server",
            connections_max=settings.database_connections_max,
        )
        try:
            web = build_web_app(
                database,
                self._environment,
                systems=[CORE, *SYSTEMS],
                implementations=implementations_of(SYSTEMS),
                egress_policy=AddressPolicy.from_cidrs(settings.egress_allow),
                stopping=self._stopping,
            )
            async with web.lifespan():
                yield web
        finally:
            await database.close()


def build_web_app(
    database: Database,
    environment: Mapping[str, str],
    *,
    systems: Sequence[AnySystem],
    implementations: Implementations,
    egress_policy: AddressPolicy,
    stopping: Stopping,
) -> WebApplication:
    """Return the application that answers requests.

    Args:
        database: where its routes read and write.
        environment: where the core and each system read their settings.
        systems: their routes, surfaces and feeds are served; `CORE` is one of them.
        implementations: what systems offer to each other.
        egress_policy: the addresses that workers can send requests to.
        stopping: notifies open streams and WebSockets when the server stops.

    Raises:
        SettingError: a setting of a system is wrong.
    """
    notifier = Notifier(database)
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    site, blobs, sealer = Site.from_settings(settings), Blobs.of(settings), Sealer.of(settings)
    contexts = [
        ServerContext(
            database=database,
            notifier=notifier,
            settings=system.read_settings(environment),
            egress_policy=egress_policy,
            stopping=stopping.begun,
            process_folder=ProcessFolder.of(settings.data_dir),
            blobs=blobs,
            sealer=sealer,
            implementations=implementations,
            site=site,
        )
        for system in systems
    ]
    parts = list(zip(systems, contexts, strict=True))
    hub = _build_hub(settings, parts, database=database, notifier=notifier, kinds=(kinds := _bearer_kinds(systems)))

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        has_ended = asyncio.Event()
        tasks = [task for system, context in parts for task in system.server_tasks(context)]
        running = [asyncio.create_task(run(has_ended)) for run in (notifier.run, *(task.run for task in tasks))]
        try:
            async with hub.running(stopping.begun):
                yield
        finally:
            has_ended.set()
            await asyncio.gather(*running)

    return create_web_app(
        database=database,
        surfaces=[
            _api_surface(parts, database=database, site=site, sealer=sealer, kinds=kinds),
            *live_surfaces(hub, api_authenticate=api_authentication(database, site, kinds=kinds)),
            *_surfaces_of(parts, hub),
        ],
        readiness=[database_readiness(database, migration_sources())],
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        systems=[system.name for system in systems if system.name != CORE.name],
        stopping=stopping,
        lifespan=lifespan,
    )


def _surfaces_of(parts: Sequence[tuple[AnySystem, ServerContext[Any]]], hub: Hub) -> Sequence[Surface]:
    """Return the surfaces of all systems, which can read the live channels."""
    return [
        surface for system, context in parts for surface in system.surfaces(msgspec.structs.replace(context, hub=hub))
    ]


def _api_surface(
    parts: Sequence[tuple[AnySystem, ServerContext[Any]]],
    *,
    database: Database,
    site: Site,
    sealer: Sealer,
    kinds: Sequence[CredentialKind],
) -> Surface:
    """Return Ninefold's own API with the routes of all systems."""
    routes = [route for system, context in parts for route in system.routes(context)]
    return api_surface(
        database,
        [people_routes(site, sealer), *[route for route in routes if not isinstance(route, DirectRoute)]],
        site=site,
        kinds=kinds,
        direct_routes=[route for route in routes if isinstance(route, DirectRoute)],
    )


def _bearer_kinds(systems: Sequence[AnySystem]) -> Sequence[CredentialKind]:
    """Return the kinds of credentials that Ninefold's own API and the live feeds accept."""
    return [*BEARER_KINDS, *[kind for system in systems for kind in system.credential_kinds if kind.is_for_api]]


def _build_hub(
    settings: CoreSettings,
    parts: Sequence[tuple[AnySystem, ServerContext[Any]]],
    *,
    database: Database,
    notifier: Notifier,
    kinds: Sequence[CredentialKind],
) -> Hub:
    """Return the hub with the feeds and the methods of all systems."""
    methods: dict[str, LiveMethod] = {}
    for system, context in parts:
        methods |= system.live_methods(context)
    return Hub(
        database,
        notifier=notifier,
        feeds=FeedMap([feed for system, context in parts for feed in system.feeds(context)]),
        methods=methods,
        kinds=kinds,
        connections_max=settings.live_connections_max,
        buffer_size_max=settings.live_buffer_bytes_max,
    )


def _stop_streams_first(stopping: Stopping) -> None:
    """Notify open streams and WebSockets of a stop before Granian stops.

    On SIGTERM and on SIGINT, Granian cuts every WebSocket and waits for every open response, without a hook before
    that. Its parent process always sends SIGTERM. So SIGTERM notifies them first, and then raises SIGINT for Granian.
    """
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    async def stop_granian() -> None:
        await stopping.wait_for_sockets()
        signal.raise_signal(signal.SIGINT)

    def on_terminate() -> None:
        stopping.begin()
        tasks.add(loop.create_task(stop_granian()))

    loop.add_signal_handler(signal.SIGTERM, on_terminate)


async def _check(database_url: str, sealer: Sealer) -> None:
    """Check the database and the keys in this process, so that the operator sees the error message."""
    database = await Database.connect(database_url, application_name="ninefold serve", connections_max=2)
    try:
        await require_migrated(database)
        await prepare_secrets(database, sealer, sealed_columns())
    finally:
        await database.close()
