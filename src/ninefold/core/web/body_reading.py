"""How a request's body is read: any bytes, JSON, or a form; always within the bound of its route.

A surface says which class its requests have. That class decodes a handler's `data`. A handler that takes the bytes as
they are asks the request: for all of them, or for one part after another (`request.stream()`), gigabytes included:

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
from litestar.typing import FieldDefinition

from ninefold.core.errors import PayloadTooLargeError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonDecoder
from ninefold.core.web.errors import (
    BadJsonError,
    ClientDisconnectedError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)
from ninefold.core.web.forms import convert_form, parse_multipart, parse_urlencoded

T = TypeVar("T")

FromBody: TypeAlias = Annotated[T, BodyKwarg()]
"""Marks a handler's `data`, as Litestar's `FromPath` and `FromQuery` mark what comes from there."""

BODY_SIZE_MAX_DEFAULT: Final = 64 * 1024
"""Bytes of a body where the route doesn't say more with `request_max_body_size`."""

_JSON: Final = "application/json"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_NOT_ENCODED: Final = "identity"
_HEADER_SHOWN_MAX: Final = 100

_STATE_KEY: Final = "request_body"
"""In the scope's state: authentication and handler have a request object each, and share what was read."""


class RawRequest(Request[Any, Principal, Any]):
    """A request whose body may be anything, within its route's bound."""

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            PayloadTooLargeError: it is, or says that it is, larger than the route's `request_max_body_size`.
            ClientDisconnectedError: it ended too soon.
        """
        state = self.scope["state"]
        if _STATE_KEY not in state:
            self.check_head()
            parts = [part async for part in self.stream()]
            state[_STATE_KEY] = parts[0] if len(parts) == 1 else b"".join(parts)
        content: bytes = state[_STATE_KEY]
        self.check_content(content)
        return content

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body's parts as they arrive; once, and not together with `body`.

        Raises:
            PayloadTooLargeError: as `body`.
            ClientDisconnectedError: as `body`.
        """
        size_max = _size_max(self)
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > size_max:
            raise _too_large(size_max)
        size, is_more = 0, True
        while is_more:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientDisconnectedError("The client went away before its whole body had arrived.")
            part = message["body"]
            size += len(part)
            if size > size_max:
                raise _too_large(size_max)
            if part:
                yield part
            is_more = message.get("more_body", False)

    def check_head(self) -> None:
        """Check, before the body is read, what the headers say of it; any bytes need no check."""

    def check_content(self, content: bytes) -> None:
        """Check the whole body before it is decoded; any bytes need no check."""

    def decode_body(self, decoder: JsonDecoder[T], content: bytes) -> T:
        """Return what a handler gets as `data`: decoded as JSON, whatever media type the caller names."""
        return decoder.decode(content)

    @property
    def media_type(self) -> str:
        """What the header Content-Type says, in lower case and without parameters; empty where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class JsonRequest(RawRequest):
    """A request whose body must be JSON; empty only where the route's `data` has a default."""

    def check_head(self) -> None:
        """Refuse another media type than JSON, and a compressed body.

        Raises:
            UnsupportedMediaTypeError: it is something else than JSON, or compressed.
        """
        if self.headers.get("content-length") == "0":
            return
        if "content-type" in self.headers and self.media_type != _JSON:
            raise _unsupported_media_type(self.media_type, understood=[_JSON])
        _check_encoding(self)

    def check_content(self, content: bytes) -> None:
        """Refuse an empty body.

        Raises:
            BadJsonError: it is empty, and must not be.
        """
        if not content and not _is_body_optional(self):
            raise BadJsonError("The body is empty, and has to be JSON.", remedy="Send a JSON object.")


class FormRequest(RawRequest):
    """A request whose body is a form, as browsers and many SDKs send it, or JSON.

    Nested names make nested values: `card[exp][month]=4` and `items[]=a&items[]=b`. A form's values are text, and are
    converted to the types of the handler's `data`.
    """

    def check_head(self) -> None:
        """Refuse what is neither a form nor JSON, and a compressed body.

        Raises:
            UnsupportedMediaTypeError: it is something else, or compressed.
        """
        if self.media_type not in (_JSON, _URLENCODED, _MULTIPART, ""):
            raise _unsupported_media_type(self.media_type, understood=[_URLENCODED, _MULTIPART, _JSON])
        _check_encoding(self)

    def decode_body(self, decoder: JsonDecoder[T], content: bytes) -> T:
        """Return what a handler gets as `data`.

        Raises:
            BadFormError: the form can't be read.
            InvalidInputError: it doesn't fit the type; names the field.
        """
        if self.media_type == _JSON:
            return decoder.decode(content)
        if self.media_type == _MULTIPART:
            _, options = self.content_type
            return convert_form(parse_multipart(content, boundary=options.get("boundary", "")), decoder.kind)
        return convert_form(parse_urlencoded(content), decoder.kind)


class BodyDTO(AbstractDTO[Any]):
    """Lets Litestar decode a handler's `data` as its request's class does it."""

    _decoders: ClassVar[dict[str, JsonDecoder[Any]]] = {}

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Build the decoder of a handler, when the application starts."""
        del backend_cls
        cls._decoders[handler_id] = JsonDecoder(field_definition.annotation)

    def decode_bytes(self, value: bytes) -> Any:
        """Decode a body."""
        request = cast("RawRequest", self.asgi_connection)
        return request.decode_body(self._decoders[request.route_handler.handler_id], value)


def _size_max(request: RawRequest) -> int:
    handler: object = request.route_handler
    # An ASGI application inside of ours has no bound of its own.
    size_max = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return BODY_SIZE_MAX_DEFAULT if size_max is None else size_max


def _is_body_optional(request: RawRequest) -> bool:
    field = request.route_handler.parsed_data_field
    return field is None or field.has_default


def _check_encoding(request: RawRequest) -> None:
    encoding = request.headers.get("content-encoding", _NOT_ENCODED)
    if encoding.strip().lower() != _NOT_ENCODED:
        raise UnsupportedEncodingError(
            f"The header Content-Encoding says {_quote(encoding)}, and only what isn't encoded is understood.",
            remedy="Send the body as it is, not compressed, without the header Content-Encoding.",
        )


def _unsupported_media_type(media_type: str, *, understood: list[str]) -> UnsupportedMediaTypeError:
    is_json_only = understood == [_JSON]
    what = "only JSON is understood" if is_json_only else f"understood are {', '.join(understood)}"
    kind = "JSON" if is_json_only else "a form"
    return UnsupportedMediaTypeError(
        f"The header Content-Type says {_quote(media_type)}, and {what}.",
        remedy=f"Send {kind}, with the header `Content-Type: {understood[0]}`.",
    )


def _quote(header: str) -> str:
    return f"{header.strip()[:_HEADER_SHOWN_MAX]!r}" if header.strip() else "nothing"


def _too_large(size_max: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"The body is larger than the {size_max:,} bytes that are allowed here.",
        remedy="Send less at once.",
    )
