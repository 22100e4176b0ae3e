"""Surfaces: one for each protocol that Ninefold supports. A surface configures everything below its path.

Each protocol has its own credentials, body formats and error format. A `Surface` declares them in one place:
`Surface(path="/slack/api", authenticate=find_token, request_class=FormRequest, show_error=show_slack_error, …)`.
Ninefold's own API is a surface too, see `api.py`. If paths are nested, the longest matching one applies. A surface also
handles the paths below it that have no route. It only translates the protocol: all surfaces call the same services.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, ControllerRouterHandler
from litestar.utils.path import normalize_path

from ninefold.core.errors import NinefoldError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonRequest
from ninefold.core.web.direct_routes import DirectRoute
from ninefold.core.web.memory import FromMemory
from ninefold.core.web.problems import show_problem

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
"""A request or a WebSocket."""

Authenticate: TypeAlias = Callable[[Connection], Awaitable[Principal | None]]
"""Returns on whose behalf a request or a WebSocket acts; None if the request is anonymous.

It runs before the body is read. If the protocol sends its token in the body, the function can read the body itself. An
error that it raises is sent to the client.
"""

ShowError: TypeAlias = Callable[[Request[Any, Any, Any], NinefoldError], Response[Any]]
"""Returns the response for an error, in the protocol's own format. The error is logged elsewhere."""

ROOT_PATH: Final = "/"


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol: its routes, and how everything below its path is handled."""

    path: str
    """The path of the surface, such as `/slack/api`; without a trailing slash."""

    routes: Sequence[ControllerRouterHandler] = ()
    """The routes. Each has its full path, which must be below the surface's path."""

    direct_routes: Sequence[DirectRoute] = ()
    """Handlers that get the requests of some of these routes first."""

    application: ASGIApp | None = None
    """Handles all requests below the path instead of routes, without the framework, which takes most of the time of a
    simple request. It gets request ids, logs, metrics and `show_error` like routes; everything else it does itself. It
    sets `path_template` in the scope, and must not raise after it has started its response."""

    from_memory: FromMemory | None = None
    """What is asked first for each GET below the path, if there is an application."""

    authenticate: Authenticate | None = None
    """None if nothing below the path needs credentials."""

    request_class: type[Request[Any, Any, Any]] = JsonRequest
    """How bodies are read: `JsonRequest`, `FormRequest` or `RawRequest`."""

    show_error: ShowError = show_problem

    is_query_strict: bool = False
    """Whether a query string is refused that has an unknown parameter, a repeated one, the text `null` for an optional
    one, or bytes that aren't UTF-8."""

    has_own_methods: bool = False
    """Whether the routes handle HEAD and OPTIONS themselves. If not, HEAD is GET without the body, and OPTIONS returns
    the path's methods."""

    is_documented: bool = False
    """Whether its operations are in the OpenAPI document."""

    def contains(self, path: str) -> bool:
        """Return whether a path is the surface's path or below it."""
        return self.path in (ROOT_PATH, path) or path.startswith(f"{self.path}/")


class SurfaceMap:
    """Finds the surface of a path.

    Args:
        surfaces: in any order, with different paths; one must be at the root.

    Raises:
        ValueError: two surfaces have the same path, none is at the root, or a path isn't normalised.
    """

    def __init__(self, surfaces: Sequence[Surface]) -> None:
        paths = [surface.path for surface in surfaces]
        if len(set(paths)) < len(paths):
            raise ValueError(f"Two surfaces have the same path: {sorted(paths)}.")
        if ROOT_PATH not in paths:
            raise ValueError("No surface is at the root.")
        if malformed := [path for path in paths if path != normalize_path(path)]:
            raise ValueError(f"The path of a surface must start with one slash and not end with one: {malformed}.")
        self._surfaces: Final = sorted(surfaces, key=lambda surface: len(surface.path), reverse=True)

    def __iter__(self) -> Iterator[Surface]:
        """Iterate over the surfaces."""
        return iter(self._surfaces)

    def memories(self) -> list[tuple[str, FromMemory]]:
        """Return the path of each surface that answers from memory, and what it has."""
        return [(surface.path, surface.from_memory) for surface in self._surfaces if surface.from_memory is not None]

    def find(self, path: str) -> Surface:
        """Return the surface of a path; repeated slashes in the path are ignored."""
        path = normalize_path(path)
        return next(surface for surface in self._surfaces if surface.contains(path))
