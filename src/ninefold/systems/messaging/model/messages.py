"""Messages, and what members add to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from ninefold.systems.messaging.model.files import File

Block: TypeAlias = dict[str, Any]
"""A block of Slack's Block Kit: JSON whose fields depend on its `type`."""


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message to post."""

    text: str
    """As it is stored: mentions are `<@U…>`. With `has_names`, as people write it."""
    blocks: list[Block] | None = None
    client_msg_id: str | None = None
    """Chosen by the client: the same id of the same member is the same message, for all time."""
    thread_sequence: int | None = None
    """The message that it replies to; a reply to a reply belongs to the same thread."""
    is_broadcast: bool = False
    """Whether a reply is also shown in the channel."""
    has_names: bool = False
    """Whether `@name` is a mention."""
    subtype: str | None = None
    is_from_outside: bool = False
    """Whether its author needn't be in the channel, as an app that was asked there."""
    file_ids: list[UUID] = []
    """The files that it shares."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a channel."""

    channel_id: UUID
    sequence: int
    """Its place in the channel's log."""
    ts_us: int
    """Its time in µs since 1970, unique in the channel."""
    member_id: UUID
    client_msg_id: str | None
    text: str
    blocks: list[Block] | None
    thread_sequence: int | None
    """The message that it replies to."""
    is_broadcast: bool
    reply_count: int
    latest_reply_sequence: int | None
    edited_at: datetime | None
    edit_version: int
    """How often it was edited."""
    deleted_at: datetime | None
    """When it was deleted; its text and blocks are gone."""
    subtype: str | None
    app_id: UUID | None
    file_ids: list[UUID] = []
    """The files that it shares."""

    @property
    def is_shown_in_channel(self) -> bool:
        """Whether it is shown in the channel, and not only in its thread."""
        return self.thread_sequence is None or self.is_broadcast


class Posted(NamedTuple):
    """What became of a message that was sent."""

    message: Message
    is_new: bool
    """False if the same send had been committed before."""
    is_visible: bool = True
    """False if the member who has sent it can't see the channel any more."""


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """An emoji on a message, and who has added it, in that order."""

    channel_id: UUID
    sequence: int
    emoji: str
    member_ids: list[UUID]


class Reacted(msgspec.Struct, frozen=True, kw_only=True):
    """That a member has added an emoji to a message."""

    channel_id: UUID
    sequence: int
    at: datetime
    """When it has added the last one."""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is pinned to its channel."""

    channel_id: UUID
    sequence: int
    member_id: UUID
    """Who has pinned it."""
    at: datetime


class MessageDetails(NamedTuple):
    """A message with what members have added."""

    message: Message
    reactions: list[Reaction]
    is_pinned: bool
    files: Sequence[File] = ()
    """Also those that were deleted since."""
