"""Queries that erase what an organisation has published."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.erasure import ErasedBatch
from ninefold.systems.webhooks.store.queries import queries


async def erasure_close_subscriptions(connection: Connection, *, organisation_id: UUID) -> int:
    """Delete the subscriptions of an organisation as a person would, and return how many there were."""
    count: int = await queries.erasure_close_subscriptions(connection, organisation_id=organisation_id)
    return count


async def erasure_count_leased(connection: Connection, *, organisation_id: UUID, limit: int) -> int:
    """Count the events of an organisation that workers hold, up to a limit."""
    count: int = await queries.erasure_count_leased(connection, organisation_id=organisation_id, limit=limit)
    return count


async def erasure_delete_deliveries(connection: Connection, *, organisation_id: UUID, limit: int) -> ErasedBatch:
    """Delete some deliveries to the subscriptions of an organisation, with their attempts."""
    return ErasedBatch(
        **await queries.erasure_delete_deliveries(connection, organisation_id=organisation_id, limit=limit)
    )


async def erasure_delete_events(
    connection: Connection, *, organisation_id: UUID, after: UUID, limit: int
) -> ErasedBatch:
    """Delete some events after an id that no worker holds, with their deliveries and attempts."""
    return ErasedBatch(
        **await queries.erasure_delete_events(connection, organisation_id=organisation_id, after=after, limit=limit)
    )
