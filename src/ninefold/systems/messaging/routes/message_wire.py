"""The wire types of messages."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import CHANNEL_PREFIX, FILE_PREFIX, MEMBER_PREFIX, MessageDetails, Pin
from ninefold.systems.messaging.routes.file_wire import FileIdText, FileView, show_file
from ninefold.systems.messaging.routes.wire import (
    EXAMPLE_MEMBER_ID,
    ActForMember,
    ChannelIdText,
    MemberIdText,
    SequenceNumber,
)
from ninefold.systems.messaging.rules.limits import (
    BLOCKS_MAX,
    CLIENT_MSG_ID_LENGTH_MAX,
    FILES_OF_MESSAGE_MAX,
    READERS_COUNTED_MAX,
    READERS_SHOWN_MAX,
    TEXT_LENGTH_MAX,
)
from ninefold.systems.messaging.rules.timestamps import format_ts, time_of_ts
from ninefold.systems.messaging.service.presence import Readers
from ninefold.systems.messaging.service.reading import MessageWindow

EDIT_VERSION_MAX: Final = 2**31 - 1

MessageText = Annotated[
    str,
    msgspec.Meta(
        max_length=TEXT_LENGTH_MAX,
        description="`@name` mentions a member, `@here` those who are active, `@channel` everybody in the channel.",
        examples=["Lunch at noon, @ines?"],
    ),
]
ClientMessageId = Annotated[str, msgspec.Meta(min_length=1, max_length=CLIENT_MSG_ID_LENGTH_MAX)]
Blocks = Annotated[
    list[dict[str, Any]],
    msgspec.Meta(max_length=BLOCKS_MAX, description="Slack's Block Kit.", examples=[None]),
]


class PostMessage(ActForMember, frozen=True, kw_only=True):
    """A message to post."""

    text: MessageText
    client_msg_id: Annotated[
        ClientMessageId | None,
        msgspec.Meta(
            description="Chosen by the client: the same id of the same member is the same message, for all time, so "
            "it is safe to send it again.",
            examples=[None],
        ),
    ] = None
    blocks: Blocks | None = None
    thread_sequence: Annotated[
        SequenceNumber | None, msgspec.Meta(description="The message that it replies to.", examples=[None])
    ] = None
    is_broadcast: Annotated[bool, msgspec.Meta(description="Whether a reply is also shown in the channel.")] = False
    file_ids: Annotated[
        list[FileIdText],
        msgspec.Meta(
            max_length=FILES_OF_MESSAGE_MAX,
            description="Files that you have uploaded or can read. Then the text can be empty.",
            examples=[[]],
        ),
    ] = msgspec.field(default_factory=list)


class EditChannelMessage(ActForMember, frozen=True, kw_only=True):
    """The new text of a message."""

    text: MessageText
    blocks: Blocks | None = None
    edit_version: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=EDIT_VERSION_MAX)] | None,
        msgspec.Meta(
            description="The version that you have seen: if it was edited since, this is refused with 409. null "
            "replaces any version.",
            examples=[None],
        ),
    ] = None


class ReactionView(msgspec.Struct, frozen=True, kw_only=True):
    """An emoji on a message."""

    emoji: Annotated[str, msgspec.Meta(examples=["tada"])]
    member_ids: Annotated[list[MemberIdText], msgspec.Meta(description="Who has added it, in that order.")]


class ChannelMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message."""

    channel_id: ChannelIdText
    sequence: Annotated[int, msgspec.Meta(description="Its place in the channel's log.", examples=[12])]
    ts: Annotated[
        str, msgspec.Meta(description="Its time, which is its id in Slack's API.", examples=["1764237600.000200"])
    ]
    at: Timestamp
    member_id: MemberIdText
    client_msg_id: Annotated[str | None, msgspec.Meta(examples=["7c1f2a34-5a0b-4d55-9d0b-0f1e2d3c4b5a"])]
    text: Annotated[
        str,
        msgspec.Meta(
            description="Mentions are `<@U…>`, `<!here>` and `<!channel>`, as Slack has.",
            examples=["Lunch at noon, <@U01H455VB4P>?"],
        ),
    ]
    blocks: list[dict[str, Any]] | None
    thread_sequence: Annotated[int | None, msgspec.Meta(description="The message that it replies to.")]
    is_broadcast: bool
    reply_count: int
    latest_reply_sequence: int | None
    edited_at: Timestamp | None
    edit_version: Annotated[int, msgspec.Meta(description="How often it was edited.")]
    deleted_at: Annotated[
        Timestamp | None, msgspec.Meta(description="When it was deleted; shown only if it has replies.")
    ]
    subtype: Annotated[str | None, msgspec.Meta(examples=[None])]
    reactions: list[ReactionView]
    is_pinned: bool
    files: Annotated[list[FileView], msgspec.Meta(description="Also those that were deleted since.")]


