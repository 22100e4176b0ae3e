"""The HTTP routes for members, apps and their tokens."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.model import MEMBER_PREFIX
from ninefold.systems.messaging.routes.member_wire import (
    CreatedTokenView,
    CreateMember,
    CreateMemberToken,
    MemberTokenId,
    MemberTokenList,
    MessagingMemberView,
    OwnMessagingMemberView,
    UpdateMember,
    show_created_token,
    show_member,
    show_member_token,
    show_own_member,
)
from ninefold.systems.messaging.routes.wire import READS, TAGS, MemberId
from ninefold.systems.messaging.service import member_tokens
from ninefold.systems.messaging.service import members as service
from ninefold.systems.messaging.service.notifying import notify_organisation
from ninefold.systems.messaging.service.tokens import USER_TOKEN
from ninefold.systems.messaging.service.workspaces import ensure_workspace

_MEMBERS: Final = "/api/v1/messaging/members"
_MEMBER: Final = f"{_MEMBERS}/{{member_id:str}}"

_member_list = PagedList("messaging_members", UUID)


@get("/api/v1/messaging/me", tags=TAGS, opt=READS, responses=problem_responses(404, 422))
async def get_own_messaging_member(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    member_id: FromQuery[MemberId | None] = None,
) -> OwnMessagingMemberView:
    """Show your own member.

    A person gets one at the first time. An API key has none, and names one: `member_id`.
    """
    async with database.transaction() as connection:
        workspace = await ensure_workspace(connection, organisation_id=principal.organisation_id)
        member = await service.get_acting_member(connection, principal, member_id=member_id)
    return show_own_member(member, workspace)


@post(_MEMBERS, tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_messaging_member(
    data: FromBody[CreateMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> MessagingMemberView:
    """Create a member.

    For a user of your product, who is in `general` then. People who sign in have a member already, and the bot of an
    app comes with the app.
    """
    async with database.transaction() as connection:
        member = await service.create_member(
            connection,
            organisation_id=principal.organisation_id,
            name=data.name,
            display_name=data.display_name,
            real_name=data.real_name,
            email=data.email,
        )
        audit.target_id = format_id(MEMBER_PREFIX, member.member_id)
    notify_organisation(notifier, principal.organisation_id)
    return show_member(member)


@get(_MEMBERS, tags=TAGS, opt=READS)
async def list_messaging_members(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[MessagingMemberView]:
    """List members.

    Oldest first, with bots and with those who are deactivated.
    """
    query = _member_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_members(
            connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.member_id, show=show_member)


@get(_MEMBER, tags=TAGS, opt=READS)
async def get_messaging_member(
    member_id: FromPath[MemberId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> MessagingMemberView:
    """Show a member."""
    async with database.snapshot() as connection:
        member = await service.get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
    return show_member(member)


@patch(_MEMBER, tags=TAGS)
async def update_messaging_member(
    *,
    member_id: FromPath[MemberId],
    data: FromBody[UpdateMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> MessagingMemberView:
    """Change a member.

    What it is called, whether it is away, and whether it is deactivated: then it can't do anything, and what it has
    written stays.
    """
    async with database.transaction() as connection:
        member = await service.get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        changed = await service.update_member(
            connection,
            member,
            display_name=data.display_name,
            real_name=data.real_name,
            presence=data.presence,
            is_deactivated=data.is_deactivated,
        )
    notify_organisation(notifier, principal.organisation_id)
    return show_member(changed)


@post(f"{_MEMBER}/tokens", tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_messaging_token(
    *,
    member_id: FromPath[MemberId],
    data: FromBody[CreateMemberToken],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> CreatedTokenView:
    """Create a token that acts for a member.

    Only this response has its text. Slack's clients send it as `Authorization: Bearer xoxp-…`. It is allowed what the
    member is in messaging, and nothing else. Only the person creates tokens for a person's own member.
    """
    async with database.transaction() as connection:
        member = await service.get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        created = await member_tokens.create_member_token(
            connection,
            member,
            principal=principal,
            name=data.name,
            expires_in=None if data.expires_in_s is None else timedelta(seconds=data.expires_in_s),
        )
        audit.target_id = format_id(USER_TOKEN.id_prefix, created.credential_id)
    return show_created_token(created)


@get(f"{_MEMBER}/tokens", tags=TAGS)
async def list_messaging_tokens(
    member_id: FromPath[MemberId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> MemberTokenList:
    """List the tokens of a member.

    Oldest first, without their texts, and without the token of an app's bot.
    """
    async with database.snapshot() as connection:
        member = await service.get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        found = await member_tokens.list_member_tokens(connection, member)
    return MemberTokenList(items=[show_member_token(each) for each in found])


@delete(f"{_MEMBER}/tokens/{{token_id:str}}", tags=TAGS)
async def revoke_messaging_token(
    member_id: FromPath[MemberId],
    token_id: FromPath[MemberTokenId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke a token of a member.

    From the next request on it is refused, and its live connections end. This can't be undone.
    """
    async with database.transaction() as connection:
        member = await service.get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        await member_tokens.revoke_member_token(connection, member, credential_id=token_id)


MEMBER_ROUTES: Final[list[HTTPRouteHandler]] = [
    get_own_messaging_member,
    create_messaging_member,
    list_messaging_members,
    get_messaging_member,
    update_messaging_member,
    create_messaging_token,
    list_messaging_tokens,
    revoke_messaging_token,
]
