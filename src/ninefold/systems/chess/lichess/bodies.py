"""How the bodies of Lichess's clients are read: forms, JSON, or text, often without a media type.

Clients send what they don't set as null or as an empty text, so both mean that a field isn't there. Names with a dot,
such as `clock.limit`, can also be nested in JSON. Unknown fields are ignored, as Lichess ignores them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import JsonDecoder, RawRequest
from ninefold.core.web.bodies.forms import convert_form, parse_multipart, parse_urlencoded

T = TypeVar("T")

_JSON: Final = "application/json"
_MULTIPART: Final = "multipart/form-data"
_DEPTH_MAX: Final = 3
_BOOLEANS: Final = ("true", "false")

_decoder: Final[JsonDecoder[dict[str, Any]]] = JsonDecoder(dict[str, Any])


async def read_fields(request: RawRequest, kind: type[T]) -> T:
    """Return the fields of a body.

    Raises:
        BadJsonError: it is JSON, and can't be parsed.
        BadFormError: it is a form, and can't be parsed.
        InvalidInputError: it doesn't match the type; names the field.
        PayloadTooLargeError: it is too large.
    """
    content = await request.body()
    return convert_form(dict(_present(_parse(request, content))), kind)


def read_query(request: RawRequest, kind: type[T]) -> T:
    """Return the parameters of a query string; unknown ones are ignored.

    Raises:
        InvalidInputError: one doesn't match the type; names the parameter.
    """
    return convert_form(dict(_present(dict(request.query_params.items()))), kind)


async def read_list(request: RawRequest, *, items_max: int, what: str) -> list[str]:
    """Return the items of a text that separates them by commas.

    Raises:
        InvalidInputError: there are too many, or the body isn't UTF-8.
        PayloadTooLargeError: it is too large.
    """
    content = await request.body()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("The body isn't UTF-8.", remedy=f"Send {what}, separated by commas.") from error
    return split_list(text, items_max=items_max, what=what)


def split_list(text: str, *, items_max: int, what: str) -> list[str]:
    """Return the items of a text that separates them by commas.

    Raises:
        InvalidInputError: there are too many.
    """
    items = [item for part in text.split(",") if (item := part.strip())]
    if len(items) > items_max:
        raise InvalidInputError(f"There are more than {items_max:,} {what}.", remedy="Send fewer at once.")
    return items


def _parse(request: RawRequest, content: bytes) -> Mapping[str, Any]:
    if not content:
        return {}
    if request.media_type == _JSON:
        return _decoder.decode(content)
    if request.media_type == _MULTIPART:
        _, options = request.content_type
        return parse_multipart(content, boundary=options.get("boundary", ""))
    return parse_urlencoded(content)


def _present(fields: Mapping[str, Any], *, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and depth < _DEPTH_MAX:
            yield from _present(value, prefix=f"{prefix}{name}.", depth=depth + 1)
        elif value is not None and value != "":
            yield f"{prefix}{name}", _lower_boolean(value)


def _lower_boolean(value: Any) -> Any:
    """Python's clients send `True` in forms."""
    return value.lower() if isinstance(value, str) and value.lower() in _BOOLEANS else value
