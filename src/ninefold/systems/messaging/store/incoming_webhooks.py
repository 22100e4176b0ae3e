"""Queries for incoming webhooks."""

from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import IncomingWebhook
from ninefold.systems.messaging.store.queries import queries


async def incoming_webhook_find(connection: Connection, *, team_id: str, slack_id: str) -> IncomingWebhook | None:
    """Read the webhook of an address, also one that was revoked."""
    record = await queries.incoming_webhook_find(connection, team_id=team_id, slack_id=slack_id)
    return None if record is None else IncomingWebhook(**record)


async def incoming_webhook_insert(connection: Connection, webhook: IncomingWebhook) -> None:
    """Insert a webhook."""
    fields = msgspec.structs.asdict(webhook)
    del fields["created_at"], fields["revoked_at"]
    await queries.incoming_webhook_insert(connection, **fields)


async def incoming_webhook_list(connection: Connection, *, app_id: UUID, limit: int) -> list[IncomingWebhook]:
    """Read the webhooks of an app, without those that were revoked."""
    records = queries.incoming_webhook_list(connection, app_id=app_id, limit=limit)
    return [IncomingWebhook(**record) async for record in records]


async def incoming_webhook_revoke(connection: Connection, *, app_id: UUID, webhook_id: UUID) -> bool:
    """Write that a webhook is revoked; return whether the app had it."""
    return await queries.incoming_webhook_revoke(connection, app_id=app_id, webhook_id=webhook_id) is not None
