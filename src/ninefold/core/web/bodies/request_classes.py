"""The request classes that read and decode bodies: any bytes, JSON, or a form; always within the route's size limit.

A surface sets the class of its requests, and that class decodes a handler's `data`. A handler that needs the bytes
unchanged reads them from the request: the whole body, or chunk by chunk with `request.stream()`:

    from litestar import post
    from litestar.params import FromPath

    @post("/in/{token:str}", request_max_body_size=256 * 1024, status_code=200)
    async def receive_callback(request: RawRequest, token: FromPath[str]) -> None:
        content = await request.body()
"""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar, cast

from litestar import Request
from litestar.dto import AbstractDTO
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg
from litestar.types import HTTPScope
from litestar.typing import FieldDefinition

from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies.chunks import ChunkReader
from ninefold.core.web.bodies.forms import FormValue, convert_form, parse_multipart, parse_urlencoded
from ninefold.core.web.bodies.json_decoder import JsonDecoder
from ninefold.core.web.errors import (
    BadJsonError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)

T = TypeVar("T")

_object_decoder: JsonDecoder[dict[str, Any]] = JsonDecoder(dict[str, Any])
_NO_FIELDS: Final = b"&"
"""An urlencoded form without fields."""

FromBody: TypeAlias = Annotated[T, BodyKwarg()]
"""Marks a handler's `data` as the request's body, like Litestar's `FromPath` and `FromQuery`."""

BODY_SIZE_MAX_DEFAULT: Final = 64 * 1024
"""Bytes; the limit of a body if the route doesn't set `request_max_body_size`."""

_JSON: Final = "application/json"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_NOT_ENCODED: Final = "identity"
_HEADER_SHOWN_MAX: Final = 100

_STATE_KEY: Final = "request_body"
"""Key in the scope's state: authentication and the handler have different request objects, and share the body."""


class RawRequest(Request[Any, Principal, Any]):
    """A request whose body can be any bytes, within its route's size limit."""

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            PayloadTooLargeError: the body or its Content-Length is larger than the route's `request_max_body_size`.
            ClientDisconnectedError: the client disconnected before the end of the body.
        """
        state = self.scope["state"]
        if _STATE_KEY not in state:
            self.check_headers()
            state[_STATE_KEY] = await self._chunk_reader().read_all()
        content: bytes = state[_STATE_KEY]
        self.check_content(content)
        return content

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body's chunks as they arrive. It works only once, and not together with `body`.

        Raises:
            PayloadTooLargeError: as `body`.
            ClientDisconnectedError: as `body`.
        """
        reader = self._chunk_reader()
        while not reader.is_complete:
            if chunk := await reader.read():
                yield chunk

    def check_headers(self) -> None:
        """Check the headers before the body is read; this class accepts any."""

    def check_content(self, content: bytes) -> None:
        """Check the whole body before it is decoded; this class accepts any."""

    def decode_body(self, decoder: JsonDecoder[T], content: bytes) -> T:
        """Return a handler's `data`: the body decoded as JSON, whatever its media type."""
        return decoder.decode(content)

    @property
    def media_type(self) -> str:
        """The media type of the Content-Type header, in lower case and without parameters; empty without the header."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def _chunk_reader(self) -> ChunkReader:
        content_length = self.headers.get("content-length", "")
        return ChunkReader(self.receive, content_length=content_length, size_max=_size_max(self))


def keep_body(scope: HTTPScope, content: bytes) -> None:
    """Keep a body that was read without a request object, for the request objects that may come later."""
    scope["state"][_STATE_KEY] = content


class JsonRequest(RawRequest):
    """A request whose body must be JSON. It can be empty only if the route's `data` has a default."""

    def check_headers(self) -> None:
        """Refuse any media type but JSON, and a compressed body.

        Raises:
            UnsupportedMediaTypeError: the body isn't JSON, or is compressed.
        """
        if self.headers.get("content-length") == "0":
            return
        if "content-type" in self.headers and self.media_type != _JSON:
            raise _unsupported_media_type(self.media_type, supported=[_JSON])
        _check_encoding(self)

    def check_content(self, content: bytes) -> None:
        """Refuse an empty body, unless it is optional.

        Raises:
            BadJsonError: the body is empty and required.
        """
        if not content and not _is_body_optional(self):
            raise BadJsonError("The body is empty, but must be JSON.", remedy="Send a JSON object.")


