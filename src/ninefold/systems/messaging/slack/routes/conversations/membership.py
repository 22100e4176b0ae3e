"""`conversations.{members,join,leave,invite,kick}`: who is in a channel."""

from typing import Any, Final
from uuid import UUID

from litestar.types import ControllerRouterHandler

from ninefold.core.web.pagination import PagedList
from ninefold.systems.messaging.model import Channel, Member
from ninefold.systems.messaging.service.channels import (
    invite_members,
    join_channel,
    kick_member,
    leave_channel,
    list_memberships,
)
from ninefold.systems.messaging.service.members import list_channel_members, list_members_by_slack_ids
from ninefold.systems.messaging.slack.arguments import read_limit, split_list
from ninefold.systems.messaging.slack.calls import Answer, Call, Caller, OneChannel, Server, slack_method
from ninefold.systems.messaging.slack.channel_objects import show_channel
from ninefold.systems.messaging.slack.errors import SlackError

MEMBERS_MAX: Final = 1_000
MEMBERS_DEFAULT: Final = 100
INVITED_MAX: Final = 100

_members = PagedList("slack_channel_members", UUID)


class ListMembers(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.members`."""

    cursor: str | None = None
    limit: int | None = None


class Invite(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.invite`."""

    users: tuple[str, ...] = ()
    force: bool = False


class Kick(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.kick`."""

    user: str | None = None


def membership_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "conversations.members", ListMembers, list_present),
        slack_method(server, "conversations.join", OneChannel, join),
        slack_method(server, "conversations.leave", OneChannel, leave),
        slack_method(server, "conversations.invite", Invite, invite),
        slack_method(server, "conversations.kick", Kick, kick),
    ]


async def list_present(call: Call, given: ListMembers) -> Answer:
    """List the ids of the members of a channel."""
    limit = read_limit(given.limit, default=MEMBERS_DEFAULT, limit_max=MEMBERS_MAX)
    query = _members.query(given.cursor, limit)
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        found = await list_channel_members(
            caller.connection, channel_id=channel.channel_id, after=query.position, limit=query.rows_max
        )
    page = query.page(found, position_of=lambda each: each.member_id, show=lambda each: each.slack_id)
    return {"members": page.items, "response_metadata": {"next_cursor": page.next_cursor or ""}}


async def join(call: Call, given: OneChannel) -> Answer:
    """Join a public channel."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
    is_new = await join_channel(call.database, call.notifier, channel=channel, member=caller.member)
    answer = {"channel": await _show(call, caller, channel)}
    if is_new:
        return answer
    return {**answer, "warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}


async def leave(call: Call, given: OneChannel) -> Answer:
    """Leave a channel."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
    was_in = await leave_channel(call.database, call.notifier, channel=channel, member=caller.member)
    return {} if was_in else {"not_in_channel": True}


async def invite(call: Call, given: Invite) -> Answer:
    """Add members to a channel; with `force`, those who can be added, although others can't."""
    users = split_list(given.users)
    if not users:
        raise SlackError("no_user", "Say whom to invite: `users`.")
    if len(users) > INVITED_MAX:
        raise SlackError("too_many_users", f"Invite at most {INVITED_MAX} members at once.")
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        members, refusals = await _sort_out(caller, channel, users)
    if refusals and not (given.force and members):
        word = refusals[0]["error"]
        raise SlackError(word, f"{refusals[0]['user']} can't be invited: {word}.", errors=refusals)
    await invite_members(call.database, call.notifier, channel=channel, inviter=caller.member, members=members)
    answer = {"channel": await _show(call, caller, channel)}
    return {**answer, "errors": refusals} if refusals else answer


async def kick(call: Call, given: Kick) -> Answer:
    """Take a member out of a channel."""
    if given.user is None:
        raise SlackError("user_not_found", "Say whom: `user`.")
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        member = await caller.find_member(given.user)
    if member.member_id == caller.member.member_id:
        raise SlackError("cant_kick_self", "Leave the channel instead.")
    was_in = await kick_member(call.database, call.notifier, channel=channel, remover=caller.member, member=member)
    if not was_in:
        raise SlackError("not_in_channel", f"{member.name} isn't in the channel.")
    return {}


async def _sort_out(caller: Caller, channel: Channel, users: list[str]) -> tuple[list[Member], list[dict[str, Any]]]:
    """Return who can be invited, and why others can't be."""
    organisation_id = caller.member.organisation_id
    found = await list_members_by_slack_ids(caller.connection, organisation_id=organisation_id, slack_ids=users)
    by_id = {member.slack_id: member for member in found}
    members, refusals = [], []
    for user in users:
        member = by_id.get(user)
        word = await _refusal(caller, channel, member)
        if member is not None and word is None:
            members.append(member)
        else:
            refusals.append({"user": user, "ok": False, "error": word})
    return members, refusals


async def _refusal(caller: Caller, channel: Channel, member: Member | None) -> str | None:
    if member is None:
        return "user_not_found"
    if member.member_id == caller.member.member_id:
        return "cant_invite_self"
    if member.is_deactivated:
        return "cant_invite"
    if await list_memberships(caller.connection, member, channel_ids=[channel.channel_id]):
        return "already_in_channel"
    return None


async def _show(call: Call, caller: Caller, channel: Channel) -> dict[str, Any]:
    async with call.database.snapshot() as connection:
        return await show_channel(connection, channel, viewer=caller.member, workspace=caller.workspace)
