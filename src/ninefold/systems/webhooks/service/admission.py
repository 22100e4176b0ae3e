"""Admission control: a process accepts events until too much is queued, and refuses them until some of it is done.

A process knows the depths of a moment ago, and what it has accepted since. It reads them again as it publishes: every
`INTERVAL_S`, sooner when it has used up a part of the room, and before it refuses anything. So what is queued exceeds a
limit by no more than the deliveries of one event, and what other processes accept between two readings.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import Context
from time import monotonic
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from prometheus_client import Counter as MetricCounter

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.webhooks.errors import QueueFullError
from ninefold.systems.webhooks.model import TIERS, NewEvent
from ninefold.systems.webhooks.model.queues import Depths, QueueLimits
from ninefold.systems.webhooks.rules.queue_limits import (
    FullQueue,
    drained_per_s,
    find_full_queue,
    retry_after_s,
)
from ninefold.systems.webhooks.service.queue_depths import add_up_depths
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list

INTERVAL_S: Final = 1.0
"""Seconds between two readings, while there is much room."""

AGE_S_MAX: Final = 5.0
"""The age of a reading that is still used. A process that publishes less often reads before each time."""

CONFIRMED_S: Final = 0.25
"""The age of a reading that is enough to refuse something."""

PRESSED_INTERVAL_S: Final = 0.05
PRESSED_PARTS: Final = 8
"""Once a process has accepted one of so many parts of the room, it reads every `PRESSED_INTERVAL_S`."""

ADD_UP_INTERVAL_S: Final = 5.0

WATCHED_S: Final = 15.0
"""The time up to now whose readings say how fast a queue drains."""

_REFUSED: Final = MetricCounter(
    "ninefold_webhooks_events_refused_total",
    "Events that were refused because a queue was full, by queue (organisation, installation) and tier.",
    ["queue", "tier"],
)

log = structlog.get_logger(__name__)


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The depths at a moment."""

    at_s: float
    depths: Depths
    installation: int
    """The deliveries of all organisations that are queued."""
    finished: int
    """Those that have left the queue since some earlier moment."""


_NOTHING: Final = _Reading(at_s=-AGE_S_MAX, depths={}, installation=0, finished=0)


