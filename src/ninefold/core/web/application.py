"""The application factory: surfaces in, a finished ASGI application out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from ninefold.core.postgres.database import Database
from ninefold.core.web.authentication import AuthenticationMiddleware, provide_principal
from ninefold.core.web.body_reading import BODY_SIZE_MAX_DEFAULT, BodyDTO
from ninefold.core.web.documents import DocumentPages
from ninefold.core.web.ids import decode_path_id, is_path_id
from ninefold.core.web.operations import ReadinessCheck, operation_routes
from ninefold.core.web.options import OptionsMiddleware
from ninefold.core.web.problems import as_ninefold_error, log_error
from ninefold.core.web.queries import QueryMiddleware
from ninefold.core.web.requests import RequestEnvelope
from ninefold.core.web.sockets import ERROR_STATE_KEY, SocketEnvelope
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import ROOT_PATH, Connection, Surface, SurfaceMap

SURFACE_STATE_KEY: Final = "surface"
"""In the scope's state: a routed path is no longer the one that was asked for."""


def create_app(
    *,
    database: Database,
    surfaces: Sequence[Surface],
    readiness: Sequence[ReadinessCheck],
    title: str,
    version: str,
    description: str = "",
    stopping: Stopping | None = None,
) -> "WebApplication":
    """Return the application.

    Args:
        database: what handlers get as `database`.
        surfaces: each with its routes. One at the root is added, with what machines and people ask about the process
            itself (`/healthz`, `/docs`, …).
        readiness: what must hold before `/readyz` answers 200.
        title: the API's name in its documents.
        version: the API's version in its documents.
        description: what the API is for, in its documents.
        stopping: tells open streams and WebSockets that the server stops.

    Raises:
        ValueError: two operations of the document have the same id, two surfaces have the same path, or a route doesn't
            lie below its surface's path.
    """
    pages = DocumentPages()
    root = Surface(path=ROOT_PATH, routes=[*operation_routes(readiness), *pages.routes()])
    surface_map = SurfaceMap([*surfaces, root])
    litestar = _build_litestar(database, [*surfaces, root], surface_map)
    pages.render(litestar, surface_map, title=title, version=version, description=description)
    return WebApplication(litestar, surface_map, stopping=stopping or Stopping())


class WebApplication:
    """The ASGI application: finds the surface of each request and WebSocket, and surrounds it with what each gets."""

    def __init__(self, litestar: Litestar, surfaces: SurfaceMap, *, stopping: Stopping) -> None:
        self._litestar: Final = litestar
        self._surfaces: Final = surfaces
        self.stopping: Final = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        surface = self._surfaces.find(scope["path"])
        scope.setdefault("state", {})[SURFACE_STATE_KEY] = surface
        if scope["type"] == ScopeType.HTTP:
            request = RequestEnvelope(scope, receive, send, surface=surface, stopping=self.stopping)
            await request.pass_to(self._litestar)
        elif scope["type"] == ScopeType.WEBSOCKET:
            socket = SocketEnvelope(scope, receive, send, surface=surface, stopping=self.stopping)
            await socket.pass_to(self._litestar)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run what the framework does at start and end."""
        async with self._litestar.lifespan():
            yield


def _build_litestar(database: Database, surfaces: Sequence[Surface], surface_map: SurfaceMap) -> Litestar:
    def provide_database() -> Database:
        return database

    def show_exception(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
        error = as_ninefold_error(request, exception)
        log_error(error, exception)
        surface: Surface = request.scope["state"][SURFACE_STATE_KEY]
        return surface.show_error(request, error)

    async def keep_socket_error(exception: Exception, scope: Scope) -> None:
        # Litestar tells nothing of it, neither the log nor, in a way that says anything, the client.
        if scope["type"] == ScopeType.WEBSOCKET:
            connection: Connection = Connection(scope)
            error = as_ninefold_error(connection, exception)
            log_error(error, exception)
            scope["state"][ERROR_STATE_KEY] = error

    return Litestar(
        route_handlers=[_router(surface, surface_map) for surface in surfaces],
        dependencies={
            "principal": Provide(provide_principal, sync_to_thread=False),
            "database": Provide(provide_database, sync_to_thread=False),
        },
        exception_handlers={Exception: show_exception},
        after_exception=[keep_socket_error],
        request_max_body_size=BODY_SIZE_MAX_DEFAULT,
        dto=BodyDTO,
        return_dto=None,
        type_decoders=[(is_path_id, decode_path_id)],
        openapi_config=None,
        logging_config=None,
    )


def _router(surface: Surface, surface_map: SurfaceMap) -> Router:
    """Return a surface's routes with what holds for all of them.

    Raises:
        ValueError: a route doesn't lie below the surface's path.
    """
    router = Router(
        path="/",
        route_handlers=surface.routes,
        middleware=[
            *([AuthenticationMiddleware(surface, surface.authenticate)] if surface.authenticate else []),
            *([] if surface.has_own_methods else [OptionsMiddleware()]),
            QueryMiddleware(is_strict=surface.is_query_strict),
        ],
        request_class=surface.request_class,
    )
    for route in router.routes:
        if surface_map.find(route.path) is not surface:
            raise ValueError(f"{route.path} is a route of the surface {surface.path}, and isn't below its path.")
    return router
