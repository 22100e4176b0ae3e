"""Writes results to the database in batches, which grow with the load."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from msgspec.structs import replace

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.event_log import EventLog, Result
from ninefold.systems.webhooks.jobs.outcome_logging import log_outcomes
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Outcome

BATCH_DELAY_S: Final = 0.04
"""How long to collect outcomes for a batch. A transaction costs as much as fifty rows."""

FEW_RESULTS: Final = 20
"""Results of one batch. After so few, the next is written as soon as it has an ordered one, whose key waits for it."""

BATCH_MAX: Final = 2_000
UNWRITTEN_MAX: Final = 10_000
URGENT_UNWRITTEN_MAX: Final = 20_000
"""While this many outcomes are unwritten, no more work is claimed: by the second limit, critical events neither."""

RETRY_DELAY_S: Final = 0.5

log = structlog.get_logger(__name__)


OnRecorded: TypeAlias = Callable[[Sequence[Result]], None]


class OutcomeRecorder:
    """Accepts results without waiting, and writes them in batches. A batch that can't be written is retried.

    Args:
        event_log: where the results are written.
        on_recorded: called with each batch after it was written.
    """

    def __init__(self, event_log: EventLog, *, on_recorded: OnRecorded) -> None:
        self._event_log = event_log
        self._on_recorded = on_recorded
        self._results: list[Result] = []
        self._finished_events: list[UUID] = []
        self._refused_events: set[UUID] = set()
        self._has_work = asyncio.Event()
        self._has_ordered = asyncio.Event()
        self._written_last = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._has_urgent_room = asyncio.Event()
        self._has_urgent_room.set()
        self._is_closing = False

    def add(self, result: Result) -> None:
        """Accept a result, to be written with the next batch."""
        self._results.append(result)
        self._has_work.set()
        if result.is_ordered:
            self._has_ordered.set()
        if len(self._results) >= UNWRITTEN_MAX:
            self._has_room.clear()
        if len(self._results) >= URGENT_UNWRITTEN_MAX:
            self._has_urgent_room.clear()

    def finish_event(self, event_id: UUID) -> None:
        """Finish an event after every outcome that was added before it is written."""
        self._finished_events.append(event_id)
        self._has_work.set()

    async def wait_for_room(self, *, is_urgent: bool = False) -> None:
        """Wait while `UNWRITTEN_MAX` outcomes or more are unwritten, or `URGENT_UNWRITTEN_MAX` for urgent work."""
        await (self._has_urgent_room if is_urgent else self._has_room).wait()

    async def run(self) -> None:
        """Write outcomes until `close` was called and everything is written."""
        while True:
            await self._has_work.wait()
            if not self._is_closing:
                await self._collect()
            await self._write_all()
            if self._is_closing:
                return

    def close(self) -> None:
        """Let `run` return as soon as everything is written."""
        self._is_closing = True
        self._has_work.set()

    async def _collect(self) -> None:
        """Wait for more results: not as long as there are few and the next delivery of a key waits for one of them."""
        if self._written_last > FEW_RESULTS:
            await asyncio.sleep(BATCH_DELAY_S)
        else:
            await wait_for_any(self._has_ordered, timeout_s=BATCH_DELAY_S)

    async def _write_all(self) -> None:
        self._has_work.clear()
        self._has_ordered.clear()
        self._written_last = len(self._results)
        while self._results or self._finished_events:
            results, self._results = self._results[:BATCH_MAX], self._results[BATCH_MAX:]
            finished: list[UUID] = []
            if not self._results:
                # Every outcome of these events has been written or is in this batch.
                finished, self._finished_events = self._finished_events, []
            await self._write_or_bisect(results, finished)
            if len(self._results) < UNWRITTEN_MAX:
                self._has_room.set()
            if len(self._results) < URGENT_UNWRITTEN_MAX:
                self._has_urgent_room.set()

    async def _write_or_bisect(self, results: list[Result], finished: list[UUID]) -> None:
        """Write a batch. If the database or the driver rejects it, find the rejected outcome and write the others."""
        try:
            await self._write_until_done(results, finished)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            if len(results) > 1:
                middle = len(results) // 2
                await self._write_or_bisect(results[:middle], [])
                await self._write_or_bisect(results[middle:], finished)
                return
            # A bug in Ninefold. The event isn't finished, so another worker attempts it again after this one stops.
            for result in results:
                log.exception("webhooks.outcome.refused", delivery_id=str(result.delivery_id))
                self._refused_events.add(result.event_id)
            await self._write_until_done([], finished)

    async def _write_until_done(self, results: list[Result], finished: list[UUID]) -> None:
        """Write a batch; retry while the database is unavailable."""
        while True:
            try:
                corrected = await self._event_log.record(
                    results, finished_events=[event for event in finished if event not in self._refused_events]
                )
            except DatabaseUnavailableError as error:
                log.warning("webhooks.outcomes.delayed", outcomes=len(results), error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            else:
                self._on_recorded(results)
                _report(results, corrected)
                return


def _report(results: list[Result], corrected: Mapping[UUID, DeliveryStatus]) -> None:
    """Count and log what was recorded. An error in writing the metrics is logged and ignored."""
    outcomes = [result for result in results if isinstance(result, Outcome)]
    if corrected:
        outcomes = [replace(each, status=corrected.get(each.delivery_id, each.status)) for each in outcomes]
    try:
        metrics.count_outcomes(outcomes)
        metrics.DELIVERIES_POSTPONED.inc(len(results) - len(outcomes))
    except OSError as error:
        log.warning("webhooks.metrics.failed", error=str(error))
    log_outcomes(outcomes)
