"""Which methods a path has, and the answer to OPTIONS that says so."""

from typing import Final

from litestar import Litestar
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
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
    return [method for method in _METHODS if _is_routed(app, path=path, method=method)]


def _is_routed(app: Litestar, *, path: str, method: str) -> bool:
    # Every route that has GET answers HEAD, see `RequestEnvelope`.
    method = "GET" if method == "HEAD" else method
    try:
        app.asgi_router.handle_routing(path=path, method=method)
    except HTTPException:
        return False
    return True
