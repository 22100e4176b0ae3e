"""The arguments of a method: Slack's clients send them in the query, as a form, or as JSON.

A client can send `Content-Type: application/json` with an empty body, numbers and booleans as text, and JSON inside a
form. Unknown arguments are ignored, as Slack ignores them, and so are those that are null or empty.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from ninefold.core.web.bodies import JsonDecoder, RawRequest
from ninefold.core.web.bodies.forms import convert_form, parse_multipart, parse_urlencoded

T = TypeVar("T")

_JSON: Final = "application/json"
_MULTIPART: Final = "multipart/form-data"
_JSON_IN_FORMS: Final = frozenset({"blocks", "attachments", "metadata", "view", "files"})

_object: Final[JsonDecoder[dict[str, Any]]] = JsonDecoder(dict[str, Any])
_anything: Final[JsonDecoder[Any]] = JsonDecoder(Any)


async def read_arguments(request: RawRequest, kind: type[T]) -> T:
    """Return the arguments of a method.

    Raises:
        BadJsonError: the body, or an argument that has to be JSON, can't be parsed.
        BadFormError: the body is a form that can't be parsed.
        InvalidInputError: an argument doesn't match the type; names it.
        PayloadTooLargeError: the body is too large.
    """
    return convert_form(await read_fields(request), kind)


async def read_fields(request: RawRequest) -> dict[str, Any]:
    """Return the arguments as they were sent, without those that are null or empty."""
    content = await request.body()
    sent = {**dict(request.query_params.items()), **_parse(request, content)}
    return {name: _read(name, value) for name, value in sent.items() if value is not None and value != ""}


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
    if not isinstance(value, str):
        return value
    if name in _JSON_IN_FORMS:
        return _anything.decode(value.encode())
    # Python's clients send `True` in queries.
    return value.lower() if value.lower() in ("true", "false") else value
