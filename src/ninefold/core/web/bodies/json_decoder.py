"""Decodes JSON bodies into structs, and checks that they are UTF-8.

A `msgspec.Raw` field keeps the exact bytes that were sent. No string that reaches a handler contains a NUL character,
because PostgreSQL can't store one. A part that is kept raw can be decoded later, with the same checks:

    class PublishEvent(RequestBody, frozen=True, kw_only=True):
        event_type: str
        payload: msgspec.Raw

    data = JsonDecoder(PublishEvent).decode(b'{"event_type": "order.created", "payload": [1,  2.0]}', path="events[3]")
    assert bytes(data.payload) == b"[1,  2.0]"
"""

from typing import ClassVar, Final, Generic, TypeVar

import msgspec

from ninefold.core.web.bodies.json_errors import JSON_DEPTH_MAX, bad_json, invalid_input, nested_too_deeply, refuse_nul
from ninefold.core.web.bodies.json_scan import is_nested_deeper

T = TypeVar("T")


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base class of request bodies; a field that the class doesn't define is an error."""

    is_decoded_in_parts: ClassVar[bool] = False
    """Whether the handler decodes the raw parts. The depth of each part is then checked when it is decoded."""


class JsonDecoder(Generic[T]):
    """Decodes JSON text into one type. Build it once and reuse it."""

    def __init__(self, kind: type[T]) -> None:
        self.kind: Final = kind
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._is_depth_checked = not getattr(kind, "is_decoded_in_parts", False)

    def decode(self, text: bytes | memoryview | msgspec.Raw, *, path: str = "") -> T:
        """Return the decoded value.

        Args:
            text: JSON in UTF-8.
            path: where the text is in the request, such as `events[3]`; errors put it before a field's name.

        Raises:
            BadJsonError: it isn't UTF-8, isn't JSON, or is nested too deeply; the message says where.
            InvalidInputError: it doesn't fit the type; names the field.
        """
        content = bytes(text)
        try:
            # msgspec doesn't check that a Raw is UTF-8.
            content.decode()
            value = self._decoder.decode(content)
        except msgspec.ValidationError as error:
            raise invalid_input(str(error), self.kind, path=path) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise bad_json(error, content, path=path) from error
        if self._is_depth_checked and is_nested_deeper(content, JSON_DEPTH_MAX):
            raise nested_too_deeply(content, path=path)
        if b"\\u0000" in content:
            refuse_nul(value, path=path)
        return value
