"""Authentication: what is below `/api/` needs `Authorization: Bearer <API key>`, before its body is read."""

from typing import Any, Final

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import ApiKeyInvalidError, ApiKeyMissingError
from ninefold.core.tenancy.model import Principal

API_PATH: Final = "/api/"

_SCHEME: Final = b"bearer"
_REMEDY: Final = "Send a key as `Authorization: Bearer nfk_…`; `ninefold keys create` makes one."


class ApiKeyMiddleware(ASGIMiddleware):
    """Finds the principal of each request below `API_PATH`, or refuses it with 401."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Authenticate, then go on. The route's template decides: a path can be spelt in several ways."""
        if scope["path_template"].startswith(API_PATH):
            api_key = _bearer_token(scope)
            async with self._database.connection() as connection:
                principal = await tenancy.authenticate(connection, api_key, kinds=[API_KEY])
            scope["auth"] = principal
            structlog.contextvars.bind_contextvars(organisation_id=format_id("org", principal.organisation_id))
        await next_app(scope, receive, send)


def provide_principal(request: Request[Any, Principal, Any]) -> Principal:
    """Return on whose behalf the request acts: what a handler's `principal` is."""
    return request.auth


def _bearer_token(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        raise ApiKeyMissingError("The request carries no API key.", remedy=_REMEDY)
    scheme, _, token = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != _SCHEME:
        raise ApiKeyInvalidError("The Authorization header isn't `Bearer` with one API key.", remedy=_REMEDY)
    return token.strip().decode("latin-1")
