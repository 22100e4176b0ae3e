"""The HTTP routes for invitations. A token is in the body and not in the URL, so that it is in no access log."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import invitations
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.links import find_link, link_url
from ninefold.core.tenancy.model import Invitation, Principal, Session
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK
from ninefold.core.tenancy.roles import ADMIN
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.people.cookies import SET_COOKIE, session_response
from ninefold.core.web.people.field_types import InvitationId
from ninefold.core.web.people.request_bodies import AcceptInvitation, CreateInvitation, SignUp
from ninefold.core.web.people.views import (
    CreatedInvitationView,
    FoundInvitationView,
    InvitationView,
    SessionView,
    show_created_invitation,
    show_found_invitation,
    show_invitation,
)
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.site import Site

_INVITATIONS: Final = "/api/v1/invitations"
_TAGS: Final = ["invitations"]

_invitation_list = PagedList("invitations", UUID)


@post(_INVITATIONS, tags=_TAGS, opt=access(scope=ADMIN))
async def create_invitation(
    *,
    data: FromBody[CreateInvitation],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> CreatedInvitationView:
    """Invite a person to the organisation.

    Ninefold sends no mail. Only this response has the link, which is valid for seven days: pass it on.
    """
    async with database.transaction() as connection:
        created = await invitations.create_invitation(
            connection, principal, email=data.email, role=data.role, created_from=site.client_address(request)
        )
        audit.target_id = _id_of(created.invitation)
    url = link_url(site.base_url(request), INVITATION_LINK, created.text)
    return show_created_invitation(created.invitation, url=url)


@get(_INVITATIONS, tags=_TAGS, opt=access(scope=ADMIN))
async def list_invitations(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[InvitationView]:
    """List invitations.

    Newest first, also those that were accepted or revoked, or have expired.
    """
    query = _invitation_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await invitations.list_invitations(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda invitation: invitation.invitation_id, show=show_invitation)


@delete(f"{_INVITATIONS}/{{invitation_id:str}}", tags=_TAGS, opt=access(scope=ADMIN))
async def revoke_invitation(
    invitation_id: FromPath[InvitationId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke an invitation.

    Its link becomes invalid. If it was accepted, the person stays a member.
    """
    async with database.transaction() as connection:
        await invitations.revoke_invitation(connection, principal, invitation_id=invitation_id)


@post(
    f"{_INVITATIONS}/find",
    tags=_TAGS,
    opt=access(caller=Caller.ANYONE, not_audited="It changes nothing. It is a POST to keep the token out of the URL."),
    status_code=200,
    responses=problem_responses(410),
)
async def find_invitation(data: FromBody[AcceptInvitation], database: NamedDependency[Database]) -> FoundInvitationView:
    """Show the invitation of a link, before it is accepted."""
    async with database.snapshot() as connection:
        found = await invitations.find_invitation(connection, data.token)
    return show_found_invitation(found)


@post(
    f"{_INVITATIONS}/accept",
    tags=_TAGS,
    opt=access(caller=Caller.PERSON),
    status_code=200,
    responses=problem_responses(409, 410),
)
async def accept_invitation(
    data: FromBody[AcceptInvitation],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> InvitationView:
    """Accept an invitation as the person who is signed in.

    The account must have the mail address of the invitation.
    """
    async with database.transaction() as connection:
        accepted = await invitations.accept_as_account(connection, data.token, account_id=session.account_id)
        audit.organisation_id, audit.target_id = accepted.organisation_id, _id_of(accepted)
    return show_invitation(accepted)


@post(
    f"{_INVITATIONS}/sign-up",
    tags=_TAGS,
    opt=access(caller=Caller.ANYONE),
    responses=problem_responses(409, 410),
    response_headers=[SET_COOKIE],
)
async def sign_up(
    *,
    data: FromBody[SignUp],
    request: Request[Any, Principal, Any],
    database: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> Response[SessionView]:
    """Accept an invitation with a new account.

    The account gets the mail address of the invitation, and is signed in.
    """
    async with database.connection() as connection:
        await find_link(connection, INVITATION_LINK, data.token)
    password_hash = await passwords.hash(data.password)
    async with database.transaction() as connection:
        accepted, account = await invitations.accept_as_new_account(
            connection, data.token, name=data.name, password_hash=password_hash
        )
        audit.target_id = _id_of(accepted)
        return await session_response(connection, request, account, site=site, audit=audit)


INVITATION_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_invitation,
    list_invitations,
    revoke_invitation,
    find_invitation,
    accept_invitation,
    sign_up,
]


def _id_of(invitation: Invitation) -> str:
    return format_id(INVITATION_LINK.id_prefix, invitation.invitation_id)
