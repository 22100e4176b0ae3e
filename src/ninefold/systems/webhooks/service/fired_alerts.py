"""The alerts of an organisation that were fired."""

from uuid import UUID

from msgspec.structs import replace

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.alerts import AlertFilter, KeptAlert
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store.alerts import alert_list, alert_notification_list


async def list_fired_alerts(
    connection: Connection, *, organisation_id: UUID, only: AlertFilter, before: UUID | None, limit: int
) -> list[KeptAlert]:
    """Return alerts with what was sent of them, newest first; with `before`, those that are older than that alert.

    Raises:
        SubscriptionNotFoundError: only those of a subscription are asked for, which the organisation doesn't have.
    """
    if only.subscription_id is not None:
        await get_subscription(connection, organisation_id=organisation_id, subscription_id=only.subscription_id)
    alerts = await alert_list(connection, organisation_id=organisation_id, only=only, before=before, limit=limit)
    sent = await alert_notification_list(connection, alert_ids=[alert.alert_id for alert in alerts])
    return [replace(alert, notifications=sent.get(alert.alert_id, ())) for alert in alerts]
