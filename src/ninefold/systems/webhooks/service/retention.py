"""The retention of an organisation: how long what it publishes is kept."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.store.partitions import (
    partition_add_retention,
    partition_has_retention,
    partition_lock_to_add,
)
from ninefold.systems.webhooks.store.retention import organisation_retention_find, organisation_retention_set


async def get_retention(connection: Connection, *, organisation_id: UUID) -> Retention:
    """Return the retention of what an organisation publishes now."""
    return await organisation_retention_find(connection, organisation_id=organisation_id)


async def set_retention(connection: Connection, *, organisation_id: UUID, retention: Retention) -> None:
    """Set the retention of what an organisation publishes from now on.

    The first organisation that chooses a retention makes the partitions for it. Nothing waits for that.
    """
    if not await partition_has_retention(connection, retention=retention):
        await partition_lock_to_add(connection)
        # Another organisation may have made them meanwhile.
        if not await partition_has_retention(connection, retention=retention):
            await partition_add_retention(connection, retention=retention)
    await organisation_retention_set(connection, organisation_id=organisation_id, retention=retention)
