"""Which methods a path has, and the answer to OPTIONS that says so."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Litestar
from litestar.enums import HttpMethod, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.utils.path import normalize_path

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class OptionsMiddleware(ASGIMiddleware):
    """Answers OPTIONS with every method of the path; Litestar's own answer names those of its first handler alone."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer, or go on."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.OPTIONS:
            await next_app(scope, receive, send)
            return
        allowed = ", ".join(allowed_methods(scope["litestar_app"], scope["path"]))
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allowed.encode())]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def allowed_methods(app: Litestar, path: str) -> list[str]:
    """Return the methods that a path has routes for, however many slashes it is spelt with."""
    path = normalize_path(path)
    routes = [route for route in app.routes if isinstance(route, HTTPRoute) and _matches(route.path_components, path)]
    # Where a path is spelt out, that route alone has it.
    routes = [route for route in routes if route.path == path] or routes
    found: set[str] = {method for route in routes for method in route.methods}
    if HttpMethod.GET in found:
        # Every route that has GET answers HEAD, see `RequestEnvelope`.
        found.add(HttpMethod.HEAD)
    return [method for method in _METHODS if method in found]


def _matches(components: Sequence[Any], path: str) -> bool:
    parts = [re.escape(component) if isinstance(component, str) else _form(component) for component in components]
    return re.fullmatch(f"/{'/'.join(parts)}", path) is not None


def _form(parameter: Any) -> str:
    return ".+" if parameter.type is Path else "[^/]+"
