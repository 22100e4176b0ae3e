"""Finds the channel and the member of a request: a channel of another organisation is the first thing to refuse."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.model import Principal
from ninefold.systems.messaging.model import App, Channel, Member, View
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.apps.views import get_view, require_own
from ninefold.systems.messaging.service.channels import get_channel, require_visible
from ninefold.systems.messaging.service.members import find_own_member, get_acting_member, get_member
from ninefold.systems.messaging.service.sent import require_sendable


def open_to_find(database: Database, principal: Principal) -> AbstractAsyncContextManager[Connection]:
    """Return a connection for the functions of this module: in a transaction only for who may get a member by them.

    That is a person with an account. For tokens and API keys, each statement is by itself, which saves two round trips.
    """
    return database.connection() if principal.account_id is None else database.transaction()


async def find_to_act(
    connection: Connection, principal: Principal, *, channel_id: UUID, member_id: UUID | None
) -> tuple[Channel, Member]:
    """Return the channel of a request, and for which member it acts.

    Call it in a transaction, or with the connection of `open_to_find`.

    Raises:
        ChannelNotFoundError: there is no such channel, or the member can't see it.
        MemberRequiredError: an API key names no member.
        NotThisMemberError: a person or a member's token names another one.
    """
    channel = await get_channel(connection, organisation_id=principal.organisation_id, channel_id=channel_id)
    member = await get_acting_member(connection, principal, member_id=member_id)
    return await require_visible(connection, channel, member), member


async def find_to_send(
    connection: Connection, principal: Principal, *, channel_id: UUID, member_id: UUID | None, client_msg_id: str | None
) -> tuple[Channel, Member]:
    """Return the channel of a message, and who sends it: a retry is answered although the member has lost the channel.

    Raises:
        ChannelNotFoundError: there is no such channel, or the member can't see it and has sent no such message.
        ClientMessageIdUsedError: the member can't see the channel, and has sent the id to another one.
        MemberRequiredError: an API key names no member.
        NotThisMemberError: a person or a member's token names another one.
    """
    channel = await get_channel(connection, organisation_id=principal.organisation_id, channel_id=channel_id)
    member = await get_acting_member(connection, principal, member_id=member_id)
    return await require_sendable(connection, channel, member, client_msg_id), member


async def find_to_read(connection: Connection, principal: Principal, channel_id: UUID) -> tuple[Channel, Member | None]:
    """Return the channel of a request that reads, and who reads; an API key reads all channels of its organisation.

    Call it in a transaction.

    Raises:
        ChannelNotFoundError: there is no such channel, or the member can't see it.
    """
    channel = await get_channel(connection, organisation_id=principal.organisation_id, channel_id=channel_id)
    member = await find_own_member(connection, principal)
    return await require_visible(connection, channel, member), member


async def find_view(
    connection: Connection, principal: Principal, *, view_id: UUID, member_id: UUID | None
) -> tuple[View, App, Member]:
    """Return the view of a request, the app that shows it, and to whom; call it in a transaction.

    Raises:
        ViewNotFoundError: there is no such view, or it is shown to another member.
        MemberRequiredError: an API key names no member.
        NotThisMemberError: a person or a member's token names another one.
    """
    view = await get_view(connection, organisation_id=principal.organisation_id, view_id=view_id)
    member = await get_acting_member(connection, principal, member_id=member_id)
    app = await get_app(connection, organisation_id=view.organisation_id, app_id=view.app_id)
    return require_own(view, member), app, member


async def find_view_to_read(connection: Connection, principal: Principal, view_id: UUID) -> View:
    """Return a view of a request that reads; an API key reads all views of its organisation.

    Raises:
        ViewNotFoundError: there is no such view, or it is shown to another member.
    """
    view = await get_view(connection, organisation_id=principal.organisation_id, view_id=view_id)
    member = await find_own_member(connection, principal)
    return view if member is None else require_own(view, member)


async def find_members(connection: Connection, principal: Principal, member_ids: list[UUID]) -> list[Member]:
    """Return members that a request names.

    Raises:
        MemberNotFoundError: the organisation doesn't have one of them.
    """
    return [
        await get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        for member_id in dict.fromkeys(member_ids)
    ]
