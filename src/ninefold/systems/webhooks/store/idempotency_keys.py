"""Queries for the idempotency keys that are used."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.store.queries import queries


async def idempotency_key_delete_before(connection: Connection, *, before: UUID, limit: int) -> int:
    """Delete some keys of events before an id, oldest first; return how many."""
    count: int = await queries.idempotency_key_delete_before(connection, before=before, limit=limit)
    return count
