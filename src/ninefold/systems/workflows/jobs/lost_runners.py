"""The worker's task that finds jobs whose runner was silent for too long."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.channels import JOBS_QUEUED, notify_changed
from ninefold.systems.workflows.service.fleet.metrics import LOST
from ninefold.systems.workflows.service.fleet.working import lose_job, silence_of
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import leases
from ninefold.systems.workflows.store.leases import Lease

CHECKS_PER_LEASE: Final = 10
INTERVAL_S_MAX: Final = 3.0
LOST_AT_ONCE: Final = 100
"""Jobs that are looked up together; each is in a transaction of its own."""

log = structlog.get_logger(__name__)


class LostRunnerFinder:
    """Looks for expired leases until the worker stops. Every worker does; what one has done, others find done."""

    name = "workflows.lost_runners"

    def __init__(self, context: WorkerContext[WorkflowsSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._lease = timedelta(seconds=context.settings.lease_s)
        self._interval_s = min(INTERVAL_S_MAX, context.settings.lease_s / CHECKS_PER_LEASE)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self.check()
            except DatabaseUnavailableError as error:
                log.warning("workflows.leases.unchecked", error=str(error))
            await wait_for_any(stopping, timeout_s=self._interval_s)

    async def check(self) -> int:
        """Take jobs away from runners that are lost; return how many."""
        async with self._database.connection() as connection:
            expired = await leases.lease_list_expired(
                connection, lease=self._lease, silence=silence_of(self._lease), limit=LOST_AT_ONCE
            )
        for lease in expired:
            await self._lose(lease)
        return len(expired)

    async def _lose(self, lease: Lease) -> None:
        async with self._database.transaction() as connection:
            changed = await lose_job(connection, lease, at=datetime.now(UTC))
        if not changed.run_ids:
            # Another worker was faster, or the runner is back.
            return
        LOST.inc()
        log.warning("workflows.runner.lost", job=format_id(JOB_PREFIX, lease.job_id), status=lease.status)
        notify_changed(self._notifier, changed)
        self._notifier.notify(JOBS_QUEUED, str(lease.organisation_id))
