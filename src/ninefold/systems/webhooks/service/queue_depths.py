"""How full the queues are: of each organisation, and of the installation."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.settings import AlertSettings
from ninefold.systems.webhooks.store.backlogs import backlog_list_depths


class FilledQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue, and what it can hold."""

    organisation_id: UUID | None
    """None: that of the installation."""
    depth: int
    """Events that wait for their first attempts; at most `capacity` of one organisation are counted."""
    capacity: int

    @property
    def share(self) -> float:
        """Which part of the capacity is used."""
        return self.depth / self.capacity


async def read_queue_depths(connection: Connection, settings: AlertSettings) -> Sequence[FilledQueue]:
    """Return the queue of the installation first, then those of organisations that have something in it."""
    capacity = settings.alert_organisation_queue_capacity
    depths = await backlog_list_depths(connection, limit=capacity)
    return [
        FilledQueue(organisation_id=None, depth=sum(depths.values()), capacity=settings.alert_queue_capacity),
        *(
            FilledQueue(organisation_id=organisation_id, depth=depth, capacity=capacity)
            for organisation_id, depth in depths.items()
        ),
    ]
