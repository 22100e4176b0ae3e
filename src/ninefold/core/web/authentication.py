"""Authentication: a surface's routes are reached only by what its `authenticate` lets pass, before a body is read."""

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
    """Finds the principal of each request and WebSocket of a surface's routes, or raises why there is none.

    It belongs to the routes and not to a path, because a path can be spelt in several ways.
    """

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET, ScopeType.ASGI)

    def __init__(self, surface: Surface, authenticate: Authenticate) -> None:
        self._surface = surface
        self._authenticate = authenticate

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Authenticate, then go on."""
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
    """Return on whose behalf a request or a WebSocket acts: what a handler's `principal` is."""
    principal: Principal | None = scope["auth"]
    return principal


def bearer_authentication(database: Database, *, kinds: Sequence[CredentialKind]) -> Authenticate:
    """Return the authentication by `Authorization: Bearer <credential>` (RFC 6750 §2.1).

    Args:
        database: where credentials are looked up.
        kinds: which ones are accepted, the usual one first: its errors tell of a missing or malformed one.
    """

    async def authenticate(connection: Connection) -> Principal:
        text = _bearer_token(connection, usual=kinds[0])
        async with database.connection() as lent:
            return await tenancy.authenticate(lent, text, kinds=kinds)

    return authenticate


def _bearer_token(connection: Connection, *, usual: CredentialKind) -> str:
    values = [value for name, value in connection.scope["headers"] if name == b"authorization"]
    if not values:
        raise usual.errors.missing(f"The request carries no {usual.label}.", remedy=usual.remedy)
    scheme, _, token = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != _SCHEME:
        raise usual.errors.invalid(
            f"The Authorization header isn't `Bearer` with one {usual.label}.", remedy=usual.remedy
        )
    return token.strip().decode("latin-1")
