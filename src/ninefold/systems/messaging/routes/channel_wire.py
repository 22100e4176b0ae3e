"""The wire types of channels, and of what is unread in them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import (
    CHANNEL_PREFIX,
    MEMBER_PREFIX,
    Channel,
    ChannelEvent,
    ChannelKind,
    EventType,
    Membership,
    Unread,
)
from ninefold.systems.messaging.routes.wire import (
    EXAMPLE_CHANNEL_ID,
    ActForMember,
    ChannelIdText,
    MemberIdText,
    SequenceNumber,
)
from ninefold.systems.messaging.rules.limits import GROUP_MEMBERS_MAX, TOPIC_LENGTH_MAX, UNREAD_SHOWN_MAX
from ninefold.systems.messaging.service.notifying import channel_feed

INVITED_MAX = 100

ChannelNameText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=80,
        description="Lower-case letters without accents, digits, `_` and `-`; unique.",
        examples=["plans"],
    ),
]
TopicText = Annotated[str, msgspec.Meta(max_length=TOPIC_LENGTH_MAX)]


class CreateChannel(ActForMember, frozen=True, kw_only=True):
    """A channel to create."""

    name: ChannelNameText
    is_private: Annotated[bool, msgspec.Meta(description="Whether only those who are in it can see it.")] = False
    topic: TopicText = ""
    purpose: TopicText = ""


class UpdateChannel(ActForMember, frozen=True, kw_only=True):
    """What to change of a channel; null keeps a value."""

    name: ChannelNameText | None = None
    topic: TopicText | None = None
    purpose: TopicText | None = None


class OpenConversation(ActForMember, frozen=True, kw_only=True):
    """With whom to talk."""

    member_ids: Annotated[
        list[MemberIdText],
        msgspec.Meta(
            min_length=0,
            max_length=GROUP_MEMBERS_MAX,
            description="The other members; none for a conversation with yourself.",
            examples=[[]],
        ),
    ]


class InviteMembers(ActForMember, frozen=True, kw_only=True):
    """Whom to add to a channel."""

    member_ids: Annotated[list[MemberIdText], msgspec.Meta(min_length=0, max_length=INVITED_MAX, examples=[[]])]


class KickMember(ActForMember, frozen=True, kw_only=True):
    """Whom to take out of a channel."""

    kicked_member_id: MemberIdText


class MarkRead(ActForMember, frozen=True, kw_only=True):
    """How far the member has read."""

    sequence: SequenceNumber


class UpdateMembership(ActForMember, frozen=True, kw_only=True):
    """How a member wants to be in a channel."""

    is_muted: Annotated[bool, msgspec.Meta(description="Whether its devices shouldn't notify of what is new there.")]


class MembershipView(msgspec.Struct, frozen=True, kw_only=True):
    """How a member is in a channel."""

    channel_id: ChannelIdText
    member_id: MemberIdText
    joined_at: Timestamp
    read_sequence: int
    is_muted: bool


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel."""

    channel_id: ChannelIdText
    slack_id: Annotated[str, msgspec.Meta(description="Its id in Slack's API.", examples=["C01H455VB4P"])]
    kind: ChannelKind
    name: Annotated[
        str | None, msgspec.Meta(description="null for direct and group conversations.", examples=["releases"])
    ]
    topic: Annotated[str, msgspec.Meta(examples=["Version 12"])]
    purpose: Annotated[str, msgspec.Meta(examples=["What goes out, and when."])]
    is_general: Annotated[bool, msgspec.Meta(description="Whether it is the channel that everybody is in.")]
    member_ids: Annotated[
        list[MemberIdText] | None,
        msgspec.Meta(description="Who is in a direct or group conversation; null for other channels."),
    ]
    creator_id: MemberIdText | None
    created_at: Timestamp
    archived_at: Timestamp | None
    last_sequence: Annotated[int, msgspec.Meta(description="The last entry of its log.")]
    live_channel: Annotated[
        str,
        msgspec.Meta(description="The live channel of its log.", examples=[f"messaging.channel:{EXAMPLE_CHANNEL_ID}"]),
    ]


