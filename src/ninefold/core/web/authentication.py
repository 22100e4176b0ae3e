"""Authentication: a surface's routes are reached only by what its `authenticate` lets pass, before a body is read."""

from typing import Final

import structlog
from litestar import WebSocket
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.errors import ApiKeyInvalidError, ApiKeyMissingError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.surfaces import Authenticate, Connection, Surface

_SCHEME: Final = b"bearer"
_REMEDY: Final = "Send a key as `Authorization: Bearer nfk_…`; `ninefold keys create` makes one."


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


def api_key_authentication(database: Database) -> Authenticate:
    """Return the authentication of Ninefold's own API: `Authorization: Bearer <API key>`."""

    async def authenticate(connection: Connection) -> Principal:
        api_key = _bearer_token(connection)
        async with database.connection() as lent:
            return await tenancy.authenticate(lent, api_key)

    return authenticate


def _bearer_token(connection: Connection) -> str:
    values = [value for name, value in connection.scope["headers"] if name == b"authorization"]
    if not values:
        raise ApiKeyMissingError("The request carries no API key.", remedy=_REMEDY)
    scheme, _, token = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != _SCHEME:
        raise ApiKeyInvalidError("The Authorization header isn't `Bearer` with one API key.", remedy=_REMEDY)
    return token.strip().decode("latin-1")
