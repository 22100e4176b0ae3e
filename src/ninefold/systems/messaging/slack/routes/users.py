"""`users.…`: members, which channels they are in, and whether they are there."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.web.pagination import PagedList
from ninefold.systems.messaging.model import Member, Presence
from ninefold.systems.messaging.service.channels import list_channels
from ninefold.systems.messaging.service.members import get_member_by_email, list_members, update_member
from ninefold.systems.messaging.service.notifying import notify_organisation
from ninefold.systems.messaging.service.presence import is_active
from ninefold.systems.messaging.slack.arguments import read_limit
from ninefold.systems.messaging.slack.calls import Answer, Call, Caller, Server, slack_method
from ninefold.systems.messaging.slack.channel_objects import show_channels
from ninefold.systems.messaging.slack.channel_types import read_types
from ninefold.systems.messaging.slack.errors import SlackError
from ninefold.systems.messaging.slack.member_objects import show_profile, show_user

PAGE_MAX: Final = 1_000
CHANNELS_DEFAULT: Final = 100
_PRESENCES: Final[Mapping[str, Presence]] = {"auto": "auto", "away": "away"}

READ_EMAIL: Final = "users:read.email"

_users = PagedList("slack_users", UUID)
_channels = PagedList("slack_channels_of_user", UUID)


class ListUsers(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `users.list`."""

    cursor: str | None = None
    limit: int | None = None


class OneUser(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `users.info`."""

    user: str


class UserOrCaller(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of methods that are about the caller if they name nobody."""

    user: str | None = None


class LookUpByEmail(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `users.lookupByEmail`."""

    email: str


class ListChannelsOfUser(UserOrCaller, frozen=True, kw_only=True):
    """The arguments of `users.conversations`."""

    types: tuple[str, ...] = ()
    exclude_archived: bool = False
    cursor: str | None = None
    limit: int | None = None


class SetPresence(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `users.setPresence`."""

    presence: str = ""


def user_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "users.list", ListUsers, list_all),
        slack_method(server, "users.info", OneUser, show_info),
        slack_method(server, "users.lookupByEmail", LookUpByEmail, look_up),
        slack_method(server, "users.profile.get", UserOrCaller, show_own_profile),
        slack_method(server, "users.conversations", ListChannelsOfUser, list_channels_of_user),
        slack_method(server, "users.getPresence", UserOrCaller, show_presence),
        slack_method(server, "users.setPresence", SetPresence, set_presence),
    ]


async def list_all(call: Call, given: ListUsers) -> Answer:
    """List the members, oldest first, with bots and with those who are deactivated."""
    query = _users.query(given.cursor, read_limit(given.limit, default=PAGE_MAX, limit_max=PAGE_MAX))
    async with call.begin() as caller:
        found = await list_members(
            caller.connection,
            organisation_id=caller.member.organisation_id,
            after=query.position,
            limit=query.rows_max,
        )
    page = query.page(found, position_of=lambda each: each.member_id, show=lambda each: _show(caller, each))
    return {
        "members": page.items,
        "cache_ts": int(datetime.now(UTC).timestamp()),
        "response_metadata": {"next_cursor": page.next_cursor or ""},
    }


async def show_info(call: Call, given: OneUser) -> Answer:
    """Show a member."""
    async with call.begin() as caller:
        return {"user": _show(caller, await caller.find_member(given.user))}


async def look_up(call: Call, given: LookUpByEmail) -> Answer:
    """Show the member with a mail address."""
    async with call.begin() as caller:
        member = await get_member_by_email(
            caller.connection, organisation_id=caller.member.organisation_id, email=given.email
        )
        return {"user": _show(caller, member)}


async def show_own_profile(call: Call, given: UserOrCaller) -> Answer:
    """Show the profile of a member."""
    async with call.begin() as caller:
        member = await _find(caller, given)
        return {"profile": show_profile(member, caller.workspace, has_email=READ_EMAIL in caller.granted)}


async def list_channels_of_user(call: Call, given: ListChannelsOfUser) -> Answer:
    """List the channels that a member is in; of another member, only the public ones."""
    limit = read_limit(given.limit, default=CHANNELS_DEFAULT, limit_max=PAGE_MAX)
    query = _channels.query(given.cursor, limit)
    async with call.begin() as caller:
        kinds = read_types(given.types, caller)
        member = await _find(caller, given)
        if member.member_id != caller.member.member_id:
            kinds = [kind for kind in kinds if kind == "public"]
        found = await list_channels(
            caller.connection,
            organisation_id=member.organisation_id,
            member=member,
            is_in=True,
            kinds=kinds,
            has_archived=not given.exclude_archived,
            after=query.position,
            limit=query.rows_max,
        )
        page = query.page(found, position_of=lambda each: each.channel_id, show=lambda each: each)
        shown = await show_channels(caller.connection, page.items, viewer=caller.member, workspace=caller.workspace)
    return {"channels": shown, "response_metadata": {"next_cursor": page.next_cursor or ""}}


async def show_presence(call: Call, given: UserOrCaller) -> Answer:
    """Say whether a member is there, as `service/presence.py` decides it."""
    async with call.begin() as caller:
        member = await _find(caller, given)
    now = datetime.now(UTC)
    presence = {"presence": "active" if is_active(member, now=now) else "away"}
    if member.member_id != caller.member.member_id:
        return presence
    is_here = is_active(msgspec.structs.replace(member, presence="auto"), now=now)
    return {
        **presence,
        "online": is_here,
        "auto_away": not is_here,
        "manual_away": member.presence == "away",
        "connection_count": int(is_here),
        "last_activity": 0 if member.seen_at is None else int(member.seen_at.timestamp()),
    }


async def set_presence(call: Call, given: SetPresence) -> Answer:
    """Say that the caller is away, or that its devices say whether it is."""
    presence = _PRESENCES.get(given.presence)
    if presence is None:
        raise SlackError("invalid_presence", "The presence is `auto` or `away`.")
    async with call.begin() as caller:
        await update_member(caller.connection, caller.member, presence=presence)
    notify_organisation(call.notifier, caller.member.organisation_id)
    return {}


async def _find(caller: Caller, given: UserOrCaller) -> Member:
    return caller.member if given.user is None else await caller.find_member(given.user)


def _show(caller: Caller, member: Member) -> dict[str, Any]:
    return show_user(member, caller.workspace, has_email=READ_EMAIL in caller.granted)
