"""Incoming webhooks: addresses at which apps post in a channel, without a token."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import digest_text, random_text
from ninefold.systems.messaging.errors import TooManyWebhooksError, WebhookNotFoundError
from ninefold.systems.messaging.model import App, Channel, IncomingWebhook
from ninefold.systems.messaging.rules.app_events import WEBHOOKS_MAX
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store import incoming_webhooks as store


async def create_webhook(connection: Connection, app: App, channel: Channel) -> tuple[IncomingWebhook, str]:
    """Create an incoming webhook; return it and its secret, which isn't stored anywhere.

    Raises:
        TooManyWebhooksError: the app has as many as it can have.
    """
    if len(await list_webhooks(connection, app)) >= WEBHOOKS_MAX:
        raise TooManyWebhooksError(f"The app has {WEBHOOKS_MAX} webhooks.", remedy="Revoke one of them.")
    secret = random_text()
    webhook = IncomingWebhook(
        webhook_id=new_id(),
        slack_id=new_slack_id("B"),
        organisation_id=app.organisation_id,
        app_id=app.app_id,
        channel_id=channel.channel_id,
        digest=digest_text(secret),
        created_at=datetime.now(UTC),
        revoked_at=None,
    )
    await store.incoming_webhook_insert(connection, webhook)
    return webhook, secret


async def list_webhooks(connection: Connection, app: App) -> list[IncomingWebhook]:
    """Return the incoming webhooks of an app, oldest first, without those that were revoked."""
    return await store.incoming_webhook_list(connection, app_id=app.app_id, limit=WEBHOOKS_MAX)


async def revoke_webhook(connection: Connection, app: App, *, webhook_id: UUID) -> None:
    """Revoke an incoming webhook: its address is refused from now on.

    Raises:
        WebhookNotFoundError: the app has no such webhook.
    """
    if not await store.incoming_webhook_revoke(connection, app_id=app.app_id, webhook_id=webhook_id):
        raise WebhookNotFoundError("There is no such webhook.", remedy="List the webhooks of the app to see their ids.")


async def find_webhook(connection: Connection, *, team_id: str, slack_id: str, secret: str) -> IncomingWebhook | None:
    """Return the webhook of an address; None if there is none, or its secret is wrong."""
    found = await store.incoming_webhook_find(connection, team_id=team_id, slack_id=slack_id)
    if found is None or found.digest != digest_text(secret):
        return None
    return msgspec.structs.replace(found, digest=b"")
