"""What the deliveries of one event share: the message, and the number of first attempts that remain."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold import __version__
from ninefold.contracts.webhooks import ForwardSignature
from ninefold.core.ids import format_id
from ninefold.systems.webhooks.model import EVENT_PREFIX, STANDARD, Retention
from ninefold.systems.webhooks.rules.event_types import is_private
from ninefold.systems.webhooks.rules.forwarding import read_forwarded

USER_AGENT: Final = f"Ninefold/{__version__}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The content that every delivery of an event sends."""

    event_id: UUID
    event_type: str
    webhook_id: bytes
    common_head: bytes
    """The header fields that don't depend on the attempt."""

    payload: bytes
    """The body that is signed and sent."""

    stored_bytes: int
    """The size of the event's payload. It differs from that of the body if the event is a forwarded request."""

    tier: int
    """The number of the event's tier."""

    signature: ForwardSignature = "standard"
    """How each attempt is signed."""

    retention: int = Retention.STANDARD
    """How long the event and its deliveries are kept; see `Retention`."""


def make_message(
    event_id: UUID,
    *,
    event_type: str,
    payload: bytes,
    tier: int = STANDARD,
    retention: int = Retention.STANDARD,
) -> Message:
    """Prepare the content that every delivery of an event sends."""
    webhook_id = format_id(EVENT_PREFIX, event_id).encode("ascii")
    if is_private(event_type):
        forwarded = read_forwarded(payload)
        return Message(
            event_id=event_id,
            event_type=event_type,
            webhook_id=webhook_id,
            common_head=b"%bwebhook-id: %b\r\n" % (forwarded.head, webhook_id),
            payload=forwarded.body,
            stored_bytes=len(payload),
            tier=tier,
            signature=forwarded.signature,
            retention=retention,
        )
    return Message(
        event_id=event_id,
        event_type=event_type,
        webhook_id=webhook_id,
        common_head=(
            b"content-type: application/json\r\nuser-agent: %b\r\nwebhook-id: %b\r\nx-webhook-id: %b\r\n"
            b"x-webhook-event-type: %b\r\n"
            % (USER_AGENT.encode("ascii"), webhook_id, webhook_id, event_type.encode("ascii"))
        ),
        payload=payload,
        stored_bytes=len(payload),
        tier=tier,
        retention=retention,
    )


class FanOut:
    """Counts the first attempts of an event that have no outcome yet. When none remains, the event is finished."""

    __slots__ = ("remaining",)

    def __init__(self, remaining: int) -> None:
        self.remaining = remaining
