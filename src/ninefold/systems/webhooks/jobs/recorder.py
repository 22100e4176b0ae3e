"""Outcomes on their way to the database, in batches: the busier, the larger."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.event_log import EventLog
from ninefold.systems.webhooks.jobs.outcome_log import log_outcomes
from ninefold.systems.webhooks.model import Outcome

BATCH_DELAY_S: Final = 0.02
"""How long outcomes wait for others before they are written together. Each transaction costs as much as fifty rows."""

BATCH_MAX: Final = 2_000
UNWRITTEN_MAX: Final = 10_000
"""With so many outcomes unwritten, no more work is claimed."""

RETRY_DELAY_S: Final = 0.5

log = structlog.get_logger(__name__)


OnRecorded: TypeAlias = Callable[[Sequence[Outcome]], None]


class OutcomeRecorder:
    """Takes outcomes at once, and writes them as soon as it can; a batch that can't be written is tried again.

    Args:
        event_log: where they are written.
        on_recorded: called with each batch once it is.
    """

    def __init__(self, event_log: EventLog, *, on_recorded: OnRecorded) -> None:
        self._event_log = event_log
        self._on_recorded = on_recorded
        self._outcomes: list[Outcome] = []
        self._finished_events: list[UUID] = []
        self._refused_events: set[UUID] = set()
        self._has_work = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closing = False

    def add(self, outcome: Outcome) -> None:
        """Take an outcome."""
        self._outcomes.append(outcome)
        self._has_work.set()
        if len(self._outcomes) >= UNWRITTEN_MAX:
            self._has_room.clear()

    def finish_event(self, event_id: UUID) -> None:
        """Finish an event once every outcome that was added before is written."""
        self._finished_events.append(event_id)
        self._has_work.set()

    async def wait_for_room(self) -> None:
        """Wait as long as `UNWRITTEN_MAX` outcomes or more are unwritten."""
        await self._has_room.wait()

    async def run(self) -> None:
        """Write until `close` was called and everything is written."""
        while True:
            await self._has_work.wait()
            if not self._is_closing:
                await asyncio.sleep(BATCH_DELAY_S)
            await self._write_all()
            if self._is_closing:
                return

    def close(self) -> None:
        """Let `run` return as soon as everything is written."""
        self._is_closing = True
        self._has_work.set()

    async def _write_all(self) -> None:
        self._has_work.clear()
        while self._outcomes or self._finished_events:
            outcomes, self._outcomes = self._outcomes[:BATCH_MAX], self._outcomes[BATCH_MAX:]
            finished: list[UUID] = []
            if not self._outcomes:
                # Only now has every outcome of these events been written, or is in this batch.
                finished, self._finished_events = self._finished_events, []
            await self._write_or_bisect(outcomes, finished)
            if len(self._outcomes) < UNWRITTEN_MAX:
                self._has_room.set()

    async def _write_or_bisect(self, outcomes: list[Outcome], finished: list[UUID]) -> None:
        """Write a batch; if database or driver refuse it, find the outcome that they refuse, and write the others."""
        try:
            await self._write_until_done(outcomes, finished)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            if len(outcomes) > 1:
                middle = len(outcomes) // 2
                await self._write_or_bisect(outcomes[:middle], [])
                await self._write_or_bisect(outcomes[middle:], finished)
                return
            # A bug of ours. The event isn't finished by it: it stays ours, and is attempted again after us.
            for outcome in outcomes:
                log.exception("webhooks.outcome.refused", delivery_id=str(outcome.delivery_id))
                self._refused_events.add(outcome.event_id)
            await self._write_until_done([], finished)

    async def _write_until_done(self, outcomes: list[Outcome], finished: list[UUID]) -> None:
        """Write a batch, again and again until the database is available."""
        while True:
            try:
                await self._event_log.record(
                    outcomes, finished_events=[event for event in finished if event not in self._refused_events]
                )
            except DatabaseUnavailableError as error:
                log.warning("webhooks.outcomes.delayed", outcomes=len(outcomes), error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            else:
                self._on_recorded(outcomes)
                _report(outcomes)
                return


def _report(outcomes: list[Outcome]) -> None:
    """Count and log what was recorded; metrics that can't be written hold nothing up."""
    try:
        metrics.count_outcomes(outcomes)
    except OSError as error:
        log.warning("webhooks.metrics.failed", error=str(error))
    log_outcomes(outcomes)
