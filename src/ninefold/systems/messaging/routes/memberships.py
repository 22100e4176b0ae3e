"""The HTTP routes for how a member is in its channels: what it hasn't read, and which it has muted."""

from typing import Final

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.routes.channel_wire import (
    MarkRead,
    MembershipView,
    UnreadList,
    UnreadView,
    UpdateMembership,
    show_membership,
    show_unread,
)
from ninefold.systems.messaging.routes.finding import find_to_act
from ninefold.systems.messaging.routes.wire import ACTS, READS, TAGS, ChannelId, MemberId
from ninefold.systems.messaging.service import reading
from ninefold.systems.messaging.service.members import get_acting_member

_CHANNEL: Final = "/api/v1/messaging/channels/{channel_id:str}"


@post(f"{_CHANNEL}/read", tags=TAGS, status_code=200, opt=ACTS, responses=problem_responses(403))
async def mark_read(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[MarkRead],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> UnreadView:
    """Note how far you have read a channel.

    The furthest of all your devices counts, so an earlier sequence changes nothing. Returns what is still unread.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    unread = await reading.mark_read(database, notifier, channel=channel, member=member, sequence=data.sequence)
    return show_unread(unread)


@patch(f"{_CHANNEL}/membership", tags=TAGS, opt=ACTS, responses=problem_responses(403))
async def update_membership(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[UpdateMembership],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> MembershipView:
    """Mute a channel, or not any more."""
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
    changed = await reading.set_muted(database, notifier, channel=channel, member=member, is_muted=data.is_muted)
    return show_membership(changed)


@get("/api/v1/messaging/unread", tags=TAGS, opt=READS, responses=problem_responses(404, 422))
async def list_unread(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    member_id: FromQuery[MemberId | None] = None,
) -> UnreadList:
    """Count what you haven't read.

    For each channel that you are in. An API key names the member: `member_id`.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=member_id)
        found = await reading.count_unread(connection, member)
    return UnreadList(items=[show_unread(each) for each in found])


MEMBERSHIP_ROUTES: Final[list[HTTPRouteHandler]] = [mark_read, update_membership, list_unread]
