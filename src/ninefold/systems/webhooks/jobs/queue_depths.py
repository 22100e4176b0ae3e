"""What workers do for queue depths: add them up, show them as metrics, and count from time to time what is queued.

Depths are changed by the transactions that accept and finish events, so a crash can't make them wrong. A server of an
older version, which runs during an upgrade, doesn't change them; that is corrected by counting.
"""

import asyncio
from typing import Final

import asyncpg
import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs import JobHandler, JobRun, Schedule
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.model import TIERS
from ninefold.systems.webhooks.model.queues import RECOUNT_QUEUES, RecountQueues
from ninefold.systems.webhooks.service.queue_depths import add_up_depths, recount_depths
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list_tiers

INTERVAL_S: Final = 5.0

RECOUNTED_MAX: Final = 200_000
"""With as many queued events or more, they aren't counted: that would add to the load that caused it."""

log = structlog.get_logger(__name__)


class QueueDepths:
    """Adds up the depths every few seconds, and sets the metrics, until the worker stops."""

    name: Final = "webhooks.depths"

    def __init__(self, context: WorkerContext[WebhooksSettings]) -> None:
        self._database = context.database
        self._clock = context.clock
        metrics.QUEUE_DEPTH_MAX.set(context.settings.installation_queue_depth_max)

    async def run(self, stopping: asyncio.Event) -> None:
        """Add up until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._show()
            except DatabaseUnavailableError as error:
                log.warning("webhooks.depths.unread", error=str(error))
            except asyncpg.PostgresError:
                # A bug in Ninefold, which must not end deliveries.
                log.exception("webhooks.depths.refused")
            await wait_for_any(stopping, timeout_s=INTERVAL_S)

    async def _show(self) -> None:
        await add_up_depths(self._database)
        async with self._database.connection() as connection:
            tiers = await queue_depth_list_tiers(connection)
        now = self._clock.now()
        for queue in tiers:
            tier = TIERS[queue.tier]
            metrics.QUEUE_DEPTH.labels(tier).set(queue.deliveries)
            metrics.QUEUE_AGE.labels(tier).set(
                0 if queue.oldest_at is None else max(0.0, (now - queue.oldest_at).total_seconds())
            )


class Recounted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    corrected: int
    """Depths that were wrong."""


async def recount_queues(_: JobRun[RecountQueues], context: WorkerContext[WebhooksSettings]) -> Recounted:
    """Count what is queued, and correct the depths that are wrong."""
    async with context.database.transaction() as connection:
        errors = await recount_depths(connection, limit=RECOUNTED_MAX)
    for error in errors:
        log.warning(
            "webhooks.depth.corrected",
            organisation_id=format_id(ORGANISATION_PREFIX, error.organisation_id),
            tier=TIERS[error.tier],
            deliveries=error.deliveries,
        )
    return Recounted(corrected=len(errors))


RECOUNT_QUEUES_HANDLER: Final = JobHandler(RECOUNT_QUEUES, recount_queues)

RECOUNT_QUEUES_HOURLY: Final = Schedule(
    name="webhooks.recount_queues",
    kind=RECOUNT_QUEUES,
    cron="7 * * * *",
    make_payload=lambda _: RecountQueues(),
)
