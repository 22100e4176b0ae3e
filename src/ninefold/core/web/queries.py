"""Query parameters: refuses what Litestar would read otherwise than it was meant.

Of a parameter that is given twice it takes one, and `null` for one that isn't given.
"""

from typing import Final
from urllib.parse import parse_qsl

from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from ninefold.core.errors import InvalidInputError

_NULL: Final = "null"


class QueryMiddleware(ASGIMiddleware):
    """Refuses a query that says two things about one parameter, or `null`."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check the query, then go on."""
        if scope["type"] == ScopeType.HTTP and scope["query_string"]:
            _check_query(scope)
        await next_app(scope, receive, send)


def _check_query(scope: HTTPScope) -> None:
    handler = scope["route_handler"]
    assert isinstance(handler, HTTPRouteHandler)
    fields = handler.parsed_fn_signature.parameters
    seen = set()
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in fields or fields[name].is_non_string_sequence:
            continue
        if name in seen:
            raise InvalidInputError(f"Parameter {name} is given more than once.", field=name, remedy="Give it once.")
        if value == _NULL and fields[name].is_optional:
            raise InvalidInputError(
                f"Parameter {name} is the text null, which means nothing here.", field=name, remedy="Leave it out."
            )
        seen.add(name)
