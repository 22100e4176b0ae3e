"""The HTTP routes for merchants."""

from typing import Final
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.routes.merchant_wire import (
    CreatedMerchantView,
    CreateMerchant,
    MerchantView,
    UpdateMerchant,
    show_created_merchant,
    show_merchant,
)
from ninefold.systems.payments.routes.wire import TAGS, MerchantId
from ninefold.systems.payments.service import merchants as service

_MERCHANTS: Final = "/api/v1/payments/merchants"
_MERCHANT: Final = f"{_MERCHANTS}/{{merchant_id:str}}"

_list = PagedList("payments_merchants", UUID)


@post(_MERCHANTS, tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_merchant(
    data: FromBody[CreateMerchant],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
) -> CreatedMerchantView:
    """Create a merchant.

    Only this response has its keys.
    """
    async with database.transaction() as connection:
        created = await service.create_merchant(
            connection,
            organisation_id=principal.organisation_id,
            name=data.name,
            changes=data.changes,
            at=clock.now(),
        )
        audit.target_id = format_id(MERCHANT_PREFIX, created.merchant.merchant_id)
    return show_created_merchant(created)


@get(_MERCHANTS, tags=TAGS)
async def list_merchants(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[MerchantView]:
    """List merchants.

    Oldest first.
    """
    query = _list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_merchants(
            connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.merchant_id, show=show_merchant)


@get(_MERCHANT, tags=TAGS)
async def get_merchant(
    merchant_id: FromPath[MerchantId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> MerchantView:
    """Show a merchant.

    With the last four characters of its bank account.
    """
    async with database.snapshot() as connection:
        merchant = await service.get_merchant(
            connection, organisation_id=principal.organisation_id, merchant_id=merchant_id
        )
    return show_merchant(merchant)


@patch(_MERCHANT, tags=TAGS, responses=problem_responses(409))
async def update_merchant(
    merchant_id: FromPath[MerchantId],
    data: FromBody[UpdateMerchant],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> MerchantView:
    """Change a merchant.

    What is absent stays as it is. Payments that were captured keep the fee and the hold of their time.
    """
    async with database.transaction() as connection:
        merchant = await service.update_merchant(
            connection, organisation_id=principal.organisation_id, merchant_id=merchant_id, changes=data.changes
        )
    return show_merchant(merchant)


MERCHANT_ROUTES: Final[list[HTTPRouteHandler]] = [create_merchant, list_merchants, get_merchant, update_merchant]
