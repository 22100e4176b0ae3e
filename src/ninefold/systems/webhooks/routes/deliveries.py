"""The HTTP routes that show and retry a delivery. `searches` has their lists."""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.problems import problem_responses
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, RETRIES_CHANNEL, WAITING_CHANNEL, DeliveryStatus
from ninefold.systems.webhooks.routes.wire import DeliveryId, DeliveryView, RetryScheduled, show_delivery
from ninefold.systems.webhooks.service import deliveries as service
from ninefold.systems.webhooks.settings import WebhooksSettings

_DELIVERY: Final = "/api/v1/deliveries/{delivery_id:str}"
_TAGS: Final = ["deliveries"]


@get(_DELIVERY, tags=_TAGS)
async def get_delivery(
    delivery_id: FromPath[DeliveryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> DeliveryView:
    """Show a delivery.

    The response includes its latest attempts. A delivery can be shown once its first attempt has an outcome.
    """
    async with database.snapshot() as connection:
        delivery = await service.get_delivery(
            connection, organisation_id=principal.organisation_id, delivery_id=delivery_id
        )
    return show_delivery(delivery, attempts_per_round=webhooks_settings.attempts_per_round)


@post(
    f"{_DELIVERY}/retry",
    tags=_TAGS,
    status_code=202,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. Show the delivery to see whether it is being retried.")],
)
async def retry_delivery(
    delivery_id: FromPath[DeliveryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> RetryScheduled:
    """Retry a delivery.

    Sends the same body again, with the same id, immediately. If that fails, the retry schedule starts again. If the
    subscription's circuit is open, the receiver is probed at once. If the subscription is paused, resume it first.
    """
    async with database.transaction() as connection:
        scheduled_at = await service.retry_delivery(
            connection, organisation_id=principal.organisation_id, delivery_id=delivery_id
        )
    notifier.notify(RETRIES_CHANNEL)
    # The circuit may be probed now.
    notifier.notify(WAITING_CHANNEL)
    return RetryScheduled(
        delivery_id=format_id(DELIVERY_PREFIX, delivery_id),
        status=DeliveryStatus.RETRYING,
        scheduled_at=scheduled_at,
    )


DELIVERY_ROUTES: Final[list[HTTPRouteHandler]] = [get_delivery, retry_delivery]
