"""Forms: decodes `application/x-www-form-urlencoded` and `multipart/form-data` into nested values, as in JSON.

    amount=500&card[exp][month]=4&items[0][price]=p1&items[1][price]=p2&tags[]=a&tags[]=b

    {"amount": 500, "card": {"exp": {"month": 4}}, "items": [{"price": "p1"}, {"price": "p2"}], "tags": ["a", "b"]}

Square brackets in a name mean nesting. That is not part of HTML, but Stripe's SDKs, jQuery, PHP and Rack use it. The
limits keep a small body from becoming a large tree.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import parse_qsl

import msgspec
import multipart

from ninefold.core.web.bodies.form_shapes import shape_form
from ninefold.core.web.bodies.json_errors import invalid_input, refuse_nul
from ninefold.core.web.errors import BadFormError

FIELDS_MAX: Final = 1_000
DEPTH_MAX: Final = 10
"""Nesting levels in one field's name, the first name included."""

NAME_SHOWN_MAX: Final = 100

_NAME: Final = re.compile(r"(?P<first>[^\[\]]+)(?P<rest>(?:\[[^\[\]]*\])*)")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_APPEND: Final = ""

T = TypeVar("T")


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a multipart form; fields of a handler's `data` can have this type."""

    file_name: str
    media_type: str
    content: bytes


FormValue: TypeAlias = "str | UploadedFile | dict[str, FormValue] | list[FormValue]"


def parse_urlencoded(content: bytes) -> dict[str, FormValue]:
    """Return the fields of an `application/x-www-form-urlencoded` body, nested.

    Raises:
        BadFormError: it isn't UTF-8, it has too many fields, or its names contradict each other.
    """
    try:
        fields = parse_qsl(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except UnicodeDecodeError as error:
        raise BadFormError("The form isn't UTF-8.", remedy="Encode it as UTF-8, then percent-encode it.") from error
    except ValueError as error:
        raise _too_many_fields() from error
    return nest(fields)


def parse_multipart(content: bytes, *, boundary: str) -> dict[str, FormValue]:
    """Return the fields of a `multipart/form-data` body (RFC 7578), nested; files are `UploadedFile`.

    Raises:
        BadFormError: it can't be parsed, it has too many fields, or its names contradict each other.
    """
    try:
        return nest(_read_parts(content, boundary))
    except multipart.ParserLimitReached as error:
        raise _too_many_fields() from error
    except (multipart.MultipartError, UnicodeDecodeError) as error:
        raise BadFormError(
            f"The multipart form can't be parsed: {str(error) or type(error).__name__}.",
            remedy="Follow RFC 7578: use the boundary of the Content-Type header, and encode text as UTF-8.",
        ) from error


def convert_form(fields: dict[str, FormValue], kind: type[T]) -> T:
    """Convert a form's fields to a type; text is converted to numbers and booleans where the type has them.

    Raises:
        InvalidInputError: it doesn't match the type; names the field.
    """
    shaped = shape_form(fields, msgspec.inspect.type_info(kind))
    try:
        value = msgspec.convert(shaped, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_input(str(error), kind, path="") from error
    refuse_nul(value, path="")
    return value


def nest(fields: Iterable[tuple[str, "str | UploadedFile"]]) -> dict[str, FormValue]:
    """Return fields as nested values, according to the brackets in their names.

    A name that is given more than once, or that ends in empty brackets, gets a list.

    Raises:
        BadFormError: a name's brackets don't match, or two names contradict each other.
    """
    root: dict[str, Any] = {}
    for name, value in fields:
        _put(root, name, value)
    return {name: _without_append_keys(value) for name, value in root.items()}


def _put(root: dict[str, Any], name: str, value: "str | UploadedFile") -> None:
    *path, last = _segments(name)
    node: Any = root
    for segment in path:
        node = node.setdefault(segment, {})
        if not isinstance(node, dict):
            raise _contradiction(name)
    if last == _APPEND:
        node.setdefault(_APPEND, []).append(value)
    elif last not in node:
        node[last] = value
    elif isinstance(node[last], dict):
        raise _contradiction(name)
    elif isinstance(node[last], list):
        node[last].append(value)
    else:
        node[last] = [node[last], value]


def _segments(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    segments = [match["first"], *_BRACKETS.findall(match["rest"])] if match else []
    shown = name[:NAME_SHOWN_MAX]
    if not segments:
        raise BadFormError(
            f"{shown!r} isn't a valid field name.", field=shown or None, remedy="Use name, name[key] or name[]."
        )
    if len(segments) > DEPTH_MAX:
        raise BadFormError(
            f"{shown} has too many brackets.", field=shown, remedy=f"Nest at most {DEPTH_MAX} levels deep."
        )
    if _APPEND in segments[:-1]:
        raise BadFormError(
            f"{shown} has empty brackets before its end.", field=shown, remedy="Number the items: name[0][key]."
        )
    return segments


def _without_append_keys(value: Any) -> Any:
    """Convert fields with empty brackets into lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _without_append_keys(item) for key, item in value.items()}
    if inner.keys() == {_APPEND}:
        return inner[_APPEND]
    if _APPEND in inner:
        raise BadFormError("A field has both empty brackets and keys in brackets.", remedy="Use one or the other.")
    return inner


def _read_parts(content: bytes, boundary: str) -> Iterable[tuple[str, "str | UploadedFile"]]:
    with multipart.PushMultipartParser(boundary, max_segment_count=FIELDS_MAX, strict=True) as parser:
        segment: multipart.MultipartSegment | None = None
        chunks: list[bytes] = []
        for event in parser.parse(content):
            match event:
                case multipart.MultipartSegment():
                    segment, chunks = event, []
                case None if segment is not None:
                    yield segment.name or "", _part_value(segment, b"".join(chunks))
                case bytes() | bytearray():
                    chunks.append(bytes(event))


def _part_value(segment: multipart.MultipartSegment, content: bytes) -> "str | UploadedFile":
    if segment.filename is None:
        return content.decode()
    return UploadedFile(
        file_name=segment.filename,
        media_type=segment.content_type or "application/octet-stream",
        content=content,
    )


def _contradiction(name: str) -> BadFormError:
    shown = name[:NAME_SHOWN_MAX]
    return BadFormError(
        f"{shown} is used both as a value and as a parent of other fields.", field=shown, remedy="Use one or the other."
    )


def _too_many_fields() -> BadFormError:
    return BadFormError(f"The form has more than {FIELDS_MAX:,} fields.", remedy="Send fewer fields.")
