"""Queries for the retention that organisations have chosen."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.store.queries import queries


async def organisation_retention_find(connection: Connection, *, organisation_id: UUID) -> Retention:
    """Read the retention of an organisation; the standard one if it has chosen none."""
    found: int | None = await queries.organisation_retention_find(connection, organisation_id=organisation_id)
    return Retention.STANDARD if found is None else Retention(found)


async def organisation_retention_set(connection: Connection, *, organisation_id: UUID, retention: Retention) -> None:
    """Set the retention of what an organisation publishes from now on."""
    await queries.organisation_retention_set(connection, organisation_id=organisation_id, retention=retention)
