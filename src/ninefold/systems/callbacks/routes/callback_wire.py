"""The wire types of callbacks: request bodies, response bodies, and the mapping from the model."""

import base64
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.callbacks.model import (
    CALLBACK_PREFIX,
    EVENT_PREFIX,
    SOURCE_PREFIX,
    Callback,
    CallbackContent,
    CallbackStatus,
    Header,
)
from ninefold.systems.callbacks.routes.source_wire import ProviderName, SourceIdText
from ninefold.systems.callbacks.rules.event_content import event_type_of, header_value, parse_body
from ninefold.systems.callbacks.service.callbacks import CallbackWithContent

BODY_SHOWN_BYTES_MAX: Final = 1024 * 1024
"""A longer body is left out of the callback; its own route returns it."""
CallbackIdText = Annotated[str, msgspec.Meta(examples=[f"{CALLBACK_PREFIX}_{EXAMPLE_ID}"])]
SourceFilter = Annotated[
    str | None, msgspec.Meta(description="Only of this source; of all sources by default.", examples=[None])
]


class CallbackId(PathId):
    """A callback's id in a path."""

    prefix = CALLBACK_PREFIX


class ReverifyCallbacks(RequestBody, frozen=True, kw_only=True):
    """Whose quarantined callbacks to verify again."""

    source_id: SourceFilter = None


class ReplayCallbacks(RequestBody, frozen=True, kw_only=True):
    """Which verified callbacks to pass on again."""

    source_id: SourceFilter = None
    since: Annotated[datetime, msgspec.Meta(tz=True, description="Received at this time or later.")]
    until: Annotated[
        Timestamp | None,
        msgspec.Meta(description="Received before this time; now by default."),
    ] = None
    type: Annotated[str | None, msgspec.Meta(description="Only of this type, in the provider's words.")] = None


# The examples of the views belong together: /docs shows a callback of GitHub that was verified.
class CallbackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A callback, without its headers and its body."""

    callback_id: CallbackIdText
    source_id: SourceIdText
    provider: ProviderName
    status: Annotated[CallbackStatus, msgspec.Meta(examples=[CallbackStatus.VERIFIED])]
    type: Annotated[
        str | None,
        msgspec.Meta(description="In the provider's words; known once it is verified.", examples=["issues.opened"]),
    ]
    provider_event_id: Annotated[str | None, msgspec.Meta(examples=["72d3162e-cc78-11e3-81ab-4c9367dc0958"])]
    received_at: Timestamp
    judged_at: Annotated[
        Timestamp | None,
        msgspec.Meta(
            description="When it got its status; null while it is received.", examples=["2026-01-31T12:00:00.02Z"]
        ),
    ]
    method: Annotated[str, msgspec.Meta(examples=["POST"])]
    query: Annotated[str, msgspec.Meta(description="With `***` instead of a secret.", examples=[""])]
    peer: Annotated[
        str,
        msgspec.Meta(description="The address and port of the client, or of your proxy.", examples=["192.0.2.1:51234"]),
    ]
    body_bytes: Annotated[int, msgspec.Meta(examples=[19])]
    reason: Annotated[
        str | None,
        msgspec.Meta(
            description="Which check failed, such as `signature_mismatch`; only if quarantined.", examples=[None]
        ),
    ]
    detail: Annotated[
        str | None, msgspec.Meta(description="What that check expected; only if quarantined.", examples=[None])
    ]
    duplicate_of: Annotated[
        str | None, msgspec.Meta(description="The callback that came first; only if duplicate.", examples=[None])
    ]
    event_type: Annotated[
        str | None,
        msgspec.Meta(
            description="The type of the event that it became; only if verified.",
            examples=["callback.github.issues.opened"],
        ),
    ]
    event_id: Annotated[
        str | None,
        msgspec.Meta(
            description="The event that it became; only if verified.", examples=[f"{EVENT_PREFIX}_{EXAMPLE_ID}"]
        ),
    ]
    replay_count: Annotated[int, msgspec.Meta(examples=[0])]


class HeaderView(msgspec.Struct, frozen=True, kw_only=True):
    """A header, with its name in lower case."""

    name: Annotated[str, msgspec.Meta(examples=["x-github-event"])]
    value: Annotated[str, msgspec.Meta(description="`***` if it has a secret.", examples=["issues"])]


class CallbackView(CallbackSummary, frozen=True, kw_only=True):
    """A callback as it was received, and its body in the most useful form.

    Headers and query parameters with a secret, such as `authorization` or an API key, have the value `***`.
    """

    headers: list[HeaderView]
    content_type: Annotated[str, msgspec.Meta(examples=["application/json"])]
    is_body_omitted: Annotated[
        bool, msgspec.Meta(description="Whether the body is too large to be shown here.", examples=[False])
    ]
    body_json: Annotated[Any, msgspec.Meta(description="The body, if it is JSON.", examples=[{"action": "opened"}])]
    body_form: Annotated[
        dict[str, list[str]] | None, msgspec.Meta(description="Its fields, if it is a form.", examples=[None])
    ]
    body_text: Annotated[
        str | None, msgspec.Meta(description="The raw body, if it is UTF-8.", examples=['{"action":"opened"}'])
    ]
    body_base64: Annotated[str | None, msgspec.Meta(description="The raw body, if it isn't.", examples=[None])]


class CallbackReverified(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is verified again, if it was in quarantine."""

    callback_id: CallbackIdText
    status: Annotated[
        CallbackStatus, msgspec.Meta(description="`received` until it is verified; otherwise what it was.")
    ]


class CallbackReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was passed on again."""

    callback_id: CallbackIdText
    event_id: Annotated[str, msgspec.Meta(description="The new event.", examples=[f"{EVENT_PREFIX}_{EXAMPLE_ID}"])]


def show_callback_summary(callback: Callback) -> CallbackSummary:
    """Return a callback as lists show it."""
    return CallbackSummary(**_summary_fields(callback))


def show_callback(shown: CallbackWithContent) -> CallbackView:
    """Return a callback with its headers and its body."""
    content = shown.content
    content_type = header_value(content.headers, b"content-type")
    return CallbackView(
        **_summary_fields(shown.callback),
        headers=[_show_header(header) for header in content.headers],
        content_type=content_type.decode("latin-1"),
        **_body_fields(content, content_type=content_type),
    )


def _summary_fields(callback: Callback) -> dict[str, Any]:
    is_verified = callback.status is CallbackStatus.VERIFIED
    return {
        "callback_id": format_id(CALLBACK_PREFIX, callback.callback_id),
        "source_id": format_id(SOURCE_PREFIX, callback.source_id),
        "provider": callback.provider,
        "status": callback.status,
        "type": callback.event_type,
        "provider_event_id": callback.provider_event_id,
        "received_at": callback.received_at,
        "judged_at": callback.judged_at,
        "method": callback.method,
        "query": callback.query.decode("latin-1"),
        "peer": callback.peer,
        "body_bytes": callback.body_bytes,
        "reason": callback.reason,
        "detail": callback.detail,
        "duplicate_of": callback.duplicate_of and format_id(CALLBACK_PREFIX, callback.duplicate_of),
        "event_type": event_type_of(callback.provider, callback.event_type) if is_verified else None,
        "event_id": callback.event_id and format_id(EVENT_PREFIX, callback.event_id),
        "replay_count": callback.replay_count,
    }


def _body_fields(content: CallbackContent, *, content_type: bytes) -> dict[str, Any]:
    body = content.body
    if len(body) > BODY_SHOWN_BYTES_MAX:
        return {
            "is_body_omitted": True,
            "body_json": None,
            "body_form": None,
            "body_text": None,
            "body_base64": None,
        }
    parsed = parse_body(body, content_type=content_type)
    text = _text(body)
    return {
        "is_body_omitted": False,
        "body_json": parsed.json,
        "body_form": parsed.form,
        "body_text": text,
        "body_base64": base64.b64encode(body).decode() if text is None else None,
    }


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _show_header(header: Header) -> HeaderView:
    name, value = header
    return HeaderView(name=name.decode("latin-1"), value=value.decode("latin-1"))
