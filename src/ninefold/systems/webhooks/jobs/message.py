"""What the deliveries of one event share: the message, and the number of first attempts that remain."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold import __version__
from ninefold.core.ids import format_id
from ninefold.systems.webhooks.model import EVENT_PREFIX

USER_AGENT: Final = f"Ninefold/{__version__}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The content that every delivery of an event sends."""

    event_id: UUID
    webhook_id: bytes
    common_head: bytes
    """The header fields that don't depend on the attempt."""

    payload: bytes


def make_message(event_id: UUID, *, event_type: str, payload: bytes) -> Message:
    """Prepare the content that every delivery of an event sends."""
    webhook_id = format_id(EVENT_PREFIX, event_id).encode("ascii")
    return Message(
        event_id=event_id,
        webhook_id=webhook_id,
        common_head=(
            b"content-type: application/json\r\nuser-agent: %b\r\nwebhook-id: %b\r\nx-webhook-id: %b\r\n"
            b"x-webhook-event-type: %b\r\n"
            % (USER_AGENT.encode("ascii"), webhook_id, webhook_id, event_type.encode("ascii"))
        ),
        payload=payload,
    )


class FanOut:
    """Counts the first attempts of an event that have no outcome yet. When none remains, the event is finished."""

    __slots__ = ("remaining",)

    def __init__(self, remaining: int) -> None:
        self.remaining = remaining
