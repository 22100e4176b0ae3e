"""Authentication: each request to a surface's routes is authenticated by the surface before its body is read."""

from collections.abc import Sequence
from typing import Final

import structlog
from litestar import WebSocket
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.surfaces import Authenticate, Connection, Surface

_SCHEME: Final = b"bearer"


class AuthenticationMiddleware(ASGIMiddleware):
    """Finds the principal of each request and WebSocket, or raises the error that refuses it.

    It is attached to routes and not to a path prefix, because a path can be spelt in several ways.
    """

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET, ScopeType.ASGI)

    def __init__(self, surface: Surface, authenticate: Authenticate) -> None:
        self._surface = surface
        self._authenticate = authenticate

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Authenticate, then call the next application."""
        connection: Connection
        if scope["type"] == ScopeType.WEBSOCKET:
            connection = WebSocket(scope, receive, send)
        else:
            connection = self._surface.request_class(scope, receive, send)
        principal = await self._authenticate(connection)
        scope["auth"] = principal
        if principal is not None:
            structlog.contextvars.bind_contextvars(organisation_id=format_id("org", principal.organisation_id))
        await next_app(scope, receive, send)


def provide_principal(scope: Scope) -> Principal | None:
    """Return on whose behalf a request or a WebSocket acts; injected into handlers as `principal`."""
    principal: Principal | None = scope.get("auth")
    return principal


def bearer_authentication(database: Database, *, kinds: Sequence[CredentialKind]) -> Authenticate:
    """Return a function that authenticates by `Authorization: Bearer <credential>` (RFC 6750 §2.1).

    Args:
        database: where credentials are looked up.
        kinds: which kinds are accepted. The errors for a missing or malformed credential are those of the first.
    """

    async def authenticate(connection: Connection) -> Principal:
        text = _bearer_token(connection, expected=kinds[0])
        async with database.connection() as database_connection:
            return await tenancy.authenticate(database_connection, text, kinds=kinds)

    return authenticate


def _bearer_token(connection: Connection, *, expected: CredentialKind) -> str:
    values = [value for name, value in connection.scope["headers"] if name == b"authorization"]
    if not values:
        raise expected.errors.missing(f"The request has no {expected.label}.", remedy=expected.remedy)
    scheme, _, token = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != _SCHEME:
        raise expected.errors.invalid(
            f"The Authorization header must be `Bearer` followed by one {expected.label}.", remedy=expected.remedy
        )
    return token.strip().decode("latin-1")
