"""Counts attempts and durations in memory, and adds them to the database every few seconds.

A worker that is killed loses what it hasn't written: up to `MINUTES_INTERVAL_S` of minutes and `HOURS_INTERVAL_S` of
hours. That concerns figures only, never deliveries.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs.event_log import Result
from ninefold.systems.webhooks.model import Outcome
from ninefold.systems.webhooks.model.figures import ALL_SUBSCRIPTIONS, HOUR_S, MINUTE_S, Counted
from ninefold.systems.webhooks.rules.histograms import BOUNDS_MS, BUCKETS
from ninefold.systems.webhooks.store.figures import figure_add

MINUTES_INTERVAL_S: Final = 5.0
"""Seconds between additions to the figures of minutes."""

HOURS_INTERVAL_S: Final = 60.0
"""The same for hours, of which nobody looks at the last minute."""

log = structlog.get_logger(__name__)


class _Sums:
    """The attempts of a subscription or an organisation."""

    __slots__ = ("attempt_durations", "delivery_times", "failed", "succeeded")

    def __init__(self) -> None:
        self.succeeded = 0
        self.failed = 0
        self.attempt_durations = [0] * BUCKETS
        self.delivery_times = [0] * BUCKETS

    def add(self, other: "_Sums") -> None:
        self.succeeded += other.succeeded
        self.failed += other.failed
        self.attempt_durations = _add(self.attempt_durations, other.attempt_durations)
        self.delivery_times = _add(self.delivery_times, other.delivery_times)


_Key: TypeAlias = tuple[UUID, UUID]
"""An organisation, and a subscription or `ALL_SUBSCRIPTIONS`."""
_Figures: TypeAlias = defaultdict[_Key, _Sums]


class FigureCounter:
    """Counts what a worker has recorded, by minute and by hour.

    Args:
        database: where the figures are added.
        clock: decides to which minute an attempt belongs: the one in which it was recorded.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._closing = asyncio.Event()
        self._minute_at_s = 0
        self._current: dict[UUID, tuple[UUID, _Sums]] = {}
        """Of each subscription, its organisation and what was counted in the current minute."""
        self._unwritten: dict[tuple[int, int], _Figures] = defaultdict(lambda: defaultdict(_Sums))
        """By step and start, in seconds since the epoch."""

    def add(self, results: Sequence[Result]) -> None:
        """Count the attempts among some results. It is called for each batch, so it does little for each attempt."""
        minute_at_s = int(self._clock.now().timestamp()) // MINUTE_S * MINUTE_S
        if minute_at_s != self._minute_at_s:
            self._close_minute()
            self._minute_at_s = minute_at_s
        current = self._current
        for result in results:
            if not isinstance(result, Outcome) or not (result.is_counted or result.throttled_for_s is not None):
                # Nothing was sent, or Ninefold itself prevented or ended the attempt.
                continue
            found = current.get(result.subscription_id)
            if found is None:
                found = current[result.subscription_id] = (result.organisation_id, _Sums())
            sums, attempt = found[1], result.attempt
            sums.attempt_durations[bisect_left(BOUNDS_MS, attempt.duration_ms)] += 1
            if attempt.error_class is None:
                waited_ms = (attempt.attempted_at - result.round_started_at).total_seconds() * 1_000
                sums.succeeded += 1
                sums.delivery_times[bisect_left(BOUNDS_MS, waited_ms + attempt.duration_ms)] += 1
            else:
                sums.failed += 1

    def close(self) -> None:
        """Let `run` write what was counted, and return."""
        self._closing.set()

    async def run(self) -> None:
        """Add what was counted to the database every few seconds until `close` was called, and then once more."""
        loop = asyncio.get_running_loop()
        hours_due_s = loop.time() + HOURS_INTERVAL_S
        is_closing = False
        while not is_closing:
            await wait_for_any(self._closing, timeout_s=MINUTES_INTERVAL_S)
            is_closing = self._closing.is_set()
            steps = {MINUTE_S}
            if is_closing or loop.time() >= hours_due_s:
                steps, hours_due_s = {MINUTE_S, HOUR_S}, loop.time() + HOURS_INTERVAL_S
            await self._write(steps)

    def _close_minute(self) -> None:
        """Add the current minute to what must be written, for the subscriptions and for their organisations."""
        for subscription_id, (organisation_id, sums) in self._current.items():
            for step_s in (MINUTE_S, HOUR_S):
                figures = self._unwritten[step_s, self._minute_at_s // step_s * step_s]
                figures[organisation_id, subscription_id].add(sums)
                figures[organisation_id, ALL_SUBSCRIPTIONS].add(sums)
        self._current.clear()

    async def _write(self, steps: set[int]) -> None:
        """Write the figures of these steps. What can't be written now is kept for the next time."""
        self._close_minute()
        for key in [key for key in self._unwritten if key[0] in steps]:
            # Taken out first, because attempts are counted while this is written.
            figures = self._unwritten.pop(key)
            try:
                await self._write_one(*key, figures)
            except DatabaseUnavailableError as error:
                log.warning("webhooks.figures.delayed", error=str(error))
                for each, sums in figures.items():
                    self._unwritten[key][each].add(sums)
                return
            except asyncpg.PostgresError:
                # A bug in Ninefold, which must not end deliveries.
                log.exception("webhooks.figures.refused")

    async def _write_one(self, step_s: int, starts_at_s: int, figures: _Figures) -> None:
        starts_at = datetime.fromtimestamp(starts_at_s, UTC)
        async with self._database.transaction() as connection:
            await figure_add(connection, _counted(figures.items()), step_s=step_s, starts_at=starts_at)


def _counted(figures: Iterable[tuple[_Key, _Sums]]) -> list[Counted]:
    return [
        Counted(
            organisation_id=organisation_id,
            subscription_id=subscription_id,
            succeeded_attempts=sums.succeeded,
            failed_attempts=sums.failed,
            attempt_durations=sums.attempt_durations,
            delivery_times=sums.delivery_times,
        )
        for (organisation_id, subscription_id), sums in figures
    ]


def _add(some: list[int], others: list[int]) -> list[int]:
    return [one + other for one, other in zip(some, others, strict=True)]
