"""Channels, and who is in them."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

CHANNEL_PREFIX: Final = "chan"

ChannelKind: TypeAlias = Literal["public", "private", "direct", "group"]
"""`direct` is a conversation of two members, or of one with itself, and `group` one of three or more."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where members write, in one order."""

    channel_id: UUID
    organisation_id: UUID
    slack_id: str
    """The id in Slack's API: `C…` of a public channel, `G…` of a private one or a group, `D…` of a direct one."""
    kind: ChannelKind
    name: str | None
    """None for direct and group conversations."""
    topic: str
    purpose: str
    is_general: bool
    """Whether it is the channel that everybody is in."""
    direct_key: str | None
    """The ids of the members of a direct or group conversation, sorted."""
    creator_id: UUID | None
    created_at: datetime
    archived_at: datetime | None
    last_sequence: int
    """The last entry of its log; 0 without one."""
    last_ts_us: int
    """The time of its last message, in µs since 1970; 0 without one."""

    @property
    def is_conversation(self) -> bool:
        """Whether it belongs to the same members for all time."""
        return self.kind in ("direct", "group")


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """That a member is or was in a channel, and how far it has read."""

    channel_id: UUID
    member_id: UUID
    joined_at: datetime
    joined_sequence: int
    left_at: datetime | None
    read_sequence: int
    """The highest sequence that any device of the member has read."""
    is_muted: bool


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read of a channel."""

    channel_id: UUID
    last_sequence: int
    read_sequence: int
    is_muted: bool
    unread: int
    """Messages of others in the channel, without replies that are only in a thread; up to `UNREAD_SHOWN_MAX`."""
    mentions: int
    """Messages that mention the member, replies included; up to `UNREAD_SHOWN_MAX`."""
