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

import re
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.typing import FieldDefinition

from ninefold.core.errors import InvalidInputError, NinefoldError, PayloadTooLargeError
from ninefold.core.tenancy.model import Tenant
from ninefold.core.web.errors import BadJsonError, ClientDisconnectedError, UnsupportedMediaTypeError
from ninefold.core.web.reasons import in_json_words

T = TypeVar("T")

BODY_SIZE_MAX_DEFAULT: Final = 64 * 1024
"""Bytes of a body where the route doesn't say more with `request_max_body_size`."""

_JSON_MEDIA_TYPE: Final = "application/json"

# The forms of msgspec's messages, such as "Expected `str`, got `int` - at `$.event_types[0]`".
_PATH: Final = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_NAMED_FIELD: Final = re.compile(r"^Object (?P<what>contains unknown|missing required) field `(?P<name>[^`]*)`")
_FIELD_NAME_SHOWN_MAX: Final = 100

_TRUNCATED: Final = "Input data was truncated"


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body is decoded into; a field that it doesn't know is an error."""


class JsonDecoder(Generic[T]):
    """Decodes JSON text into one type; build it once and use it often."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, text: bytes | memoryview | msgspec.Raw, *, path: str = "") -> T:
        """Return the decoded text.

        Args:
            text: JSON in UTF-8.
            path: where in the request the text stands, such as `events[3]`; put before a field's name.

        Raises:
            BadJsonError: it isn't UTF-8, or isn't JSON.
            InvalidInputError: it doesn't fit the type; names the field.
        """
        content = bytes(text)
        try:
            # msgspec doesn't look into a Raw's characters.
            content.decode()
            value = self._decoder.decode(content)
        except msgspec.ValidationError as error:
            raise _invalid_input(str(error), path=path) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _bad_json(error, path=path, size=len(content)) from error
        if b"\\u0000" in content:
            _refuse_nul(value, path=path)
        return value


class ApiRequest(Request[Any, Tenant, Any]):
    """A request whose body is read within its route's limit, and must be JSON."""

    async def body(self) -> bytes:
        """Return the whole body; empty only where the route's `data` has a default.

        Raises:
            UnsupportedMediaTypeError: it says that it is something else than JSON.
            BadJsonError: it is empty, and must not be.
            PayloadTooLargeError: it is, or says that it is, larger than the route's `request_max_body_size`.
            ClientDisconnectedError: it ended too soon.
        """
        if not isinstance(self._body, bytes):
            if self.headers.get("content-length") != "0":
                self._check_media_type()
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
                f"The body is {media_type.strip()[:100]}, and only JSON is understood.",
                remedy=f"Send JSON, with the header `Content-Type: {_JSON_MEDIA_TYPE}`.",
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


def _too_large(size_max: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"The body is larger than the {size_max:,} bytes that are allowed here.",
        remedy="Send less at once.",
    )


def _bad_json(error: Exception, *, path: str, size: int) -> NinefoldError:
    owner = path or "The body"
    match error:
        case UnicodeDecodeError():
            return BadJsonError(
                f"{owner} isn't UTF-8 (byte {error.start}).",
                field=path or None,
                remedy="JSON is always sent in UTF-8.",
            )
        case RecursionError():
            return BadJsonError(f"{owner} is nested too deeply.", field=path or None, remedy="Nest less.")
        case _:
            reason = str(error).removeprefix("JSON is malformed: ")
            if reason == _TRUNCATED:
                reason = f"it ends too early (byte {size})"
            return BadJsonError(
                f"{owner} isn't JSON: {reason}.",
                field=path or None,
                remedy="Check its commas, quotes and ends.",
            )


def _invalid_input(message: str, *, path: str) -> InvalidInputError:
    at = _PATH.search(message)
    inner = at["path"] if at else ""
    reason = _PATH.sub("", message)
    named = _NAMED_FIELD.match(reason)
    if named is None:
        field = join_path(path, inner)
        return InvalidInputError(
            f"{field or 'The body'}: {in_json_words(reason)}.",
            field=field or None,
            remedy="Correct the value; /docs describes each field.",
        )
    field = join_path(path, inner, named["name"][:_FIELD_NAME_SHOWN_MAX])
    if named["what"] == "missing required":
        return InvalidInputError(f"{field} is missing.", field=field, remedy="Add it.")
    return InvalidInputError(
        f"{field} isn't a field that is known here.",
        field=field,
        remedy="Take it out, or correct its name; /docs lists the fields.",
    )


def join_path(*parts: str) -> str:
    """Return the path of a field inside other fields: `events[3]` and `payload` make `events[3].payload`."""
    bare = [part.removeprefix(".") for part in parts if part]
    return "".join(part if part.startswith("[") else f".{part}" for part in bare).removeprefix(".")


def _refuse_nul(value: object, *, path: str) -> None:
    """Raise an error for the first text that holds a NUL character."""
    match value:
        case str():
            if "\0" in value:
                raise InvalidInputError(
                    f"{path or 'The body'} holds a NUL character (\\u0000).",
                    field=path or None,
                    remedy="Take it out; PostgreSQL can't store it in text.",
                )
        case list() | tuple() | set() | frozenset():
            for index, item in enumerate(value):
                _refuse_nul(item, path=f"{path}[{index}]")
        case dict():
            for key, item in value.items():
                _refuse_nul(key, path=path)
                _refuse_nul(item, path=join_path(path, str(key)))
        case msgspec.Struct():
            for name in value.__struct_fields__:
                _refuse_nul(getattr(value, name), path=join_path(path, name))