class FormRequest(RawRequest):
    """A request whose body is a form, as browsers and many SDKs send it, or JSON.

    Brackets in names mean nesting: `card[exp][month]=4` and `items[]=a&items[]=b`. A form's values are text, and are
    converted to the types of the handler's `data`.
    """

    def check_headers(self) -> None:
        """Refuse any media type but forms and JSON, and a compressed body.

        Raises:
            UnsupportedMediaTypeError: the body is neither a form nor JSON, or is compressed.
        """
        if self.media_type not in (_JSON, _URLENCODED, _MULTIPART, ""):
            raise _unsupported_media_type(self.media_type, supported=[_URLENCODED, _MULTIPART, _JSON])
        _check_encoding(self)

    def decode_body(self, decoder: JsonDecoder[T], content: bytes) -> T:
        """Return a handler's `data`.

        Raises:
            BadFormError: the form can't be parsed.
            InvalidInputError: the body doesn't match the type; names the field.
        """
        if self.media_type == _JSON:
            return decoder.decode(content)
        return convert_form(self._parse_form(content), decoder.kind)

    async def fields(self) -> dict[str, FormValue]:
        """Return the form's fields, nested, or those of a JSON object; for an authentication that needs one of them.

        Raises:
            BadFormError: the form can't be parsed.
            BadJsonError: the JSON can't be parsed.
            InvalidInputError: it is JSON, but no object.
        """
        content = await self.body()
        if self.media_type == _JSON:
            return _object_decoder.decode(content)
        return self._parse_form(content)

    def _parse_form(self, content: bytes) -> dict[str, FormValue]:
        if self.media_type == _MULTIPART:
            _, options = self.content_type
            return parse_multipart(content, boundary=options.get("boundary", ""))
        return parse_urlencoded(content)

    async def body(self) -> bytes:
        """Return the whole body; a form without fields is a form too.

        Raises:
            PayloadTooLargeError: as `RawRequest.body`.
            ClientDisconnectedError: as `RawRequest.body`.
        """
        # Litestar decodes no empty body: it would say that `data` is missing, instead of which fields are.
        content = await super().body()
        return content or (b"" if self.media_type in (_JSON, _MULTIPART) or _is_body_optional(self) else _NO_FIELDS)


class BodyDTO(AbstractDTO[Any]):
    """Makes Litestar decode a handler's `data` with the request's class."""

    _decoders: ClassVar[dict[Any, JsonDecoder[Any]]] = {}
    """By the type that they decode to: looking up a route's `handler_id` takes longer than decoding a small body."""

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Build a handler's decoder when the application starts."""
        del handler_id, backend_cls
        cls._decoders[field_definition.annotation] = JsonDecoder(field_definition.annotation)

    def decode_bytes(self, value: bytes) -> Any:
        """Decode a body."""
        request = cast("RawRequest", self.asgi_connection)
        field = request.route_handler.parsed_data_field
        assert field is not None, "only the body of a route with `data` is decoded"
        return request.decode_body(self._decoders[field.annotation], value)


def _size_max(request: RawRequest) -> int:
    handler: object = request.route_handler
    # A mounted ASGI application has no size limit of its own.
    size_max = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return BODY_SIZE_MAX_DEFAULT if size_max is None else size_max


def _is_body_optional(request: RawRequest) -> bool:
    field = request.route_handler.parsed_data_field
    return field is None or field.has_default


def _check_encoding(request: RawRequest) -> None:
    encoding = request.headers.get("content-encoding", _NOT_ENCODED)
    if encoding.strip().lower() != _NOT_ENCODED:
        raise UnsupportedEncodingError(
            f"The Content-Encoding header is {_quote(encoding)}, but compressed bodies aren't supported.",
            remedy="Send the body uncompressed, without the Content-Encoding header.",
        )


def _unsupported_media_type(media_type: str, *, supported: list[str]) -> UnsupportedMediaTypeError:
    is_json_only = supported == [_JSON]
    what = "only JSON is supported" if is_json_only else f"the supported types are {', '.join(supported)}"
    kind = "JSON" if is_json_only else "a form"
    return UnsupportedMediaTypeError(
        f"The Content-Type header is {_quote(media_type)}, but {what}.",
        remedy=f"Send {kind}, with the header `Content-Type: {supported[0]}`.",
    )


def _quote(header: str) -> str:
    return f"{header.strip()[:_HEADER_SHOWN_MAX]!r}" if header.strip() else "empty"