class AdmissionControl:
    """Decides in a process which events are accepted.

    Args:
        database: where the depths are read.
        limits: what the queues can hold.
    """

    def __init__(self, database: Database, limits: QueueLimits) -> None:
        self._database: Final = database
        self._limits: Final = limits
        self._reading = _NOTHING
        self._readings: deque[_Reading] = deque()
        self._added: Counter[UUID] = Counter()
        """Deliveries that this process has accepted and the latest reading may not contain."""
        self._added_total = 0
        self._committed: Counter[UUID] = Counter()
        """Those of them that the next reading will contain."""
        self._is_pressed = False
        self._added_up_at_s = monotonic()
        self._reader: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Admission"]:
        """Yield the admission of a transaction, which must end before the block does."""
        admission = Admission(self)
        try:
            yield admission
        finally:
            # If it was rolled back, it is counted until the next reading.
            self._committed.update(admission.accepted)
            self._read_if_due()

    def find_full(self, organisation_id: UUID, *, tier: int) -> FullQueue | None:
        """Return which queue is full for events of an organisation and tier, as far as this process knows."""
        reading, limits = self._reading, self._limits
        known, added = reading.depths.get(organisation_id), self._added[organisation_id]
        depth = known.deliveries if known else 0
        if added and (
            added * PRESSED_PARTS > limits.organisation - depth
            or self._added_total * PRESSED_PARTS > limits.installation - reading.installation
        ):
            self._is_pressed = True
        return find_full_queue(
            limits,
            tier=tier,
            organisation_depth=depth + added,
            installation_depth=reading.installation + self._added_total,
            organisations=len(reading.depths),
        )

    def add(self, organisation_id: UUID, deliveries: int) -> None:
        """Count deliveries that are accepted now."""
        self._added[organisation_id] += deliveries
        self._added_total += deliveries

    def refuse(self, full: FullQueue, organisation_id: UUID, *, tier: int) -> QueueFullError:
        """Return the error that says that a queue is full, and count it."""
        _REFUSED.labels(full.queue, TIERS[tier]).inc()
        whose = "this organisation" if full.queue == "organisation" else "all organisations of this installation"
        wait_s = retry_after_s(
            full, drained_per_s=self._drained_per_s(organisation_id if full.queue == "organisation" else None)
        )
        return QueueFullError(
            f"{full.depth:,} deliveries of {whose} wait for their first attempts."
            f" {TIERS[tier].capitalize()} events are accepted while there are fewer than {full.accepted_below:,}.",
            retry_after_s=wait_s,
            remedy=f"Send the same request again in {wait_s} s, as Retry-After says. What was accepted is delivered.",
        )

    async def read(self, connection: Connection, *, unless_younger_s: float) -> None:
        """Read the depths, unless the latest reading is younger.

        Args:
            connection: a connection in which no earlier snapshot is used.
            unless_younger_s: the age that is enough.
        """
        began_at_s = monotonic()
        if began_at_s - self._reading.at_s < unless_younger_s:
            return
        contained, self._committed = self._committed, Counter()
        try:
            depths = await queue_depth_list(connection)
        except BaseException:
            self._committed.update(contained)
            raise
        self._added.subtract(contained)
        self._added += Counter()
        self._added_total -= contained.total()
        if began_at_s >= self._reading.at_s:
            self._reading = _Reading(
                at_s=began_at_s,
                depths=depths,
                installation=sum(depth.deliveries for depth in depths.values()),
                finished=self._reading.finished + _finished_between(self._reading.depths, depths),
            )
            self._readings.append(self._reading)
            while self._readings[0].at_s < began_at_s - WATCHED_S:
                self._readings.popleft()
            self._is_pressed = False

    def _read_if_due(self) -> None:
        interval_s = PRESSED_INTERVAL_S if self._is_pressed else INTERVAL_S
        if self._reader is None and monotonic() - self._reading.at_s >= interval_s:
            # In a context of its own: what it logs isn't about a caller.
            self._reader = asyncio.get_running_loop().create_task(self._read_again(), context=Context())
            self._reader.add_done_callback(self._end_reading)

    async def _read_again(self) -> None:
        try:
            if monotonic() - self._added_up_at_s >= ADD_UP_INTERVAL_S:
                self._added_up_at_s = monotonic()
                await add_up_depths(self._database)
            async with self._database.connection() as connection:
                await self.read(connection, unless_younger_s=0)
        except DatabaseUnavailableError as error:
            log.warning("webhooks.depths.unread", error=str(error))
        except asyncpg.PostgresError:
            # A bug in Ninefold, which must not end publishing.
            log.exception("webhooks.depths.refused")

    def _end_reading(self, _: "asyncio.Task[None]") -> None:
        self._reader = None

    def _drained_per_s(self, organisation_id: UUID | None) -> float | None:
        """Return how fast the queue of an organisation, or that of the installation, has drained lately."""
        if organisation_id is None:
            return drained_per_s([(each.at_s, each.finished) for each in self._readings])
        found = ((each.at_s, each.depths.get(organisation_id)) for each in self._readings)
        return drained_per_s([(at_s, depth.finished) for at_s, depth in found if depth is not None])


class Admission:
    """What a transaction may accept.

    Args:
        control: that of the process.
    """

    def __init__(self, control: AdmissionControl) -> None:
        self._control: Final = control
        self.accepted: Final[Counter[UUID]] = Counter()
        """Deliveries, by organisation."""

    async def find_refused(self, connection: Connection, events: Iterable[NewEvent]) -> dict[UUID, QueueFullError]:
        """Return which events are refused, and why; count the others as accepted.

        After one that is refused, no other one of its organisation and tier is accepted, so that they keep their order.
        Events without deliveries are never refused.
        """
        control = self._control
        await control.read(connection, unless_younger_s=AGE_S_MAX)
        refused: dict[UUID, QueueFullError] = {}
        full_queues: dict[tuple[UUID, int], FullQueue] = {}
        for event in events:
            if not event.queued_deliveries:
                continue
            organisation_id, tier = event.organisation_id, TIERS.index(event.tier)
            full = full_queues.get((organisation_id, tier)) or control.find_full(organisation_id, tier=tier)
            if full is not None and (organisation_id, tier) not in full_queues:
                await control.read(connection, unless_younger_s=CONFIRMED_S)
                full = control.find_full(organisation_id, tier=tier)
            if full is None:
                control.add(organisation_id, event.queued_deliveries)
                self.accepted[organisation_id] += event.queued_deliveries
            else:
                full_queues[organisation_id, tier] = full
                refused[event.event_id] = control.refuse(full, organisation_id, tier=tier)
        return refused


def _finished_between(earlier: Depths, later: Depths) -> int:
    """Return how many deliveries have left the queues, of the organisations that still have something in theirs."""
    return sum(
        max(0, depth.finished - before.finished)
        for organisation_id, depth in later.items()
        if (before := earlier.get(organisation_id)) is not None
    )
