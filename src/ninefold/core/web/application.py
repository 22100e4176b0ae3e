"""The application factory: builds the ASGI application from surfaces."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, TypeAlias, cast

import structlog
from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketDisconnect
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from ninefold.core.postgres.database import Database
from ninefold.core.web.auditing import audited, provide_audit
from ninefold.core.web.authentication import AuthenticationMiddleware, provide_principal
from ninefold.core.web.bodies import BODY_SIZE_MAX_DEFAULT, BodyDTO
from ninefold.core.web.console import console_errors, console_routes
from ninefold.core.web.direct_routes import DirectRoute
from ninefold.core.web.health import ReadinessCheck, health_routes
from ninefold.core.web.ids import decode_path_id, is_path_id
from ninefold.core.web.memory_answers import MemoryAnswers
from ninefold.core.web.methods import OptionsMiddleware
from ninefold.core.web.openapi.document import build_openapi
from ninefold.core.web.openapi.routes import DocumentRoutes
from ninefold.core.web.problems import as_ninefold_error, log_error, show_problem
from ninefold.core.web.query_parameters import QueryMiddleware
from ninefold.core.web.requests import RequestCycle
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import ROOT_PATH, Connection, Surface, SurfaceMap
from ninefold.core.web.websockets import ERROR_STATE_KEY, WebSocketCycle

log = structlog.get_logger(__name__)

Lifespan: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Returns what runs as long as the application does."""

SURFACE_STATE_KEY: Final = "surface"
"""Key in the scope's state. The surface is looked up first, because Litestar changes the path when it routes."""


def create_app(
    *,
    database: Database,
    surfaces: Sequence[Surface],
    readiness: Sequence[ReadinessCheck],
    title: str,
    version: str,
    description: str = "",
    systems: Sequence[str] = (),
    stopping: Stopping | None = None,
    lifespan: Lifespan = nullcontext,
) -> "WebApplication":
    """Return the application.

    Args:
        database: the database that is injected into handlers.
        surfaces: each with its routes. A surface at the root is added; it serves the console, `/docs`, `/healthz` and
            the like.
        readiness: the checks that must pass before `/readyz` answers 200.
        title: the API's name in its documentation.
        version: the API's version in its documentation.
        description: what the API is for, in its documentation.
        systems: the names of the enabled systems, which have pages in the console.
        stopping: notifies open streams and WebSockets that the server is stopping.
        lifespan: returns a context that is entered before the first request and left after the last one.

    Raises:
        ValueError: two surfaces have the same path, or a route isn't below the path of its surface.
    """
    documents = DocumentRoutes(
        lambda: build_openapi(litestar, surface_map, title=title, version=version, description=description)
    )
    root = Surface(
        path=ROOT_PATH,
        routes=[*health_routes(readiness), *documents.routes(), *console_routes(systems)],
        show_error=console_errors(systems),
    )
    surface_map = SurfaceMap([*surfaces, root])
    litestar = _build_litestar(database, [*surfaces, root], surface_map)
    return WebApplication(litestar, surface_map, stopping=stopping or Stopping(), lifespan=lifespan)


class WebApplication:
    """The ASGI application: finds the surface of each request and WebSocket, then handles it."""

    def __init__(self, litestar: Litestar, surfaces: SurfaceMap, *, stopping: Stopping, lifespan: Lifespan) -> None:
        self._litestar: Final = litestar
        self._surfaces: Final = surfaces
        self._memory_answers: Final = MemoryAnswers(surfaces.memories())
        self._direct_routes: Final = {
            (route.method, route.path): (surface, _direct_app(route, litestar))
            for surface in surfaces
            for route in surface.direct_routes
        }
        self.stopping: Final = stopping
        self._lifespan: Final = lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == ScopeType.HTTP:
            if not await self._memory_answers.answer(scope, send):
                await self._serve_request(scope, receive, send)
            return
        surface = self._surfaces.find(scope["path"])
        scope.setdefault("state", {})[SURFACE_STATE_KEY] = surface
        if scope["type"] == ScopeType.WEBSOCKET:
            socket = WebSocketCycle(scope, receive, send, surface=surface, stopping=self.stopping)
            await socket.run(self._litestar)

    async def _serve_request(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        direct = self._direct_routes.get((scope["method"], scope["path"]))
        if direct is not None:
            surface, app = direct
        else:
            surface = self._surfaces.find(scope["path"])
            app = self._litestar if surface.application is None else _plain_app(surface.application)
        scope.setdefault("state", {})[SURFACE_STATE_KEY] = surface
        await RequestCycle(scope, receive, send, surface=surface, stopping=self.stopping).run(app)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run the framework's startup and shutdown, and the application's own lifespan in between."""
        async with self._litestar.lifespan(), self._lifespan():
            yield
            self._memory_answers.report()


def _build_litestar(database: Database, surfaces: Sequence[Surface], surface_map: SurfaceMap) -> Litestar:
    def provide_database(scope: Scope) -> Database:
        return audited(database, scope)

    async def store_socket_error(exception: Exception, scope: Scope) -> None:
        # Litestar doesn't log an error of a WebSocket, and sends the client no useful reason.
        if scope["type"] == ScopeType.WEBSOCKET and not isinstance(exception, WebSocketDisconnect):
            connection: Connection = Connection(scope)
            error = as_ninefold_error(connection, exception)
            log_error(error, exception)
            scope["state"][ERROR_STATE_KEY] = error

    return Litestar(
        route_handlers=[_router(surface, surface_map) for surface in surfaces],
        dependencies={
            "principal": Provide(provide_principal, sync_to_thread=False),
            "database": Provide(provide_database, sync_to_thread=False),
            "audit": Provide(provide_audit, sync_to_thread=False),
        },
        exception_handlers={Exception: _show_exception},
        after_exception=[store_socket_error],
        request_max_body_size=BODY_SIZE_MAX_DEFAULT,
        dto=BodyDTO,
        return_dto=None,
        type_decoders=[(is_path_id, decode_path_id)],
        openapi_config=None,
        logging_config=None,
    )


def _show_exception(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
    error = as_ninefold_error(request, exception)
    log_error(error, exception)
    surface: Surface = request.scope["state"][SURFACE_STATE_KEY]
    try:
        return surface.show_error(request, error)
    except Exception:
        log.exception("web.error.not_shown", surface=surface.path)
        return show_problem(request, error)


def _plain_app(application: ASGIApp) -> ASGIApp:
    """Return a surface's application, with the surface's responses to its errors."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except Exception as exception:  # noqa: BLE001 - as Litestar does for routes.
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            response = _show_exception(request, exception).to_asgi_response(app=None, request=request)
            await response(scope, receive, send)

    return handle


def _direct_app(route: DirectRoute, litestar: Litestar) -> ASGIApp:
    """Return a direct route, with the framework for what it leaves, and the surface's responses to its errors."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if not await route.handle(cast("HTTPScope", scope), receive, send):
            await litestar(scope, receive, send)

    return _plain_app(handle)


class _SurfaceRouter(Router):
    """A router that is registered once, so that Litestar needn't copy it with all its routes."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_SurfaceRouter":
        return self


def _router(surface: Surface, surface_map: SurfaceMap) -> Router:
    """Return a surface's routes, with the middleware and the request class that they share.

    Raises:
        ValueError: a route isn't below the surface's path.
    """
    router = _SurfaceRouter(
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
            raise ValueError(f"{route.path} is a route of the surface {surface.path}, but isn't below its path.")
    return router
