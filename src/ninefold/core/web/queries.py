"""Query parameters: refuses what Litestar would read otherwise than it was meant, or not at all.

Of a parameter that is given twice it takes one, `null` for one that isn't given, and one that it doesn't know for
nothing: `?state=failed` would answer with deliveries in every state.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from litestar.enums import ParamType, ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.params import ParameterKwarg
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.typing import FieldDefinition

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.errors import UnknownParameterError

RESERVED_PARAMETERS: Final = frozenset({"data", "request", "headers", "cookies", "state", "scope", "body"})
"""What a handler gets from Litestar under these names is no parameter."""

_NULL: Final = "null"
_NAME_SHOWN_MAX: Final = 100


class QueryMiddleware(ASGIMiddleware):
    """Refuses a query that says two things about one parameter, or `null`, or something of none that there is."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check the query, then go on."""
        if scope["type"] == ScopeType.HTTP and scope["query_string"]:
            _check_query(scope, is_strict=self._is_strict)
        await next_app(scope, receive, send)


def query_parameters(handler: HTTPRouteHandler, *, path_parameters: Iterable[str]) -> dict[str, FieldDefinition]:
    """Return what of a handler's arguments comes from the query."""
    beside = RESERVED_PARAMETERS | handler.resolve_dependencies().keys() | set(path_parameters)
    return {
        name: field
        for name, field in handler.parsed_fn_signature.parameters.items()
        if name not in beside and not is_header(field)
    }


def is_header(field: FieldDefinition) -> bool:
    """Say whether a handler's argument comes from a header."""
    kwarg = field.kwarg_definition
    return isinstance(kwarg, ParameterKwarg) and kwarg.param_type == ParamType.HEADER


def _check_query(scope: HTTPScope, *, is_strict: bool) -> None:
    handler = scope["route_handler"]
    assert isinstance(handler, HTTPRouteHandler)
    fields = query_parameters(handler, path_parameters=scope["path_params"])
    seen = set()
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in fields:
            # Where it isn't strict, a query may be anyone's: a load balancer's, a campaign's.
            if is_strict:
                raise _unknown(name, fields)
            continue
        if fields[name].is_non_string_sequence:
            continue
        if name in seen:
            raise InvalidInputError(f"Parameter {name} is given more than once.", field=name, remedy="Give it once.")
        if value == _NULL and fields[name].is_optional:
            raise InvalidInputError(
                f"Parameter {name} is the text null, which means nothing here.", field=name, remedy="Leave it out."
            )
        seen.add(name)


def _unknown(name: str, known: Iterable[str]) -> UnknownParameterError:
    shown = name[:_NAME_SHOWN_MAX]
    possible = ", ".join(sorted(known))
    return UnknownParameterError(
        f"{shown or 'A parameter without a name'} isn't a parameter that is known here.",
        field=shown or None,
        remedy=f"Take it out, or correct its name; known are {possible}."
        if possible
        else "Take it out; there is none.",
    )
