"""Query parameters: refuses those that Litestar would ignore or misinterpret.

Litestar uses only one value of a parameter that is given twice, treats `null` as not given, and ignores unknown
parameters. With an ignored `?status=failed`, a client would get deliveries of every status.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from litestar.enums import ParamType, ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.params import ParameterKwarg
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.typing import FieldDefinition

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.errors import UnknownParameterError
from ninefold.core.web.timestamps import Timestamp

RESERVED_PARAMETERS: Final = frozenset({"data", "request", "headers", "cookies", "state", "scope", "body"})
"""Names of handler arguments that Litestar injects; they aren't parameters of the request."""

DATE_TIME: Final = "date-time"
"""The `format` of a `QueryParameter` that is a time. Its type is text, and `parse_time` reads it."""

_NULL: Final = "null"
_NAME_SHOWN_MAX: Final = 100


class QueryMiddleware(ASGIMiddleware):
    """Refuses parameters with a NUL, and if strict those that are repeated, `null` or unknown."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check the query string, then call the next application."""
        if scope["type"] == ScopeType.HTTP and scope["query_string"]:
            _check_query(scope, is_strict=self._is_strict)
        await next_app(scope, receive, send)


def query_parameters(handler: HTTPRouteHandler, *, path_parameters: Iterable[str]) -> dict[str, FieldDefinition]:
    """Return the arguments of a handler that come from the query string, by the names that requests use."""
    other_names = RESERVED_PARAMETERS | handler.resolve_dependencies().keys() | set(path_parameters)
    return {
        name_in_request(name, field): field
        for name, field in handler.parsed_fn_signature.parameters.items()
        if name not in other_names and not is_header(field)
    }


def name_in_request(name: str, field: FieldDefinition) -> str:
    """Return what requests call an argument: its own name, unless `QueryParameter(name=…)` gives another.

    `state`, for example, can't be the name of an argument, because Litestar injects that.
    """
    return getattr(field.kwarg_definition, "name", None) or name


def parse_time(text: str | None, *, field: str) -> datetime | None:
    """Return the time in a query parameter; None if it isn't given. Litestar would also accept `0.5` and no time zone.

    Raises:
        InvalidInputError: it isn't a time as in RFC 3339; the error names `field`.
    """
    if text is None:
        return None
    try:
        return msgspec.convert(text, Timestamp)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            f"Parameter {field}: {text[:_NAME_SHOWN_MAX]!r} isn't a time with a time zone.",
            field=field,
            remedy="Write it as in RFC 3339, such as 2026-01-31T12:00:00Z; in a URL, a + is %2B.",
        ) from error


def is_header(field: FieldDefinition) -> bool:
    """Return whether a handler's argument comes from a header."""
    kwarg = field.kwarg_definition
    return isinstance(kwarg, ParameterKwarg) and kwarg.param_type == ParamType.HEADER


def _check_query(scope: HTTPScope, *, is_strict: bool) -> None:
    handler: object = scope["route_handler"]
    if not isinstance(handler, HTTPRouteHandler):
        # A mounted ASGI application reads its query itself.
        return
    fields = query_parameters(handler, path_parameters=scope["path_params"])
    seen = set()
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in fields:
            # On other surfaces, load balancers and marketing campaigns can add parameters of their own.
            if is_strict:
                raise _unknown(name, fields)
            continue
        if "\0" in value:
            raise InvalidInputError(
                f"Parameter {name} contains a NUL character (%00).",
                field=name,
                remedy="Remove it; PostgreSQL can't store it in text.",
            )
        if fields[name].is_non_string_sequence or not is_strict:
            continue
        if name in seen:
            raise InvalidInputError(f"Parameter {name} is given more than once.", field=name, remedy="Give it once.")
        if value == _NULL and fields[name].is_optional:
            raise InvalidInputError(
                f"Parameter {name} is the text null, which isn't a value.", field=name, remedy="Leave it out."
            )
        seen.add(name)


def _unknown(name: str, known: Iterable[str]) -> UnknownParameterError:
    shown = name[:_NAME_SHOWN_MAX]
    names = ", ".join(sorted(known))
    return UnknownParameterError(
        f"{shown or 'A parameter without a name'} isn't a known parameter.",
        field=shown or None,
        remedy=f"Remove it or correct its name; the known parameters are {names}."
        if names
        else "Remove it; there are no parameters here.",
    )
