"""Writes outcomes of attempts in batches; a batch is what arrived while the previous one was written."""

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
    """Buffers outcomes and writes them as soon as possible. It retries while the database is unavailable.

    Args:
        queue: writes them.
        on_recorded: called with each batch when it is written, or when the database has rejected it.
    """

    def __init__(self, queue: JobQueue, *, on_recorded: OnRecorded) -> None:
        self._queue = queue
        self._on_recorded = on_recorded
        self._outcomes: list[AttemptOutcome] = []
        self._has_work = asyncio.Event()
        self._is_closing = False

    def add(self, outcome: AttemptOutcome) -> None:
        """Add an outcome to the next batch."""
        self._outcomes.append(outcome)
        self._has_work.set()

    async def run(self) -> None:
        """Write outcomes until `close` was called and everything is written."""
        while not self._is_closing or self._outcomes:
            await self._has_work.wait()
            self._has_work.clear()
            # Attempts that end in the same iteration of the event loop go into one batch.
            await asyncio.sleep(0)
            while self._outcomes:
                batch, self._outcomes = self._outcomes[:BATCH_MAX], self._outcomes[BATCH_MAX:]
                await self._write_or_split(batch)
                self._on_recorded(batch)

    def close(self) -> None:
        """Make `run` return when everything is written."""
        self._is_closing = True
        self._has_work.set()

    async def _write_or_split(self, outcomes: Sequence[AttemptOutcome]) -> None:
        """Write a batch. If the database rejects it, split it to find the bad outcome and write the others."""
        try:
            await self._write_with_retries(outcomes)
        except asyncpg.PostgresError:
            if len(outcomes) > 1:
                middle = len(outcomes) // 2
                await self._write_or_split(outcomes[:middle])
                await self._write_or_split(outcomes[middle:])
            else:
                # A bug in Ninefold. This worker holds the job until it exits; then another one runs it again.
                log.exception("jobs.outcome.refused", job_id=format_id(JOB_PREFIX, outcomes[0].job.job_id))

    async def _write_with_retries(self, outcomes: Sequence[AttemptOutcome]) -> None:
        """Write a batch; retry until the database is available."""
        while True:
            try:
                ended = await self._queue.finish(outcomes)
            except DatabaseUnavailableError as error:
                log.warning("jobs.outcomes.delayed", outcomes=len(outcomes), error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            else:
                _log_and_count(outcomes, ended)
                return


def _log_and_count(outcomes: Sequence[AttemptOutcome], ended: Sequence[EndedJob]) -> None:
    """Count and log recorded outcomes. An error of the metrics is only logged, because the outcomes are recorded."""
    try:
        metrics.count_outcomes(outcomes)
    except OSError as error:
        log.warning("jobs.metrics.failed", error=str(error))
    log_outcomes(outcomes, {job.job_id: job.state for job in ended})
