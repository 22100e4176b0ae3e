"""Request bodies: read within a limit, checked to be JSON in UTF-8, decoded into structs.

    class PublishEvent(RequestBody, frozen=True, kw_only=True):
        event_type: Annotated[str, msgspec.Meta(max_length=200)]
        payload: msgspec.Raw

    @post("/api/v1/events", request_max_body_size=2 * 1024 * 1024)
    async def publish(data: PublishEvent) -> …

A `msgspec.Raw` field keeps the exact bytes that were sent. No text that reaches a handler holds a NUL, which
PostgreSQL can't store. The part of a body that is kept raw can be decoded later, with the same checks, by a
`JsonDecoder`.
"""

from typing import Any, Final, Generic, TypeVar, cast

import msgspec
import msgspec.inspect

from ninefold.core.web.json_errors import JSON_DEPTH_MAX, bad_json, invalid_input, nested_too_deeply, refuse_nul
from ninefold.core.web.json_parts import nesting_depth, split_list, split_object

T = TypeVar("T")

BODY_SIZE_MAX_DEFAULT: Final = 64 * 1024
"""Bytes of a body where the route doesn't say more with `request_max_body_size`."""

_JSON_MEDIA_TYPE: Final = "application/json"
_NOT_ENCODED: Final = "identity"
_HEADER_SHOWN_MAX: Final = 100

_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body is decoded into; a field that it doesn't know is an error."""


class JsonDecoder(Generic[T]):
    """Decodes JSON text into one type; build it once and use it often.

    Where the type has a list of `msgspec.Raw`, its items are decoded later and each by itself. One that can't be
    decoded, for what is wrong inside of it, is left to that: it doesn't keep the others from being read.
    """

    def __init__(self, kind: type[T]) -> None:
        self.kind: Final = kind
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._raw_lists = _raw_lists(kind)

    def decode(self, text: bytes | memoryview | msgspec.Raw, *, path: str = "") -> T:
        """Return the decoded text.

        Args:
            text: JSON in UTF-8.
            path: where in the request the text stands, such as `events[3]`; put before a field's name.

        Raises:
            BadJsonError: it isn't UTF-8, isn't JSON, or is nested too deeply.
            InvalidInputError: it doesn't fit the type; names the field.
        """
        content = bytes(text)
        try:
            value = self._decode(content)
        except msgspec.ValidationError as error:
            raise invalid_input(str(error), self.kind, path=path) from error
        except _UNDECODABLE as error:
            raise bad_json(error, content, path=path) from error
        if not self._raw_lists and _is_too_deep(content):
            raise nested_too_deeply(path=path)
        if b"\\u0000" in content:
            refuse_nul(value, path=path)
        return value

    def _decode(self, content: bytes) -> T:
        try:
            return self._decode_whole(content)
        except msgspec.ValidationError:
            raise
        except _UNDECODABLE:
            value = self._decode_apart(content)
            if value is None:
                raise
            return value

    def _decode_whole(self, content: bytes) -> T:
        # msgspec doesn't look into a Raw's characters.
        content.decode()
        return self._decoder.decode(content)

    def _decode_apart(self, content: bytes) -> T | None:
        """Return a struct whose raw items aren't looked into; None if what can't be decoded isn't in one of them."""
        parts = _take_apart(content, self._raw_lists) if self._raw_lists else None
        if parts is None:
            return None
        outline, raw_lists = parts
        try:
            value = self._decode_whole(outline)
        except msgspec.ValidationError:
            raise
        except _UNDECODABLE:
            return None
        return cast("T", msgspec.structs.replace(cast("msgspec.Struct", value), **raw_lists))


def _raw_lists(kind: Any) -> frozenset[str]:
    """Return the names of a struct's fields that are lists of `msgspec.Raw`."""
    info = msgspec.inspect.type_info(kind)
    fields = info.fields if isinstance(info, msgspec.inspect.StructType) else ()
    return frozenset(field.name for field in fields if _is_raw_list(field.type))


def _is_raw_list(info: msgspec.inspect.Type) -> bool:
    match info:
        case msgspec.inspect.Metadata():
            return _is_raw_list(info.type)
        case msgspec.inspect.ListType(item_type=msgspec.inspect.Metadata(type=item)):
            return isinstance(item, msgspec.inspect.RawType)
        case msgspec.inspect.ListType():
            return isinstance(info.item_type, msgspec.inspect.RawType)
        case _:
            return False


def _take_apart(content: bytes, names: frozenset[str]) -> tuple[bytes, dict[str, list[msgspec.Raw]]] | None:
    """Return an object with nulls for the items of some of its lists, and those items; None if it can't be split."""
    members = split_object(content)
    if members is None:
        return None
    outline = []
    raw_lists: dict[str, list[msgspec.Raw]] = {}
    for quoted, value in members:
        name = quoted[1:-1].decode(errors="replace")
        items = split_list(value) if name in names else None
        if items is None:
            outline.append(quoted + b":" + value)
        else:
            outline.append(quoted + b":[" + b",".join([b"null"] * len(items)) + b"]")
            raw_lists[name] = [msgspec.Raw(item) for item in items]
    return b"{" + b",".join(outline) + b"}", raw_lists


def _is_too_deep(content: bytes) -> bool:
    # Counting takes next to nothing, and nearly every text has fewer brackets than it may have levels.
    brackets = content.count(b"[") + content.count(b"{")
    return brackets > JSON_DEPTH_MAX and nesting_depth(content) > JSON_DEPTH_MAX
