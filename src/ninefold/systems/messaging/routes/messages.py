"""The HTTP routes for messages, reactions and pins."""

from typing import Annotated, Final

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_MAX
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.model import NewMessage
from ninefold.systems.messaging.routes.finding import find_to_act, find_to_read, find_to_send, open_to_find
from ninefold.systems.messaging.routes.message_wire import (
    ChannelMessageView,
    EditChannelMessage,
    HasChangedView,
    MessageList,
    PinList,
    PostMessage,
    ReadersView,
    read_file_ids,
    show_message,
    show_pin,
    show_readers,
    show_window,
)
from ninefold.systems.messaging.routes.wire import (
    ACTS,
    READS,
    SEQUENCE_MAX,
    TAGS,
    ActForMember,
    ChannelId,
    MemberId,
    SequenceInPath,
    SequenceInQuery,
    also_answers,
)
from ninefold.systems.messaging.service import pins, presence, reactions, reading, sending

BODY_SIZE_MAX: Final = 1024 * 1024
"""Bytes: 40,000 characters can be 240,000 in JSON, and blocks are larger than what they show."""

WINDOW_LIMIT_DEFAULT: Final = 50

_CHANNEL: Final = "/api/v1/messaging/channels/{channel_id:str}"
_MESSAGES: Final = f"{_CHANNEL}/messages"
_MESSAGE: Final = f"{_MESSAGES}/{{sequence:int}}"
_CREATED: Final = 201
_KNOWN: Final = 200

Before = Annotated[
    int, QueryParameter(ge=0, le=SEQUENCE_MAX, description="Only messages before this sequence; 0 for the latest ones.")
]
After = Annotated[
    int, QueryParameter(ge=-1, le=SEQUENCE_MAX, description="Only messages after this sequence; -1 isn't a limit.")
]
Around = Annotated[
    int, QueryParameter(ge=0, le=SEQUENCE_MAX, description="Messages on both sides of this sequence; 0 for none.")
]
WindowLimit = Annotated[
    int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX, description="The maximum number of messages to return.")
]


