"""Outcomes of attempts on their way to the database, in batches: whatever has come while the last batch was written."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import asyncpg
import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs import metrics
from ninefold.core.jobs.model import JOB_PREFIX, AttemptOutcome, EndedJob
from ninefold.core.jobs.outcome_log import log_outcomes
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.postgres.errors import DatabaseUnavailableError

BATCH_MAX: Final = 500
RETRY_DELAY_S: Final = 0.5

OnRecorded: TypeAlias = Callable[[Sequence[AttemptOutcome]], None]

log = structlog.get_logger(__name__)


class JobRecorder:
    """Takes outcomes at once, and writes them as soon as it can; a batch that can't be written is tried again.

    Args:
        queue: where they are written.
        on_recorded: called with each batch once it is, or once it is clear that it never will be.
    """

    def __init__(self, queue: JobQueue, *, on_recorded: OnRecorded) -> None:
        self._queue = queue
        self._on_recorded = on_recorded
        self._outcomes: list[AttemptOutcome] = []
        self._has_work = asyncio.Event()
        self._is_closing = False

    def add(self, outcome: AttemptOutcome) -> None:
        """Take an outcome."""
        self._outcomes.append(outcome)
        self._has_work.set()

    async def run(self) -> None:
        """Write until `close` was called and everything is written."""
        while not self._is_closing or self._outcomes:
            await self._has_work.wait()
            self._has_work.clear()
            # What ends in the same turn of the loop is written together.
            await asyncio.sleep(0)
            while self._outcomes:
                batch, self._outcomes = self._outcomes[:BATCH_MAX], self._outcomes[BATCH_MAX:]
                await self._write_or_divide(batch)
                self._on_recorded(batch)

    def close(self) -> None:
        """Let `run` return as soon as everything is written."""
        self._is_closing = True
        self._has_work.set()

    async def _write_or_divide(self, outcomes: Sequence[AttemptOutcome]) -> None:
        """Write a batch; if the database refuses it, find the outcome that it is, and write the others."""
        try:
            await self._write_patiently(outcomes)
        except asyncpg.PostgresError:
            if len(outcomes) > 1:
                middle = len(outcomes) // 2
                await self._write_or_divide(outcomes[:middle])
                await self._write_or_divide(outcomes[middle:])
            else:
                # A bug of ours. The job stays this worker's until it ends, and is run again after it.
                log.exception("jobs.outcome.refused", job_id=format_id(JOB_PREFIX, outcomes[0].job.job_id))

    async def _write_patiently(self, outcomes: Sequence[AttemptOutcome]) -> None:
        """Write a batch, as often as it takes until the database answers."""
        while True:
            try:
                ended = await self._queue.finish(outcomes)
            except DatabaseUnavailableError as error:
                log.warning("jobs.outcomes.delayed", outcomes=len(outcomes), error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            else:
                _tell(outcomes, ended)
                return


def _tell(outcomes: Sequence[AttemptOutcome], ended: Sequence[EndedJob]) -> None:
    """Let metrics and log have what was recorded; that they can't take it, changes nothing of it."""
    try:
        metrics.count_outcomes(outcomes)
    except OSError as error:
        log.warning("jobs.metrics.failed", error=str(error))
    log_outcomes(outcomes, {job.job_id: job.state for job in ended})
