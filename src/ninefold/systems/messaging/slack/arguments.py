"""The arguments of a method: Slack's clients send them in the query, as a form, or as JSON.

A client can send `Content-Type: application/json` with an empty body, numbers and booleans as text, and JSON inside a
form. Unknown arguments are ignored, as Slack ignores them, and so are those that are null or empty.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import JsonDecoder, RawRequest
from ninefold.core.web.bodies.forms import convert_form, parse_multipart, parse_urlencoded
from ninefold.core.web.errors import BadJsonError
from ninefold.systems.messaging.rules.timestamps import parse_ts
from ninefold.systems.messaging.slack.errors import SlackError

T = TypeVar("T", bound=msgspec.Struct)

_JSON: Final = "application/json"
_MULTIPART: Final = "multipart/form-data"

_WORDS_OF_JSON: Final[Mapping[str, str]] = {
    "attachments": "invalid_attachments",
    "blocks": "invalid_blocks_format",
    "files": "invalid_arguments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
}
"""The arguments that are JSON within a form, and Slack's words if one isn't."""

_LISTS: Final = frozenset({"attachments", "blocks"})

_CAN_BE_EMPTY: Final = frozenset({"purpose", "topic"})
"""The arguments for which an empty text isn't the same as none."""

_object: Final[JsonDecoder[dict[str, Any]]] = JsonDecoder(dict[str, Any])
_anything: Final[JsonDecoder[Any]] = JsonDecoder(Any)

Ts = Annotated[str, msgspec.Meta(max_length=40)]
"""The id of a message, such as `1764237600.000200`."""


async def read_arguments(request: RawRequest, kind: type[T]) -> T:
    """Return the arguments of a method.

    Raises:
        BadJsonError: the body can't be parsed.
        BadFormError: the body is a form that can't be parsed.
        SlackError: an argument that has to be JSON can't be parsed, or a required one is missing.
        InvalidInputError: an argument doesn't match the type; names it.
        PayloadTooLargeError: the body is too large.
    """
    fields = await read_fields(request)
    for field in msgspec.structs.fields(kind):
        if field.required and field.encode_name not in fields:
            raise InvalidInputError(f"missing required field: {field.encode_name}", field=field.encode_name)
    return convert_form(fields, kind)


async def read_fields(request: RawRequest) -> dict[str, Any]:
    """Return the arguments as they were sent, without those that are null or empty."""
    content = await request.body()
    sent = {**dict(request.query_params.items()), **_parse(request, content)}
    return {
        name: _read(name, value)
        for name, value in sent.items()
        if value is not None and (value != "" or name in _CAN_BE_EMPTY)
    }


def split_list(values: Iterable[str]) -> list[str]:
    """Return the items of a list that clients send separated by commas, or as a list; without repeated ones."""
    items = [item.strip() for value in values for item in value.split(",")]
    return list(dict.fromkeys(item for item in items if item))


def read_ts(text: str, *, word: str) -> int:
    """Return a `ts` in µs since 1970.

    Args:
        text: as it was sent.
        word: Slack's word for one that isn't valid.

    Raises:
        SlackError: it isn't valid.
    """
    ts_us = parse_ts(text)
    if ts_us is None:
        raise SlackError(word, f"{text!r} isn't a ts such as 1764237600.000200.")
    return ts_us


def read_limit(given: int | None, *, default: int, limit_max: int) -> int:
    """Return how many items a page has; 0 is the default.

    Raises:
        SlackError: it is below 0 or above the maximum.
    """
    if not given:
        return default
    if not 0 < given <= limit_max:
        raise SlackError("invalid_limit", f"The limit must be between 1 and {limit_max:,}.")
    return given


def _parse(request: RawRequest, content: bytes) -> Mapping[str, Any]:
    if not content:
        return {}
    if request.media_type == _JSON:
        return _object.decode(content)
    if request.media_type == _MULTIPART:
        _, options = request.content_type
        return parse_multipart(content, boundary=options.get("boundary", ""))
    return parse_urlencoded(content)


def _read(name: str, value: Any) -> Any:
    """Return an argument; one that is JSON within a form is decoded.

    Raises:
        SlackError: it has to be JSON, or a list, and isn't.
    """
    word = _WORDS_OF_JSON.get(name)
    if word is None:
        return value
    try:
        decoded = _anything.decode(value.encode()) if isinstance(value, str) else value
    except BadJsonError as error:
        raise SlackError(word, f"{name} isn't JSON: {error.detail}") from error
    if name in _LISTS and not isinstance(decoded, list):
        raise SlackError(word, f"{name} isn't a list.")
    return decoded