@post(
    _MESSAGES,
    tags=TAGS,
    status_code=201,
    opt=ACTS,
    request_max_body_size=BODY_SIZE_MAX,
    responses=problem_responses(403, 409) | also_answers(_KNOWN, ChannelMessageView, "It had been posted before."),
)
async def post_channel_message(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[PostMessage],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> Response[ChannelMessageView]:
    """Post a message.

    201 if it is new. If the member has sent the same `client_msg_id` before, nothing happens, and the answer is that
    message, with 200.
    """
    async with open_to_find(database, principal) as connection:
        channel, member = await find_to_send(
            connection,
            principal,
            channel_id=channel_id,
            member_id=data.acting_id,
            client_msg_id=data.client_msg_id,
        )
    posted = await sending.post_message(
        database,
        notifier,
        channel=channel,
        member=member,
        message=NewMessage(
            text=data.text,
            blocks=data.blocks,
            client_msg_id=data.client_msg_id,
            thread_sequence=data.thread_sequence,
            is_broadcast=data.is_broadcast,
            has_names=True,
            file_ids=read_file_ids(data.file_ids),
        ),
    )
    details = await reading.get_posted_details(database, channel, posted)
    return Response(show_message(details), status_code=_CREATED if posted.is_new else _KNOWN)


@get(_MESSAGES, tags=TAGS, opt=READS)
async def list_channel_messages(
    *,
    channel_id: FromPath[ChannelId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    before: Before = 0,
    after: After = -1,
    around: Around = 0,
    limit: WindowLimit = WINDOW_LIMIT_DEFAULT,
) -> MessageList:
    """List messages of a channel.

    Oldest first: the latest ones, or the last ones before a sequence, the first ones after it, or those around it.
    Replies that are only in a thread aren't listed.
    """
    if (before > 0) + (after >= 0) + (around > 0) > 1:
        raise InvalidInputError("Only one of before, after and around is possible.", remedy="Leave out the others.")
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        if after >= 0:
            window = await reading.list_after(connection, channel, after=after, limit=limit)
        elif around > 0:
            window = await reading.list_around(connection, channel, around=around, limit=limit)
        else:
            window = await reading.list_before(connection, channel, before=before or None, limit=limit)
        details = await reading.add_details(connection, channel, window.messages)
    return show_window(window, details)


@get(_MESSAGE, tags=TAGS, opt=READS)
async def get_channel_message(
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> ChannelMessageView:
    """Show a message."""
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        message = await sending.get_message(connection, channel, sequence)
        (details,) = await reading.add_details(connection, channel, [message])
    return show_message(details)


@get(f"{_MESSAGE}/readers", tags=TAGS, opt=READS)
async def list_readers(
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> ReadersView:
    """Show who has read a message.

    Those who are in the channel and have read it up to there or further, without who has written it.
    """
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        message = await sending.get_message(connection, channel, sequence)
        readers = await presence.list_readers(connection, channel, message)
    return show_readers(readers)


@get(f"{_MESSAGE}/replies", tags=TAGS, opt=READS)
async def list_replies(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    after: SequenceInQuery = 0,
    limit: WindowLimit = WINDOW_LIMIT_DEFAULT,
) -> MessageList:
    """List the replies to a message.

    Oldest first: the first ones, or those after a sequence.
    """
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        window = await reading.list_replies(connection, channel, thread_sequence=sequence, after=after, limit=limit)
        details = await reading.add_details(connection, channel, window.messages)
    return show_window(window, details)


@patch(_MESSAGE, tags=TAGS, opt=ACTS, request_max_body_size=BODY_SIZE_MAX, responses=problem_responses(403, 409))
async def edit_channel_message(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    data: FromBody[EditChannelMessage],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelMessageView:
    """Edit a message.

    Only your own. With an `edit_version` that isn't the current one, nothing happens, and the answer is 409.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    message = await sending.edit_message(
        database,
        notifier,
        channel=channel,
        member=member,
        sequence=sequence,
        text=data.text,
        blocks=data.blocks,
        edit_version=data.edit_version,
        has_names=True,
    )
    async with database.snapshot() as connection:
        (details,) = await reading.add_details(connection, channel, [message])
    return show_message(details)


@delete(_MESSAGE, tags=TAGS, opt=ACTS, responses=problem_responses(403, 409))
async def delete_channel_message(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Delete a message.

    Only your own; an API key deletes those of all members. Its text is removed everywhere. This can't be undone.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_read(connection, principal, channel_id)
    await sending.delete_message(database, notifier, channel=channel, member=member, sequence=sequence)


@put(f"{_MESSAGE}/reactions/{{emoji:str}}", tags=TAGS, opt=ACTS, responses=problem_responses(403, 409, 422))
async def add_reaction(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    emoji: FromPath[str],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> HasChangedView:
    """Add an emoji to a message.

    By its name, such as `tada`.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    return HasChangedView(
        has_changed=await reactions.add_reaction(
            database, notifier, channel=channel, member=member, sequence=sequence, emoji=emoji
        )
    )


@delete(
    f"{_MESSAGE}/reactions/{{emoji:str}}",
    tags=TAGS,
    status_code=200,
    opt=ACTS,
    responses=problem_responses(403, 409, 422),
)
async def remove_reaction(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    emoji: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    member_id: FromQuery[MemberId | None] = None,
) -> HasChangedView:
    """Remove an emoji that you have added.

    An API key names the member: `member_id`.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=member_id)
    return HasChangedView(
        has_changed=await reactions.remove_reaction(
            database, notifier, channel=channel, member=member, sequence=sequence, emoji=emoji
        )
    )


@put(f"{_MESSAGE}/pin", tags=TAGS, opt=ACTS, responses=problem_responses(403, 409))
async def pin_channel_message(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> HasChangedView:
    """Pin a message to its channel."""
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    return HasChangedView(
        has_changed=await pins.pin_message(database, notifier, channel=channel, member=member, sequence=sequence)
    )


@delete(f"{_MESSAGE}/pin", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403, 409, 422))
async def unpin_channel_message(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> HasChangedView:
    """Unpin a message.

    Only in a channel that you are in; an API key unpins in all.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_read(connection, principal, channel_id)
    return HasChangedView(
        has_changed=await pins.unpin_message(database, notifier, channel=channel, member=member, sequence=sequence)
    )


@get(f"{_CHANNEL}/pins", tags=TAGS, opt=READS)
async def list_pins(
    channel_id: FromPath[ChannelId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PinList:
    """List the pins of a channel.

    Latest first, at most 100.
    """
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        found = await pins.list_pins(connection, channel)
    return PinList(items=[show_pin(each) for each in found])


MESSAGE_ROUTES: Final[list[HTTPRouteHandler]] = [
    post_channel_message,
    list_channel_messages,
    get_channel_message,
    list_readers,
    list_replies,
    edit_channel_message,
    delete_channel_message,
    add_reaction,
    remove_reaction,
    pin_channel_message,
    unpin_channel_message,
    list_pins,
]
