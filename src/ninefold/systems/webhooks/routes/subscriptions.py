"""Subscriptions over HTTP."""

from datetime import timedelta
from typing import Annotated, Final, TypeVar

import msgspec
from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.pages import PAGE_LIMIT_DEFAULT, Cursor, CursorCodec, Page, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.webhooks.model import Delivery, DeliveryStatus
from ninefold.systems.webhooks.routes.positions import DeliveryPosition, QueuedPosition, SubscriptionPosition, cut_page
from ninefold.systems.webhooks.routes.wire import (
    CreateSubscription,
    DeliveryView,
    RotateSecret,
    SubscriptionId,
    SubscriptionView,
    SubscriptionWithSecretView,
    UpdateSubscription,
    show_delivery,
    show_new_secret,
    show_subscription,
)
from ninefold.systems.webhooks.service import deliveries as delivery_service
from ninefold.systems.webhooks.service import subscriptions as service
from ninefold.systems.webhooks.settings import WebhooksSettings

_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_SUBSCRIPTION: Final = "/api/v1/subscriptions/{subscription_id:str}"
_TAGS: Final = ["subscriptions"]

ValueT = TypeVar("ValueT")

_subscription_cursors = CursorCodec(SubscriptionPosition)
_delivery_cursors = CursorCodec(DeliveryPosition)
_queued_cursors = CursorCodec(QueuedPosition)


@post(_SUBSCRIPTIONS, tags=_TAGS, responses=problem_responses(409))
async def create_subscription(
    data: CreateSubscription, principal: Principal, database: Database
) -> SubscriptionWithSecretView:
    """Create a subscription. Its secret is in this answer and in that of a rotation, and nowhere else."""
    async with database.transaction() as connection:
        created = await service.create_subscription(
            connection,
            organisation_id=principal.organisation_id,
            url=data.url,
            event_types=data.event_types,
            description=data.description,
        )
    return show_new_secret(created)


@get(_SUBSCRIPTIONS, tags=_TAGS)
async def list_subscriptions(
    principal: Principal,
    database: Database,
    cursor: Cursor | None = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[SubscriptionView]:
    """List subscriptions.

    The newest first.
    """
    position = _subscription_cursors.decode(cursor)
    async with database.connection() as connection:
        found = await service.list_subscriptions(
            connection,
            organisation_id=principal.organisation_id,
            before=None if position is None else position.subscription_id,
            limit=limit + 1,
        )
    shown, last = cut_page(found, limit=limit)
    return Page(
        items=[show_subscription(subscription) for subscription in shown],
        next_cursor=None if last is None else _subscription_cursors.encode(SubscriptionPosition(last.subscription_id)),
    )


@get(_SUBSCRIPTION, tags=_TAGS)
async def get_subscription(
    subscription_id: SubscriptionId, principal: Principal, database: Database
) -> SubscriptionView:
    """Show a subscription."""
    async with database.connection() as connection:
        subscription = await service.get_subscription(
            connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
    return show_subscription(subscription)


@patch(_SUBSCRIPTION, tags=_TAGS)
async def update_subscription(
    subscription_id: SubscriptionId, data: UpdateSubscription, principal: Principal, database: Database
) -> SubscriptionView:
    """Change a subscription.

    The next event, and the next attempt of each delivery, go by the new values.
    """
    async with database.transaction() as connection:
        subscription = await service.update_subscription(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            url=_given(data.url),
            event_types=_given(data.event_types),
            description=_given(data.description),
        )
    return show_subscription(subscription)


@delete(_SUBSCRIPTION, tags=_TAGS)
async def delete_subscription(
    subscription_id: SubscriptionId, principal: Principal, database: Database, notifier: Notifier
) -> None:
    """Delete a subscription.

    Nothing more is sent to it. Deliveries that wait for an attempt are canceled after the answer, within moments.
    """
    async with database.transaction() as connection:
        await service.delete_subscription(
            connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
    notifier.notify(JOBS_CHANNEL)


@post(f"{_SUBSCRIPTION}/rotate-secret", tags=_TAGS, status_code=200, responses=problem_responses(409))
async def rotate_secret(
    subscription_id: SubscriptionId,
    principal: Principal,
    database: Database,
    data: RotateSecret | None = None,
) -> SubscriptionWithSecretView:
    """Rotate a secret.

    The old one keeps signing beside the new one for a while, 24 hours by default.
    """
    rotation = data or RotateSecret()
    async with database.transaction() as connection:
        rotated = await service.rotate_secret(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            grace=timedelta(seconds=rotation.grace_s),
        )
    return show_new_secret(rotated)


@get(f"{_SUBSCRIPTION}/deliveries", tags=["deliveries"])
async def list_deliveries(
    *,
    subscription_id: SubscriptionId,
    principal: Principal,
    database: Database,
    webhooks_settings: WebhooksSettings,
    status: Annotated[DeliveryStatus | None, Parameter(description="Only deliveries in this state.")] = None,
    cursor: Cursor | None = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[DeliveryView]:
    """List deliveries.

    Those to one subscription, of the newest events first, with their last attempts. Those that are `queued` are listed
    by `status=queued` alone; the others stand here from their first outcome on.
    """
    if status is DeliveryStatus.QUEUED:
        queued_position = _queued_cursors.decode(cursor)
        async with database.snapshot() as connection:
            found = await delivery_service.list_queued_deliveries(
                connection,
                organisation_id=principal.organisation_id,
                subscription_id=subscription_id,
                before=None if queued_position is None else queued_position.event_id,
                limit=limit + 1,
            )
    else:
        position = _delivery_cursors.decode(cursor)
        async with database.snapshot() as connection:
            found = await delivery_service.list_deliveries(
                connection,
                organisation_id=principal.organisation_id,
                subscription_id=subscription_id,
                status=status,
                before=None if position is None else position.delivery_id,
                limit=limit + 1,
            )
    shown, last = cut_page(found, limit=limit)
    return Page(
        items=[show_delivery(delivery, attempts_per_round=webhooks_settings.attempts_per_round) for delivery in shown],
        next_cursor=None if last is None else _cursor_after(last.delivery),
    )


SUBSCRIPTION_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_subscription,
    list_subscriptions,
    get_subscription,
    update_subscription,
    delete_subscription,
    rotate_secret,
    list_deliveries,
]


def _cursor_after(delivery: Delivery) -> str:
    if delivery.status is DeliveryStatus.QUEUED:
        return _queued_cursors.encode(QueuedPosition(delivery.event_id))
    return _delivery_cursors.encode(DeliveryPosition(delivery.delivery_id))


def _given(value: msgspec.UnsetType | ValueT) -> ValueT | None:
    return None if isinstance(value, msgspec.UnsetType) else value
