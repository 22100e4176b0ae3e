"""What a verified callback becomes: an event of its organisation, or the same request to another URL."""

from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import EventToPublish, ForwardedRequest
from ninefold.core.ids import format_id
from ninefold.systems.callbacks.model import SOURCE_PREFIX, Source, WaitingCallback
from ninefold.systems.callbacks.rules.event_content import event_payload, event_type_of


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A callback to pass on."""

    callback_id: UUID
    organisation_id: UUID
    source: Source
    content: EventToPublish | ForwardedRequest


def outgoing_of(
    callback: WaitingCallback,
    *,
    source: Source,
    event_type: str | None,
    provider_event_id: str | None,
    is_replay: bool = False,
) -> Outgoing:
    """Return what to pass on of a verified callback.

    Args:
        callback: as it was received.
        source: its source, which says whether it is forwarded.
        event_type: its type in the provider's words.
        provider_event_id: the provider's id.
        is_replay: whether it was passed on before. A forwarded request doesn't say so, because it is unchanged.
    """
    content: EventToPublish | ForwardedRequest
    if source.forward_url is None:
        payload = event_payload(
            callback, source=source, event_type=event_type, provider_event_id=provider_event_id, is_replay=is_replay
        )
        content = EventToPublish(event_type=event_type_of(source.provider, event_type), payload=payload)
    else:
        content = ForwardedRequest(headers=callback.headers, body=callback.body)
    return Outgoing(
        callback_id=callback.callback_id, organisation_id=callback.organisation_id, source=source, content=content
    )


def route_of(source_id: UUID) -> str:
    """Return the route by which the callbacks of a source are forwarded."""
    return f"callbacks.{format_id(SOURCE_PREFIX, source_id)}"
