"""The HTTP routes for the members of an organisation."""

from typing import Final
from uuid import UUID

from litestar import delete, get, patch
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import members
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Principal, Session
from ninefold.core.tenancy.roles import ADMIN, READ
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.people.field_types import AccountId
from ninefold.core.web.people.request_bodies import ChangeRole
from ninefold.core.web.people.views import MemberView, show_member
from ninefold.core.web.problems import problem_responses

_MEMBERS: Final = "/api/v1/members"
_TAGS: Final = ["members"]

_member_list = PagedList("members", UUID)


@get(_MEMBERS, tags=_TAGS)
async def list_members(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[MemberView]:
    """List the members of the organisation.

    The oldest accounts first.
    """
    query = _member_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await members.list_members(
            connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda member: member.account_id, show=show_member)


@patch(f"{_MEMBERS}/{{account_id:str}}", tags=_TAGS, opt=access(scope=ADMIN), responses=problem_responses(409))
async def change_role(
    account_id: FromPath[AccountId],
    data: FromBody[ChangeRole],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> MemberView:
    """Change the role of a member.

    It applies from the member's next request on. Only an owner can make or unmake an owner, and one owner must be left.
    """
    async with database.transaction() as connection:
        member = await members.change_role(connection, principal, account_id=account_id, role=data.role)
    return show_member(member)


@delete(f"{_MEMBERS}/{{account_id:str}}", tags=_TAGS, opt=access(scope=ADMIN), responses=problem_responses(409))
async def remove_member(
    account_id: FromPath[AccountId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Remove a member.

    The member's next request for the organisation is refused. The account stays, for other organisations.
    """
    async with database.transaction() as connection:
        await members.remove_member(connection, principal, account_id=account_id)


@delete(
    "/api/v1/membership",
    tags=_TAGS,
    opt=access(caller=Caller.PERSON, scope=READ),
    responses=problem_responses(409),
)
async def leave_organisation(
    session: NamedDependency[Session],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> None:
    """Leave the current organisation.

    The last owner can't.
    """
    async with database.transaction() as connection:
        await members.remove_member(connection, principal, account_id=session.account_id)
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)


MEMBER_ROUTES: Final[list[HTTPRouteHandler]] = [list_members, change_role, remove_member, leave_organisation]
