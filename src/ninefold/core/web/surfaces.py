"""Surfaces: one for each protocol that Ninefold speaks, with all that holds for everything below its path.

Each protocol has its own credentials, its own form of bodies and its own form of errors. A `Surface` says them once:
`Surface(path="/slack/api", authenticate=find_token, request_class=FormRequest, show_error=show_slack_error, …)`.
Ninefold's own API is one of them, see `api.py`. Where paths are nested, the longest one holds. A surface also answers
for the paths below it that have no route. It translates, and decides nothing: behind it are the same services.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.types import ControllerRouterHandler
from litestar.utils.path import normalize_path

from ninefold.core.errors import NinefoldError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.body_reading import JsonRequest
from ninefold.core.web.problems import show_problem

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
"""A request or a WebSocket."""

Authenticate: TypeAlias = Callable[[Connection], Awaitable[Principal | None]]
"""Returns on whose behalf a request or a WebSocket acts; None where the surface serves everyone.

It runs before a body is read, and may read a request's body itself, where the protocol has its token there. What it
raises is the answer.
"""

ShowError: TypeAlias = Callable[[Request[Any, Any, Any], NinefoldError], Response[Any]]
"""Returns the answer that tells a caller of an error, in the protocol's own form; the error is logged elsewhere."""

ROOT_PATH: Final = "/"


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol: its routes, and what holds for everything below its path."""

    path: str
    """Where it begins, such as `/slack/api`: without a slash at its end."""

    routes: Sequence[ControllerRouterHandler] = ()
    """They say their whole path, which is below this one."""

    authenticate: Authenticate | None = None
    """None where nothing below the path needs credentials."""

    request_class: type[Request[Any, Any, Any]] = JsonRequest
    """How bodies are read: `JsonRequest`, `FormRequest` or `RawRequest`."""

    show_error: ShowError = show_problem

    is_query_strict: bool = False
    """Whether a parameter that the route doesn't know is refused, and bytes that aren't UTF-8 are."""

    has_own_methods: bool = False
    """Whether the routes answer HEAD and OPTIONS themselves. If not, HEAD is GET without the body, and OPTIONS names
    the path's methods."""

    is_documented: bool = False
    """Whether its operations stand in the OpenAPI document."""

    def has(self, path: str) -> bool:
        """Whether a path is this surface's or below it."""
        return self.path in (ROOT_PATH, path) or path.startswith(f"{self.path}/")


class SurfaceMap:
    """Finds the surface of a path.

    Args:
        surfaces: in any order, each with a path of its own; one must be at the root.

    Raises:
        ValueError: two surfaces have the same path, none is at the root, or a path ends in a slash.
    """

    def __init__(self, surfaces: Sequence[Surface]) -> None:
        paths = [surface.path for surface in surfaces]
        if len(set(paths)) < len(paths):
            raise ValueError(f"Two surfaces have the same path: {sorted(paths)}.")
        if ROOT_PATH not in paths:
            raise ValueError("No surface is at the root.")
        if crooked := [path for path in paths if path != normalize_path(path)]:
            raise ValueError(f"The path of a surface begins with one slash and ends with none: {crooked}.")
        self._surfaces: Final = sorted(surfaces, key=lambda surface: len(surface.path), reverse=True)

    def find(self, path: str) -> Surface:
        """Return the surface that answers for a path, however many slashes it is spelt with."""
        path = normalize_path(path)
        return next(surface for surface in self._surfaces if surface.has(path))
