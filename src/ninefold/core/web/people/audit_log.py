"""The HTTP route for the audit log."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditFilter, AuditResult
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import ADMIN
from ninefold.core.tenancy.store.audit_log import audit_entry_list
from ninefold.core.web.access import access
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.people.field_types import AccountId
from ninefold.core.web.people.views import AuditEntryView, show_audit_entry

OperationFilter = Annotated[str, msgspec.Meta(max_length=100, description="Only entries of this operation.")]
TargetFilter = Annotated[str, msgspec.Meta(max_length=200, description="Only entries about what has this id.")]

_entry_list = PagedList("audit-log", UUID)


@get("/api/v1/audit-log", tags=["audit log"], opt=access(scope=ADMIN))
async def list_audit_log(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    account_id: FromQuery[AccountId | None] = None,
    operation: FromQuery[OperationFilter | None] = None,
    target_id: FromQuery[TargetFilter | None] = None,
    result: FromQuery[AuditResult | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[AuditEntryView]:
    """List the changes that were made in the organisation.

    Newest first: who changed what, when, from where, and what was refused because of a role.
    """
    query = _entry_list.query(cursor, limit)
    where = AuditFilter(account_id=account_id, operation=operation, target_id=target_id, result=result)
    async with database.connection() as connection:
        found = await audit_entry_list(
            connection,
            organisation_id=principal.organisation_id,
            where=where,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda entry: entry.audit_entry_id, show=show_audit_entry)


AUDIT_LOG_ROUTES: Final[list[HTTPRouteHandler]] = [list_audit_log]
