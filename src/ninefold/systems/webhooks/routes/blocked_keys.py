"""The HTTP routes for ordering keys that are blocked by a delivery that failed for good."""

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, EVENT_PREFIX, WAITING_CHANNEL
from ninefold.systems.webhooks.model.ordering import BlockedKey
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.routes.wire import (
    DeliveryId,
    DeliveryIdText,
    DeliveryView,
    EventIdText,
    EventTypeText,
    show_delivery,
)
from ninefold.systems.webhooks.rules.advice import advise_on_blocked_key
from ninefold.systems.webhooks.service import blocked_keys as service
from ninefold.systems.webhooks.service.deliveries import get_delivery
from ninefold.systems.webhooks.settings import WebhooksSettings

_blocked_list = PagedList("blocked_keys", int)


class BlockedKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An ordering key whose later deliveries wait, because one has failed for good."""

    ordering_key: Annotated[str, msgspec.Meta(examples=["customer-7"])]
    blocked_at: Timestamp
    """When the delivery failed."""
    delivery_id: DeliveryIdText
    """The delivery that failed; retry it, or skip it."""
    event_id: EventIdText
    event_type: EventTypeText
    error_class: Annotated[str, msgspec.Meta(examples=["unsuccessful_status"])]
    waiting_deliveries: Annotated[int, msgspec.Meta(examples=[3])]
    """How many deliveries wait for it; counted up to 1,000."""
    advice: Annotated[str, msgspec.Meta(examples=[advise_on_blocked_key("unsuccessful_status", response_status=500)])]
    """What to do."""


@get("/api/v1/subscriptions/{subscription_id:str}/blocked-keys", tags=["subscriptions"])
async def list_blocked_keys(
    *,
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[BlockedKeyView]:
    """List blocked ordering keys.

    The keys of a subscription with ordering `fifo` of which a delivery has failed for good. The later deliveries of
    such a key wait until that one is retried with success, or skipped. Those that were accepted first come first.
    """
    query = _blocked_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_blocked_keys(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            after=query.position or 0,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.position, show=_show)


@post(
    "/api/v1/deliveries/{delivery_id:str}/skip",
    tags=["deliveries"],
    status_code=200,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. Show the delivery to see whether it was skipped.")],
)
async def skip_delivery(
    delivery_id: FromPath[DeliveryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> DeliveryView:
    """Skip a delivery that others wait for.

    The later deliveries of its ordering key go on without it. If it has failed, it stays a dead letter; otherwise it is
    canceled. If it is sent again later, it comes after the others.
    """
    async with database.transaction() as connection:
        await service.skip_delivery(connection, organisation_id=principal.organisation_id, delivery_id=delivery_id)
        shown = await get_delivery(connection, organisation_id=principal.organisation_id, delivery_id=delivery_id)
    notifier.notify(WAITING_CHANNEL)
    return show_delivery(shown, attempts_per_round=webhooks_settings.attempts_per_round)


def _show(blocked: BlockedKey) -> BlockedKeyView:
    return BlockedKeyView(
        ordering_key=blocked.ordering_key,
        blocked_at=blocked.blocked_at,
        delivery_id=format_id(DELIVERY_PREFIX, blocked.delivery_id),
        event_id=format_id(EVENT_PREFIX, blocked.event_id),
        event_type=blocked.event_type,
        error_class=blocked.error_class,
        waiting_deliveries=blocked.waiting_count,
        advice=advise_on_blocked_key(blocked.error_class, response_status=blocked.response_status),
    )


BLOCKED_KEY_ROUTES: Final[list[HTTPRouteHandler]] = [list_blocked_keys, skip_delivery]
