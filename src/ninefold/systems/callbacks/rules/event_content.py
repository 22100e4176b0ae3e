"""The event that a verified callback becomes: its type and its JSON payload."""

import base64
import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from ninefold.contracts.webhooks import CALLBACK_EVENT_PREFIX, EVENT_PAYLOAD_BYTES_MAX, EVENT_TYPE_LENGTH_MAX
from ninefold.core.ids import format_id
from ninefold.systems.callbacks.model import CALLBACK_PREFIX, SOURCE_PREFIX, Header, Source, WaitingCallback

UNKNOWN_TYPE: Final = "received"
"""The last word of the event type of a callback without a type of its own."""

FORM_FIELDS_MAX: Final = 1_000
ENVELOPE_BYTES_MAX: Final = 16 * 1024
"""Room for everything in the payload but the body."""

_JSON_TYPE: Final = re.compile(rb"application/(?:[A-Za-z0-9.+-]+\+)?json", re.IGNORECASE)
_FORM_TYPE: Final = b"application/x-www-form-urlencoded"
_NOT_A_WORD: Final = re.compile(r"[^A-Za-z0-9_-]+")
_SHOWN_MAX: Final = 1_000


class ParsedBody(msgspec.Struct, frozen=True, kw_only=True):
    """A body in the most useful form: JSON, the fields of a form, text, or else base64. All are None if omitted."""

    json: msgspec.Raw | None = None
    form: dict[str, list[str]] | None = None
    text: str | None = None
    base64: str | None = None


class CallbackEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of the event. Exactly one of the four forms of the body is given, unless the body is omitted."""

    callback_id: str
    source_id: str
    source_name: str
    provider: str
    event_type: str | None
    """The provider's own."""
    provider_event_id: str | None
    received_at: datetime
    method: str
    content_type: str
    is_replay: bool
    is_body_omitted: bool
    """Whether the body is too large for an event; `GET /api/v1/callbacks/{callback_id}/body` returns it."""
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """The body's own JSON text."""
    body_form: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    body_text: str | msgspec.UnsetType = msgspec.UNSET
    body_base64: str | msgspec.UnsetType = msgspec.UNSET


def event_type_of(provider: str, event_type: str | None) -> str:
    """Return the type of the event: `callback.`, the provider, and the provider's type as words joined by dots.

    What an event type can't have becomes `_`: `orders/create` of Shopify is `callback.shopify.orders_create`.
    """
    words = [_NOT_A_WORD.sub("_", word) for word in (event_type or "").split(".")]
    own = ".".join(word for word in words if word) or UNKNOWN_TYPE
    return f"{CALLBACK_EVENT_PREFIX}{_NOT_A_WORD.sub('_', provider)}.{own}"[:EVENT_TYPE_LENGTH_MAX].rstrip(".")


def event_payload(
    callback: WaitingCallback,
    *,
    source: Source,
    event_type: str | None,
    provider_event_id: str | None,
    is_replay: bool = False,
) -> bytes:
    """Return the JSON text of the event of a callback."""
    content_type = header_value(callback.headers, b"content-type")
    parsed = ParsedBody()
    if len(callback.body) <= EVENT_PAYLOAD_BYTES_MAX:
        parsed = parse_body(callback.body, content_type=content_type)
    event = CallbackEvent(
        callback_id=format_id(CALLBACK_PREFIX, callback.callback_id),
        source_id=format_id(SOURCE_PREFIX, callback.source_id),
        source_name=source.name,
        provider=source.provider,
        event_type=None if event_type is None else event_type[:_SHOWN_MAX],
        provider_event_id=None if provider_event_id is None else provider_event_id[:_SHOWN_MAX],
        received_at=callback.received_at,
        method=callback.method,
        content_type=content_type.decode("latin-1")[:_SHOWN_MAX],
        is_replay=is_replay,
        is_body_omitted=parsed == ParsedBody(),
        **_given(parsed),
    )
    payload = msgspec.json.encode(event)
    if len(payload) > EVENT_PAYLOAD_BYTES_MAX:
        # Base64 and escapes are longer than what they stand for.
        without = dict.fromkeys(("body", "body_form", "body_text", "body_base64"), msgspec.UNSET)
        payload = msgspec.json.encode(msgspec.structs.replace(event, is_body_omitted=True, **without))
    return payload


def parse_body(body: bytes, *, content_type: bytes) -> ParsedBody:
    """Return a body as JSON, as the fields of a form, as text or as base64, whatever it is first.

    A body is JSON if its type says so, or if it has no type, and it can be parsed.
    """
    media_type = content_type.partition(b";")[0].strip().lower()
    if (not media_type or _JSON_TYPE.fullmatch(media_type)) and _is_json(body):
        return ParsedBody(json=msgspec.Raw(body.strip()))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ParsedBody(base64=base64.b64encode(body).decode())
    if media_type == _FORM_TYPE:
        try:
            return ParsedBody(form=parse_qs(text, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
        except ValueError:
            return ParsedBody(text=text)
    return ParsedBody(text=text)


def header_value(headers: tuple[Header, ...], name: bytes) -> bytes:
    """Return the first value of a header; empty without it."""
    return next((value for header, value in headers if header == name), b"")


def _given(parsed: ParsedBody) -> dict[str, Any]:
    forms = {"body": parsed.json, "body_form": parsed.form, "body_text": parsed.text, "body_base64": parsed.base64}
    return {name: value for name, value in forms.items() if value is not None}


def _is_json(body: bytes) -> bool:
    try:
        body.decode()
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
