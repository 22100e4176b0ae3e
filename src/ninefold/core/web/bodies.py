"""JSON bodies: checked to be UTF-8, decoded into structs. How they are read is in `body_reading`.

A route names the struct, and its limit if the default isn't right:

    from litestar import post
    from ninefold.core.web.body_reading import FromBody

    class PublishEvent(RequestBody, frozen=True, kw_only=True):
        event_type: str
        payload: msgspec.Raw

    @post("/api/v1/events", request_max_body_size=2 * 1024 * 1024)
    async def publish(data: FromBody[PublishEvent]) -> None: ...

A `msgspec.Raw` field keeps the exact bytes that were sent. No text that reaches a handler holds a NUL, which
PostgreSQL can't store. The part of a body that is kept raw can be decoded later, with the same checks:

    data = JsonDecoder(PublishEvent).decode(b'{"event_type": "order.created", "payload": [1,  2.0]}', path="events[3]")
    assert bytes(data.payload) == b"[1,  2.0]"
"""

from typing import ClassVar, Final, Generic, TypeVar

import msgspec

from ninefold.core.web.json_errors import JSON_DEPTH_MAX, bad_json, invalid_input, nested_too_deeply, refuse_nul
from ninefold.core.web.json_scan import is_nested_deeper

T = TypeVar("T")


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body is decoded into; a field that it doesn't know is an error."""

    is_decoded_in_parts: ClassVar[bool] = False
    """Whether a handler decodes parts that are kept raw, so that the depth of each is checked then, and not before."""


class JsonDecoder(Generic[T]):
    """Decodes JSON text into one type; build it once and use it often."""

    def __init__(self, kind: type[T]) -> None:
        self.kind: Final = kind
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._is_depth_checked = not getattr(kind, "is_decoded_in_parts", False)

    def decode(self, text: bytes | memoryview | msgspec.Raw, *, path: str = "") -> T:
        """Return the decoded text.

        Args:
            text: JSON in UTF-8.
            path: where in the request the text stands, such as `events[3]`; put before a field's name.

        Raises:
            BadJsonError: it isn't UTF-8, isn't JSON, or is nested too deeply; says where.
            InvalidInputError: it doesn't fit the type; names the field.
        """
        content = bytes(text)
        try:
            # msgspec doesn't look into a Raw's characters.
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
