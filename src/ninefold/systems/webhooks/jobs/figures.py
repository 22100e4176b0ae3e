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
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs.event_log import Result
from ninefold.systems.webhooks.model.attempts import Outcome
from ninefold.systems.webhooks.model.figures import ALL_EVENT_TYPES, HOUR_S, MINUTE_S, Counted, FigureKey
from ninefold.systems.webhooks.rules.event_types import OPERATIONAL_EVENT_TYPES, is_private
from ninefold.systems.webhooks.rules.histograms import BOUNDS_MS, BUCKETS
from ninefold.systems.webhooks.store.figured_types import figured_type_add, figured_type_find
from ninefold.systems.webhooks.store.figures import figure_add

MINUTES_INTERVAL_S: Final = 5.0
"""Seconds between additions to the figures of minutes."""

HOURS_INTERVAL_S: Final = 60.0
"""The same for hours, of which nobody looks at the last minute."""

EVENT_TYPES_MAX: Final = 50
"""Event types of an organisation that have figures of their own, besides those of alerts."""

PAIRS_MAX: Final = 200
"""Pairs of a subscription and an event type of an organisation that have figures of their own."""

EVENT_TYPES_COUNTED_MAX: Final = 100
"""Event types of a subscription that a worker tells apart between two additions."""

_LISTED_MAX: Final = 50_000
"""Keys with figures of their own that a worker remembers between two additions to hours."""

log = structlog.get_logger(__name__)


class _Sums:
    """The attempts of a subscription, an event type or an organisation."""

    __slots__ = ("attempt_durations", "delivery_times", "failed", "retried", "succeeded")

    def __init__(self) -> None:
        self.succeeded = 0
        self.failed = 0
        self.retried = 0
        self.attempt_durations = [0] * BUCKETS
        self.delivery_times = [0] * BUCKETS

    def add(self, other: "_Sums") -> None:
        self.succeeded += other.succeeded
        self.failed += other.failed
        self.retried += other.retried
        self.attempt_durations = _add(self.attempt_durations, other.attempt_durations)
        self.delivery_times = _add(self.delivery_times, other.delivery_times)

    @property
    def attempts(self) -> int:
        return self.succeeded + self.failed


_Figures: TypeAlias = defaultdict[FigureKey, _Sums]


class _Current:
    """What was counted of a subscription in the current minute, by event type."""

    __slots__ = ("by_event_type", "organisation_id")

    def __init__(self, organisation_id: UUID) -> None:
        self.organisation_id = organisation_id
        self.by_event_type: dict[str, _Sums] = {}

    def sums_of(self, event_type: str) -> _Sums:
        """Return what was counted of an event type, or of all those that aren't told apart."""
        is_full = len(self.by_event_type) >= EVENT_TYPES_COUNTED_MAX
        if is_private(event_type) or (is_full and event_type not in OPERATIONAL_EVENT_TYPES):
            event_type = ALL_EVENT_TYPES
        return self.by_event_type.setdefault(event_type, _Sums())

    def total(self) -> _Sums:
        if len(self.by_event_type) == 1:
            return next(iter(self.by_event_type.values()))
        total = _Sums()
        for sums in self.by_event_type.values():
            total.add(sums)
        return total


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
        self._current: dict[UUID, _Current] = {}
        """By subscription."""
        self._unwritten: dict[tuple[int, int], _Figures] = defaultdict(lambda: defaultdict(_Sums))
        """By step and start, in seconds since the epoch."""
        self._listed: set[FigureKey] = set()
        """Event types that are known to have figures of their own."""

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
                found = current[result.subscription_id] = _Current(result.organisation_id)
            sums, attempt = found.by_event_type.get(result.event_type), result.attempt
            if sums is None:
                sums = found.sums_of(result.event_type)
            sums.attempt_durations[bisect_left(BOUNDS_MS, attempt.duration_ms)] += 1
            if result.round_attempt_count > 1:
                sums.retried += 1
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
                # Some may no longer be listed.
                self._listed.clear()
            await self._write(steps)

    def _close_minute(self) -> None:
        """Add the current minute to what must be written: of subscriptions, of event types, and of organisations."""
        for subscription_id, current in self._current.items():
            organisation_id, total = current.organisation_id, current.total()
            for step_s in (MINUTE_S, HOUR_S):
                figures = self._unwritten[step_s, self._minute_at_s // step_s * step_s]
                figures[FigureKey(organisation_id, subscription_id)].add(total)
                figures[FigureKey(organisation_id)].add(total)
                for event_type, sums in current.by_event_type.items():
                    if event_type != ALL_EVENT_TYPES:
                        figures[FigureKey(organisation_id, subscription_id, event_type)].add(sums)
                        figures[FigureKey(organisation_id, event_type=event_type)].add(sums)
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
            listed = await self._list_types(connection, figures)
            written = [(key, sums) for key, sums in figures.items() if key in listed or not key.event_type]
            await figure_add(connection, _counted(written), step_s=step_s, starts_at=starts_at)
        if len(self._listed) < _LISTED_MAX:
            self._listed |= listed

    async def _list_types(self, connection: Connection, figures: _Figures) -> set[FigureKey]:
        """Return which event types have figures of their own; while there is room, those with the most attempts do.

        Another worker that adds to the list at the same moment can exceed its limit by a few.
        """
        by_attempts = sorted(figures, key=lambda key: figures[key].attempts, reverse=True)
        wanted = [key for key in by_attempts if key.event_type and key not in self._listed]
        listed = self._listed.intersection(figures)
        listed.update(key for key in wanted if key.event_type in OPERATIONAL_EVENT_TYPES)
        unknown = [key for key in wanted if key not in listed]
        if unknown:
            listed |= await figured_type_find(connection, unknown)
            unlisted = [key for key in unknown if key not in listed]
            if unlisted:
                listed |= await figured_type_add(
                    connection, unlisted, event_types_max=EVENT_TYPES_MAX, pairs_max=PAIRS_MAX
                )
        return listed


def _counted(figures: Iterable[tuple[FigureKey, _Sums]]) -> list[Counted]:
    return [
        Counted(
            organisation_id=key.organisation_id,
            subscription_id=key.subscription_id,
            event_type=key.event_type,
            succeeded_attempts=sums.succeeded,
            failed_attempts=sums.failed,
            retried_attempts=sums.retried,
            attempt_durations=sums.attempt_durations,
            delivery_times=sums.delivery_times,
        )
        for key, sums in figures
    ]


def _add(some: list[int], others: list[int]) -> list[int]:
    return [one + other for one, other in zip(some, others, strict=True)]
