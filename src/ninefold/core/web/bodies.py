"""Request bodies: read within a limit, checked to be JSON in UTF-8, decoded into structs.

A route names the struct, and its limit if the default isn't right:

    from litestar import post

    class PublishEvent(RequestBody, frozen=True, kw_only=True):
        event_type: str
        payload: msgspec.Raw

    @post("/api/v1/events", request_max_body_size=2 * 1024 * 1024)
    async def publish(data: PublishEvent) -> None: ...

A `msgspec.Raw` field keeps the exact bytes that were sent. No text that reaches a handler holds a NUL, which
PostgreSQL can't store. The part of a body that is kept raw can be decoded later, with the same checks:

    data = JsonDecoder(PublishEvent).decode(b'{"event_type": "order.created", "payload": [1,  2.0]}', path="events[3]")
    assert bytes(data.payload) == b"[1,  2.0]"
"""

from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.typing import FieldDefinition

from ninefold.core.errors import PayloadTooLargeError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.errors import (
    BadJsonError,
    ClientDisconnectedError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)
from ninefold.core.web.json_errors import JSON_DEPTH_MAX, bad_json, invalid_input, nested_too_deeply, refuse_nul
from ninefold.core.web.json_scan import is_nested_deeper

T = TypeVar("T")

BODY_SIZE_MAX_DEFAULT: Final = 64 * 1024
"""Bytes of a body where the route doesn't say more with `request_max_body_size`."""

_JSON_MEDIA_TYPE: Final = "application/json"
_NOT_ENCODED: Final = "identity"
_HEADER_SHOWN_MAX: Final = 100


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body is decoded into; a field that it doesn't know is an error."""

    is_decoded_in_parts: ClassVar[bool] = False
    """Whether a handler decodes parts that are kept raw, so that the depth of each is checked then, and not before."""


class JsonDecoder(Generic[T]):
    """Decodes JSON text into one type; build it once and use it often."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
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
            raise invalid_input(str(error), self._kind, path=path) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise bad_json(error, content, path=path) from error
        if self._is_depth_checked and is_nested_deeper(content, JSON_DEPTH_MAX):
            raise nested_too_deeply(content, path=path)
        if b"\\u0000" in content:
            refuse_nul(value, path=path)
        return value


class ApiRequest(Request[Any, Principal, Any]):
    """A request whose body is read within its route's limit, and must be JSON."""

    async def body(self) -> bytes:
        """Return the whole body; empty only where the route's `data` has a default.

        Raises:
            UnsupportedMediaTypeError: it says that it is something else than JSON, or that it is compressed.
            BadJsonError: it is empty, and must not be.
            PayloadTooLargeError: it is, or says that it is, larger than the route's `request_max_body_size`.
            ClientDisconnectedError: it ended too soon.
        """
        if not isinstance(self._body, bytes):
            if self.headers.get("content-length") != "0":
                self._check_media_type()
                self._check_encoding()
            self._body = await self._read(self.route_handler.resolve_request_max_body_size())
        if not self._body and not self._is_body_optional():
            raise BadJsonError("The body is empty, and has to be JSON.", remedy="Send a JSON object.")
        return self._body

    def _is_body_optional(self) -> bool:
        field = self.route_handler.parsed_data_field
        return field is None or field.has_default

    def _check_media_type(self) -> None:
        content_type = self.headers.get("content-type", _JSON_MEDIA_TYPE)
        media_type, _, _ = content_type.partition(";")
        if media_type.strip().lower() != _JSON_MEDIA_TYPE:
            raise UnsupportedMediaTypeError(
                f"The header Content-Type says {_quote(media_type)}, and only JSON is understood.",
                remedy=f"Send JSON, with the header `Content-Type: {_JSON_MEDIA_TYPE}`.",
            )

    def _check_encoding(self) -> None:
        encoding = self.headers.get("content-encoding", _NOT_ENCODED)
        if encoding.strip().lower() != _NOT_ENCODED:
            raise UnsupportedEncodingError(
                f"The header Content-Encoding says {_quote(encoding)}, and only what isn't encoded is understood.",
                remedy="Send the JSON as it is, not compressed, without the header Content-Encoding.",
            )

    async def _read(self, size_max: int | None) -> bytes:
        size_max = BODY_SIZE_MAX_DEFAULT if size_max is None else size_max
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > size_max:
            raise _too_large(size_max)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientDisconnectedError("The client went away before its whole body had arrived.")
            part = message["body"]
            size += len(part)
            if size > size_max:
                raise _too_large(size_max)
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)


class BodyDTO(AbstractDTO[Any]):
    """Lets Litestar decode a handler's `data` with a `JsonDecoder` of its type."""

    _decoders: ClassVar[dict[str, JsonDecoder[Any]]] = {}

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Build the decoder of a handler, when the application starts."""
        del backend_cls
        cls._decoders[handler_id] = JsonDecoder(field_definition.raw)

    def decode_bytes(self, value: bytes) -> Any:
        """Decode a body."""
        return self._decoders[self.asgi_connection.route_handler.handler_id].decode(value)


def _quote(header: str) -> str:
    return f"{header.strip()[:_HEADER_SHOWN_MAX]!r}" if header.strip() else "nothing"


def _too_large(size_max: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"The body is larger than the {size_max:,} bytes that are allowed here.",
        remedy="Send less at once.",
    )
