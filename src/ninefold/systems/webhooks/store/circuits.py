"""Queries for the circuits of subscriptions: the health of their endpoints."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.store.queries import queries


async def circuit_probe_now(connection: Connection, *, subscription_id: UUID) -> None:
    """Let an open circuit be probed at once; a closed one isn't changed."""
    await queries.circuit_probe_now(connection, subscription_id=subscription_id)


async def circuit_reset(connection: Connection, *, subscription_id: UUID) -> None:
    """Close a subscription's circuit and forget its failures."""
    await queries.circuit_reset(connection, subscription_id=subscription_id)
