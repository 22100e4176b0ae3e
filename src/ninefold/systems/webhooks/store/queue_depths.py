"""Queries for queue depths: the sums, and what has changed since they were added up."""

from collections import defaultdict
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.queues import DepthError, Depths, OrganisationDepth, TierQueue
from ninefold.systems.webhooks.store.queries import queries


async def queue_depth_add_changes(connection: Connection) -> int:
    """Add what has changed to the sums, which the caller has locked; return how many changes that were."""
    count: int = await queries.queue_depth_add_changes(connection)
    return count


async def queue_depth_list(connection: Connection) -> Depths:
    """Read the queues of all organisations that have something in theirs."""
    counts: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    async for record in queries.queue_depth_list(connection):
        count = counts[record["organisation_id"]]
        count[0] += record["deliveries"]
        count[1] += record["finished"]
    return {organisation_id: OrganisationDepth(*count) for organisation_id, count in counts.items()}


async def queue_depth_list_of(connection: Connection, *, organisation_id: UUID) -> list[TierQueue]:
    """Read what is queued of an organisation, a row for each tier."""
    records = queries.queue_depth_list_of(connection, organisation_id=organisation_id)
    return [TierQueue(**record) async for record in records]


async def queue_depth_list_tiers(connection: Connection) -> list[TierQueue]:
    """Read what is queued of all organisations, a row for each tier."""
    return [TierQueue(**record) async for record in queries.queue_depth_list_tiers(connection)]


async def queue_depth_lock(connection: Connection) -> None:
    """Keep other processes from changing the sums until the transaction ends."""
    await queries.queue_depth_lock(connection)


async def queue_depth_recount(connection: Connection, *, limit: int) -> list[DepthError]:
    """Count what is queued and correct the sums, unless it is `limit` events or more; return what was wrong."""
    return [DepthError(**record) async for record in queries.queue_depth_recount(connection, limit=limit)]


async def queue_depth_try_lock(connection: Connection) -> bool:
    """Return whether no other process changes the sums; keep them from it until the transaction ends."""
    is_alone: bool = await queries.queue_depth_try_lock(connection)
    return is_alone
