"""The HTTP routes for channels: who is in them, and what they are called."""

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.model import MEMBER_PREFIX
from ninefold.systems.messaging.routes.channel_wire import (
    ChannelChangedView,
    ChannelEventList,
    ChannelView,
    CreateChannel,
    InvitedView,
    InviteMembers,
    KickMember,
    OpenConversation,
    UpdateChannel,
    read_member_ids,
    show_channel,
    show_event,
)
from ninefold.systems.messaging.routes.finding import find_members, find_to_act, find_to_read
from ninefold.systems.messaging.routes.member_wire import MessagingMemberView, show_member
from ninefold.systems.messaging.routes.wire import (
    ACTS,
    READS,
    TAGS,
    ActForMember,
    ChannelId,
    SequenceInQuery,
    also_answers,
)
from ninefold.systems.messaging.service import channels as service
from ninefold.systems.messaging.service import reading
from ninefold.systems.messaging.service.members import find_own_member, get_acting_member, list_channel_members

_CHANNELS: Final = "/api/v1/messaging/channels"
_CHANNEL: Final = f"{_CHANNELS}/{{channel_id:str}}"
_CREATED: Final = 201
_FOUND: Final = 200

EVENT_LIMIT_DEFAULT: Final = 100
EVENT_LIMIT_MAX: Final = 1_000
EventLimit = Annotated[int, QueryParameter(ge=1, le=EVENT_LIMIT_MAX, description="How many at most.")]

_channel_list = PagedList("messaging_channels", UUID)
_member_list = PagedList("messaging_channel_members", UUID)


@post(_CHANNELS, tags=TAGS, status_code=201, opt=ACTS, responses=problem_responses(404, 409))
async def create_channel(
    data: FromBody[CreateChannel],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelView:
    """Create a channel.

    Its creator is in it.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=data.acting_id)
    channel = await service.create_channel(
        database,
        notifier,
        creator=member,
        name=data.name,
        is_private=data.is_private,
        topic=data.topic,
        purpose=data.purpose,
    )
    return show_channel(channel)


@get(_CHANNELS, tags=TAGS, opt=READS)
async def list_channels(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    is_in: Annotated[bool, QueryParameter(description="Only those that you are in.")] = False,
    has_archived: Annotated[bool, QueryParameter(description="Also archived ones.")] = False,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ChannelView]:
    """List channels.

    Oldest first: public ones, and those that you are in. An API key sees all of the organisation.
    """
    query = _channel_list.query(cursor, limit)
    async with database.transaction() as connection:
        found = await service.list_channels(
            connection,
            organisation_id=principal.organisation_id,
            member=await find_own_member(connection, principal),
            is_in=is_in,
            has_archived=has_archived,
            after=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.channel_id, show=show_channel)


@get(_CHANNEL, tags=TAGS, opt=READS)
async def get_channel(
    channel_id: FromPath[ChannelId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> ChannelView:
    """Show a channel."""
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
    return show_channel(channel)


@patch(_CHANNEL, tags=TAGS, opt=ACTS, responses=problem_responses(403, 409))
async def update_channel(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[UpdateChannel],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelView:
    """Change a channel.

    Its name, its topic or its purpose.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    changed = await service.change_channel(
        database,
        notifier,
        channel=channel,
        member=member,
        name=data.name,
        topic=data.topic,
        purpose=data.purpose,
    )
    return show_channel(changed)


@post(f"{_CHANNEL}/join", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(409))
async def join_channel(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelChangedView:
    """Join a public channel."""
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    return ChannelChangedView(
        has_changed=await service.join_channel(database, notifier, channel=channel, member=member)
    )


@post(f"{_CHANNEL}/leave", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(409))
async def leave_channel(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelChangedView:
    """Leave a channel.

    Not `general`, and no conversation.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    return ChannelChangedView(
        has_changed=await service.leave_channel(database, notifier, channel=channel, member=member)
    )


@post(f"{_CHANNEL}/invite", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403, 409))
async def invite_members(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[InviteMembers],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> InvitedView:
    """Add members to a channel.

    Returns those who are new there.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
        members = await find_members(connection, principal, read_member_ids(data.member_ids))
    added = await service.invite_members(database, notifier, channel=channel, inviter=member, members=members)
    return InvitedView(member_ids=[format_id(MEMBER_PREFIX, each.member_id) for each in added])


@post(f"{_CHANNEL}/kick", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403, 409))
async def kick_member(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[KickMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelChangedView:
    """Take a member out of a channel.

    Not out of `general`, nor out of a conversation.
    """
    kicked_id = parse_body_id(MEMBER_PREFIX, data.kicked_member_id, field="kicked_member_id")
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
        (kicked,) = await find_members(connection, principal, [kicked_id])
    return ChannelChangedView(
        has_changed=await service.kick_member(database, notifier, channel=channel, remover=member, member=kicked)
    )


@post(f"{_CHANNEL}/archive", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403, 409))
async def archive_channel(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelView:
    """Archive a channel.

    It can still be read, and nothing in it can change.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    changed = await service.set_archived(database, notifier, channel=channel, member=member, is_archived=True)
    return show_channel(changed)


@post(f"{_CHANNEL}/unarchive", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403, 409))
async def unarchive_channel(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChannelView:
    """Unarchive a channel."""
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    changed = await service.set_archived(database, notifier, channel=channel, member=member, is_archived=False)
    return show_channel(changed)


@get(f"{_CHANNEL}/members", tags=TAGS, opt=READS)
async def list_members_of_channel(
    *,
    channel_id: FromPath[ChannelId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[MessagingMemberView]:
    """List the members of a channel.

    Oldest first.
    """
    query = _member_list.query(cursor, limit)
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        found = await list_channel_members(
            connection, channel_id=channel.channel_id, after=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.member_id, show=show_member)


@get(f"{_CHANNEL}/events", tags=TAGS, opt=READS)
async def list_channel_events(
    *,
    channel_id: FromPath[ChannelId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    after: SequenceInQuery = 0,
    limit: EventLimit = EVENT_LIMIT_DEFAULT,
) -> ChannelEventList:
    """List the log of a channel.

    The first entries after a sequence: what its live channel has.
    """
    async with database.transaction() as connection:
        channel, _ = await find_to_read(connection, principal, channel_id)
        found = await reading.list_events(connection, channel, after=after, limit=limit)
    return ChannelEventList(items=[show_event(each) for each in found], last_sequence=channel.last_sequence)


@post(
    "/api/v1/messaging/direct",
    tags=TAGS,
    status_code=200,
    opt=ACTS,
    responses=problem_responses(404, 409) | also_answers(_CREATED, ChannelView, "It is new."),
)
async def open_conversation(
    data: FromBody[OpenConversation],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> Response[ChannelView]:
    """Open a direct or group conversation.

    The same members always have the same one: 201 if it is new, 200 if not.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=data.acting_id)
        others = await find_members(connection, principal, read_member_ids(data.member_ids))
    channel, is_new = await service.open_conversation(database, notifier, opener=member, others=others)
    return Response(show_channel(channel), status_code=_CREATED if is_new else _FOUND)


CHANNEL_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_channel,
    list_channels,
    get_channel,
    update_channel,
    join_channel,
    leave_channel,
    invite_members,
    kick_member,
    archive_channel,
    unarchive_channel,
    list_members_of_channel,
    list_channel_events,
    open_conversation,
]
