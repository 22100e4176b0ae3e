"""Hands out jobs to the runners that wait at this server process: one claim for all of them at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.workflows.model.fleet import FreeRunner, Runner, lower_labels
from ninefold.systems.workflows.service.channels import JOBS_QUEUED
from ninefold.systems.workflows.service.fleet.claims import Claims, claim_jobs
from ninefold.systems.workflows.service.fleet.metrics import PICKUP
from ninefold.systems.workflows.store.leases import ClaimedRow

POLL_S: Final = 5.0
"""How long runners wait at most without a look at the queue, in case a notification is lost."""

CONTENDED_DELAY_S: Final = 0.003
"""How long to wait when another process has locked what may have jobs: about as long as its claim takes."""

ERROR_DELAY_S: Final = 1.0

RUNNERS_AT_ONCE: Final = 256
"""Runners that one claim serves."""

log = structlog.get_logger(__name__)


class Dispatcher:
    """Claims jobs for the runners that wait here, as soon as there are any.

    It works while a runner waits; nothing is read otherwise.
    """

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        *,
        jobs_max: int,
        lease: timedelta,
        stopping: asyncio.Event,
    ) -> None:
        self._database = database
        self._jobs_max = jobs_max
        self._lease = lease
        self._stopping = stopping
        self._notified = notifier.subscribe(JOBS_QUEUED)
        self._waiting: Final[dict[UUID, _Waiting]] = {}
        self._serving: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look at the queue: something may have changed in it."""
        self._notified.set()

    async def claim(self, runner: Runner, *, slots: int, wait_s: float) -> Sequence[ClaimedRow]:
        """Return jobs for a runner; none if there is none for it within some time, or if the server stops.

        Jobs that are claimed when the caller has gone stay the runner's; it gets them at its next claim.
        """
        waiting = _Waiting(runner, slots)
        earlier = self._waiting.pop(runner.runner_id, None)
        if earlier is not None:
            earlier.give([])
        self._waiting[runner.runner_id] = waiting
        self._notified.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        until = asyncio.get_running_loop().time() + wait_s
        try:
            await asyncio.shield(waiting.was_considered)
            left_s = until - asyncio.get_running_loop().time()
            if left_s > 0:
                await asyncio.wait([waiting.result], timeout=left_s)
        finally:
            if self._waiting.get(runner.runner_id) is waiting:
                del self._waiting[runner.runner_id]
        return waiting.result.result() if waiting.result.done() else []

    async def _serve(self) -> None:
        while self._waiting and not self._stopping.is_set():
            await wait_for_any(self._notified, self._stopping, timeout_s=POLL_S)
            self._notified.clear()
            try:
                may_be_more = await self._claim_once()
            except DatabaseUnavailableError as error:
                log.warning("workflows.claim.failed", error=str(error))
                await wait_for_any(self._stopping, timeout_s=ERROR_DELAY_S)
                self._notified.set()
                continue
            if may_be_more:
                await asyncio.sleep(CONTENDED_DELAY_S)
                self._notified.set()
        for waiting in self._waiting.values():
            waiting.give([])

    async def _claim_once(self) -> bool:
        chosen = list(self._waiting.values())[:RUNNERS_AT_ONCE]
        if not chosen:
            return False
        async with self._database.transaction() as connection:
            found = await claim_jobs(
                connection,
                [waiting.free for waiting in chosen],
                names={waiting.runner.runner_id: waiting.runner.name for waiting in chosen},
                jobs_max=self._jobs_max,
                lease=self._lease,
                at=datetime.now(UTC),
            )
        self._give(found)
        for waiting in chosen:
            waiting.consider()
        return found.may_be_more or len(self._waiting) > RUNNERS_AT_ONCE

    def _give(self, found: Claims) -> None:
        jobs: dict[UUID, list[ClaimedRow]] = {}
        now = datetime.now(UTC)
        for claimed in found.claimed:
            jobs.setdefault(claimed.runner_id, []).append(claimed)
            PICKUP.observe(max(0.0, (now - claimed.queued_at).total_seconds()))
        for runner_id, given in jobs.items():
            waiting = self._waiting.pop(runner_id, None)
            if waiting is not None:
                waiting.give(given)


class _Waiting:
    """A runner that waits for jobs."""

    def __init__(self, runner: Runner, slots: int) -> None:
        self.runner: Final = runner
        self.free: Final = FreeRunner(
            runner_id=runner.runner_id,
            organisation_id=runner.organisation_id,
            labels=lower_labels(runner.labels),
            runner_group=runner.runner_group,
            slots=slots,
        )
        loop = asyncio.get_running_loop()
        self.result: Final[asyncio.Future[Sequence[ClaimedRow]]] = loop.create_future()
        self.was_considered: Final[asyncio.Future[None]] = loop.create_future()
        """Done when the queue was looked at for it once."""

    def give(self, jobs: Sequence[ClaimedRow]) -> None:
        """Let it go with these jobs."""
        self.consider()
        if not self.result.done():
            self.result.set_result(jobs)

    def consider(self) -> None:
        """Note that the queue was looked at for it."""
        if not self.was_considered.done():
            self.was_considered.set_result(None)