class MessageList(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive messages, oldest first."""

    items: list[ChannelMessageView]
    has_earlier: bool
    has_later: bool


class PinView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is pinned to its channel."""

    sequence: int
    member_id: Annotated[str, msgspec.Meta(description="Who has pinned it.", examples=[EXAMPLE_MEMBER_ID])]
    at: Timestamp


class PinList(msgspec.Struct, frozen=True, kw_only=True):
    """The pins of a channel, latest first."""

    items: list[PinView]
    next_cursor: None = None


class ReadersView(msgspec.Struct, frozen=True, kw_only=True):
    """Who has read a message, without who has written it."""

    count: Annotated[int, msgspec.Meta(description=f"Up to {READERS_COUNTED_MAX:,}.")]
    member_ids: Annotated[list[MemberIdText], msgspec.Meta(description=f"At most {READERS_SHOWN_MAX} of them.")]


class HasChangedView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the request has changed something."""

    has_changed: bool


def show_message(details: MessageDetails) -> ChannelMessageView:
    """Return a message as the API shows it."""
    message = details.message
    return ChannelMessageView(
        channel_id=format_id(CHANNEL_PREFIX, message.channel_id),
        sequence=message.sequence,
        ts=format_ts(message.ts_us),
        at=time_of_ts(message.ts_us),
        member_id=format_id(MEMBER_PREFIX, message.member_id),
        client_msg_id=message.client_msg_id,
        text=message.text,
        blocks=message.blocks,
        thread_sequence=message.thread_sequence,
        is_broadcast=message.is_broadcast,
        reply_count=message.reply_count,
        latest_reply_sequence=message.latest_reply_sequence,
        edited_at=message.edited_at,
        edit_version=message.edit_version,
        deleted_at=message.deleted_at,
        subtype=message.subtype,
        reactions=[
            ReactionView(
                emoji=reaction.emoji,
                member_ids=[format_id(MEMBER_PREFIX, member_id) for member_id in reaction.member_ids],
            )
            for reaction in details.reactions
        ],
        is_pinned=details.is_pinned,
        files=[show_file(each) for each in details.files],
    )


def show_window(window: MessageWindow, details: list[MessageDetails]) -> MessageList:
    """Return consecutive messages as the API lists them."""
    return MessageList(
        items=[show_message(each) for each in details],
        has_earlier=window.has_earlier,
        has_later=window.has_later,
    )


def show_readers(readers: Readers) -> ReadersView:
    """Return who has read a message as the API shows it."""
    return ReadersView(
        count=readers.total, member_ids=[format_id(MEMBER_PREFIX, member_id) for member_id in readers.member_ids]
    )


def read_file_ids(texts: list[str]) -> list[UUID]:
    """Return the ids of files in a body.

    Raises:
        InvalidInputError: one isn't an id of a file.
    """
    return [parse_body_id(FILE_PREFIX, text, field=f"file_ids[{index}]") for index, text in enumerate(texts)]


def show_pin(pin: Pin) -> PinView:
    """Return a pin as the API shows it."""
    return PinView(sequence=pin.sequence, member_id=format_id(MEMBER_PREFIX, pin.member_id), at=pin.at)
