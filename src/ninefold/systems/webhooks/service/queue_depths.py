"""How full the queues are: of each organisation, and of the installation."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.webhooks.model.queues import DepthError, QueueLimits
from ninefold.systems.webhooks.store.queue_depths import (
    queue_depth_add_changes,
    queue_depth_list,
    queue_depth_lock,
    queue_depth_recount,
    queue_depth_try_lock,
)


class FilledQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue, and what it can hold."""

    organisation_id: UUID | None
    """None: that of the installation."""
    depth: int
    """Deliveries that wait for their first attempts."""
    capacity: int

    @property
    def share(self) -> float:
        """Which part of the capacity is used."""
        return self.depth / self.capacity


async def read_queue_depths(connection: Connection, limits: QueueLimits) -> Sequence[FilledQueue]:
    """Return the queue of the installation first, then those of organisations that have something in it."""
    depths = await queue_depth_list(connection)
    return [
        FilledQueue(
            organisation_id=None,
            depth=sum(depth.deliveries for depth in depths.values()),
            capacity=limits.installation,
        ),
        *(
            FilledQueue(organisation_id=organisation_id, depth=depth.deliveries, capacity=limits.organisation)
            for organisation_id, depth in depths.items()
        ),
    ]


async def add_up_depths(database: Database) -> int:
    """Add what has changed to the sums, unless another process does it now; return how many changes that were.

    Depths are right without it. But the more changes there are, the longer it takes to read them.
    """
    async with database.transaction() as connection:
        return await queue_depth_add_changes(connection) if await queue_depth_try_lock(connection) else 0


async def recount_depths(connection: Connection, *, limit: int) -> Sequence[DepthError]:
    """Count what is queued and correct the depths, unless it is `limit` events or more; return what was wrong.

    Args:
        connection: a transaction.
        limit: how many events are counted.
    """
    await queue_depth_lock(connection)
    return await queue_depth_recount(connection, limit=limit)
