"""The log of a channel."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.messaging.model.members import MEMBER_PREFIX

EventType: TypeAlias = Literal[
    "message",
    "message_edited",
    "message_deleted",
    "reaction_added",
    "reaction_removed",
    "pin_added",
    "pin_removed",
    "member_joined",
    "member_left",
    "channel_renamed",
    "channel_topic",
    "channel_purpose",
    "channel_archived",
    "channel_unarchived",
    "file_deleted",
]


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a channel's log."""

    channel_id: UUID
    sequence: int
    """From 1 on, without gaps."""
    type: EventType
    at: datetime
    member_id: UUID | None
    """Who did it; None for the installation itself."""
    message_sequence: int | None
    """The message that it is about; None for a new message, which has the sequence of its entry."""
    payload: dict[str, Any]
    """What else there is to say: JSON, by type."""

    def encode(self) -> bytes:
        """Return the entry as clients get it."""
        return msgspec.json.encode(
            {
                "sequence": self.sequence,
                "type": self.type,
                "at": self.at,
                "member_id": None if self.member_id is None else format_id(MEMBER_PREFIX, self.member_id),
                "message_sequence": self.message_sequence,
                **self.payload,
            }
        )
