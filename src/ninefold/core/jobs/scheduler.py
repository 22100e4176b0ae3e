"""The worker task that enqueues scheduled jobs. It runs in every worker, but each tick is enqueued once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from ninefold.core.jobs import store
from ninefold.core.jobs.model import JOBS_CHANNEL
from ninefold.core.jobs.schedules import Schedule, last_tick, next_tick
from ninefold.core.jobs.service import enqueue_unique
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any

POLL_S: Final = 1.0
"""The interval between two polls for due schedules; a job can be enqueued this late."""

log = structlog.get_logger(__name__)


class JobScheduler:
    """Enqueues a job for each tick of its schedules.

    The transaction that enqueues a tick's job also sets the schedule's next tick, so several workers can't enqueue it
    twice. If ticks were missed because no worker ran, one job is enqueued for the latest of them.

    Args:
        database: has the jobs and the schedules.
        notifier: is notified when a job was enqueued.
        schedules: the schedules in the code, with unique names.
    """

    name = "jobs.schedule"

    def __init__(self, database: Database, notifier: Notifier, schedules: Sequence[Schedule[Any]]) -> None:
        self._database = database
        self._notifier = notifier
        self._schedules = {schedule.name: schedule for schedule in schedules}
        if len(self._schedules) != len(schedules):
            raise ValueError("Two schedules have the same name.")
        self._are_registered = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Enqueue due jobs until `stopping` is set."""
        while self._schedules and not stopping.is_set():
            try:
                if not self._are_registered:
                    await self._register()
                if await self._enqueue_due():
                    self._notifier.notify(JOBS_CHANNEL)
            except DatabaseUnavailableError as error:
                log.warning("jobs.schedule.delayed", error=str(error))
            await wait_for_any(stopping, timeout_s=POLL_S)

    async def _register(self) -> None:
        """Write new and changed schedules, each with its next tick from now."""
        async with self._database.transaction() as connection:
            now = await store.schedule_read_clock(connection)
            for schedule in sorted(self._schedules.values(), key=lambda each: each.name):
                await store.schedule_upsert(
                    connection,
                    name=schedule.name,
                    cron=schedule.cron,
                    timezone=schedule.timezone,
                    next_run_at=next_tick(schedule, after=now),
                )
        self._are_registered = True

    async def _enqueue_due(self) -> int:
        """Enqueue a job for each schedule that is due; return how many were due."""
        async with self._database.transaction() as connection:
            due = await store.schedule_lock_due(connection, names=list(self._schedules))
            for name, now in due:
                await self._enqueue(connection, self._schedules[name], last_tick(self._schedules[name], until=now))
                await store.schedule_set_next(
                    connection, name=name, next_run_at=next_tick(self._schedules[name], after=now)
                )
        return len(due)

    async def _enqueue(self, connection: Connection, schedule: Schedule[Any], tick: datetime) -> None:
        # With the key, the jobs of a schedule don't overlap, and they don't pile up if they take longer than a tick.
        job_id = await enqueue_unique(
            connection, schedule.kind, schedule.make_payload(tick), organisation_id=None, key=schedule.name
        )
        log.info("jobs.schedule.ticked", schedule=schedule.name, tick=tick, is_enqueued=job_id is not None)