class ChannelChangedView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change of who is in a channel."""

    has_changed: bool


class InvitedView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is new in a channel."""

    member_ids: list[MemberIdText]


class UnreadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read of a channel."""

    channel_id: ChannelIdText
    last_sequence: int
    read_sequence: Annotated[int, msgspec.Meta(description="How far the member has read, on any of its devices.")]
    is_muted: bool
    unread: Annotated[
        int,
        msgspec.Meta(
            description="Messages of others after that, without replies that are only in a thread; up to "
            f"{UNREAD_SHOWN_MAX:,}."
        ),
    ]
    mentions: Annotated[
        int, msgspec.Meta(description=f"Messages after that that mention the member; up to {UNREAD_SHOWN_MAX:,}.")
    ]


class UnreadList(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read, for each channel that it is in."""

    items: list[UnreadView]
    next_cursor: None = None


class ChannelEventView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a channel's log, as its live channel has it."""

    sequence: Annotated[int, msgspec.Meta(description="From 1 on, without gaps.")]
    type: EventType
    at: Timestamp
    member_id: Annotated[MemberIdText | None, msgspec.Meta(description="Who did it.")]
    message_sequence: Annotated[int | None, msgspec.Meta(description="The message that it is about.")]
    data: Annotated[dict[str, Any], msgspec.Meta(description="What else there is to say, by type.")]


class ChannelEventList(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive entries of a channel's log."""

    items: list[ChannelEventView]
    last_sequence: Annotated[int, msgspec.Meta(description="The last entry that there is.")]


def show_event(event: ChannelEvent) -> ChannelEventView:
    """Return an entry of a log as the API shows it."""
    return ChannelEventView(
        sequence=event.sequence,
        type=event.type,
        at=event.at,
        member_id=None if event.member_id is None else format_id(MEMBER_PREFIX, event.member_id),
        message_sequence=event.message_sequence,
        data=event.payload,
    )


def show_membership(membership: Membership) -> MembershipView:
    """Return how a member is in a channel as the API shows it."""
    return MembershipView(
        channel_id=format_id(CHANNEL_PREFIX, membership.channel_id),
        member_id=format_id(MEMBER_PREFIX, membership.member_id),
        joined_at=membership.joined_at,
        read_sequence=membership.read_sequence,
        is_muted=membership.is_muted,
    )


def show_channel(channel: Channel) -> ChannelView:
    """Return a channel as the API shows it."""
    member_ids = None
    if channel.direct_key is not None:
        member_ids = [format_id(MEMBER_PREFIX, UUID(text)) for text in channel.direct_key.split(",")]
    return ChannelView(
        channel_id=format_id(CHANNEL_PREFIX, channel.channel_id),
        slack_id=channel.slack_id,
        kind=channel.kind,
        name=channel.name,
        topic=channel.topic,
        purpose=channel.purpose,
        is_general=channel.is_general,
        member_ids=member_ids,
        creator_id=None if channel.creator_id is None else format_id(MEMBER_PREFIX, channel.creator_id),
        created_at=channel.created_at,
        archived_at=channel.archived_at,
        last_sequence=channel.last_sequence,
        live_channel=channel_feed(channel.channel_id),
    )


def show_unread(unread: Unread) -> UnreadView:
    """Return what is unread as the API shows it."""
    return UnreadView(
        channel_id=format_id(CHANNEL_PREFIX, unread.channel_id),
        last_sequence=unread.last_sequence,
        read_sequence=unread.read_sequence,
        is_muted=unread.is_muted,
        unread=unread.unread,
        mentions=unread.mentions,
    )


def read_member_ids(texts: list[str]) -> list[UUID]:
    """Return the ids of members in a body.

    Raises:
        InvalidInputError: one isn't an id of a member.
    """
    return [parse_body_id(MEMBER_PREFIX, text, field=f"member_ids[{index}]") for index, text in enumerate(texts)]
