"""Admission control: a process accepts events until too much is queued, and refuses them until some of it is done.

A process knows the depths of a moment ago, and what it has accepted since. It reads them again as it publishes: every
`INTERVAL_S`, sooner when it has used up a part of the room, and before it refuses anything. So what is queued exceeds a
limit by no more than the deliveries of one event, and what other processes accept between two readings.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from contextvars import Context
from time import monotonic
from typing import Final, Self
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
    always_accepted_below,
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
"""The age of a reading that is enough to refuse something, if this process has accepted nothing since."""

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
        self._free_below: Final = always_accepted_below(limits)
        self._reading = _NOTHING
        self._readings: deque[_Reading] = deque()
        self._added: dict[UUID, int] = {}
        """Deliveries that this process has accepted and the latest reading may not contain."""
        self._added_total = 0
        self._committed: deque[Mapping[UUID, int]] = deque()
        """Those of them that the next reading will contain, by transaction, oldest first."""
        self._contained_count = 0
        """How many transactions are contained in readings, and so aren't in `_committed` any more."""
        self._is_pressed = False
        self._added_up_at_s = monotonic()
        self._reader: asyncio.Task[None] | None = None

    def open(self) -> "Admission":
        """Return the admission of a transaction; use it in an `async with`, whose block ends after the transaction."""
        return Admission(self)

    def close(self, accepted: Mapping[UUID, int]) -> None:
        """Note that the transaction has ended which has accepted these deliveries.

        If it was rolled back, they are counted until the next reading.
        """
        if accepted:
            self._committed.append(accepted)
        self._read_if_due()

    def is_much_free(self, wanted: Mapping[UUID, int]) -> bool:
        """Return whether all these deliveries can be accepted, without looking at each event."""
        reading, free_below = self._reading, self._free_below
        if reading.installation + self._added_total + sum(wanted.values()) >= free_below.installation:
            return False
        return all(
            self._known(organisation_id) + self._added.get(organisation_id, 0) + deliveries < free_below.organisation
            for organisation_id, deliveries in wanted.items()
        )

    def find_full(self, organisation_id: UUID, *, tier: int) -> FullQueue | None:
        """Return which queue is full for events of an organisation and tier, as far as this process knows."""
        return find_full_queue(
            self._limits,
            tier=tier,
            organisation_depth=self._known(organisation_id) + self._added.get(organisation_id, 0),
            installation_depth=self._reading.installation + self._added_total,
            organisations=len(self._reading.depths),
        )

    def add(self, organisation_id: UUID, deliveries: int) -> None:
        """Count deliveries that are accepted now."""
        added = self._added[organisation_id] = self._added.get(organisation_id, 0) + deliveries
        self._added_total += deliveries
        if (
            added * PRESSED_PARTS > self._limits.organisation - self._known(organisation_id)
            or self._added_total * PRESSED_PARTS > self._limits.installation - self._reading.installation
        ):
            self._is_pressed = True

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
        # Another reading may be made at the same time, and the one that began later may end first.
        committed_count = self._contained_count + len(self._committed)
        depths = await queue_depth_list(connection)
        self._forget(committed_count)
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

    async def confirm(self, connection: Connection) -> None:
        """Read the depths before something is refused.

        A young reading is enough only if nothing was accepted since: what was committed while it was made may count
        twice.
        """
        await self.read(connection, unless_younger_s=0 if self._added else CONFIRMED_S)

    def _known(self, organisation_id: UUID) -> int:
        depth = self._reading.depths.get(organisation_id)
        return depth.deliveries if depth else 0

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

    def _forget(self, committed_count: int) -> None:
        """Count no longer what a reading contains: as many transactions, since the beginning."""
        while self._contained_count < committed_count:
            self._contained_count += 1
            for organisation_id, deliveries in self._committed.popleft().items():
                self._added_total -= deliveries
                left = self._added.pop(organisation_id) - deliveries
                if left:
                    self._added[organisation_id] = left

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
        self._accepted: Final[dict[UUID, int]] = {}
        """Deliveries, by organisation."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._control.close(self._accepted)

    async def find_refused(self, connection: Connection, events: Collection[NewEvent]) -> dict[UUID, QueueFullError]:
        """Return which events are refused, and why; count the others as accepted.

        After one that is refused, no other one of its organisation and tier is accepted, so that they keep their order.
        Events without deliveries are never refused.
        """
        control = self._control
        await control.read(connection, unless_younger_s=AGE_S_MAX)
        wanted: dict[UUID, int] = {}
        for event in events:
            if event.queued_deliveries:
                organisation_id = event.organisation_id
                wanted[organisation_id] = wanted.get(organisation_id, 0) + event.queued_deliveries
        if control.is_much_free(wanted):
            for organisation_id, deliveries in wanted.items():
                self._accept(organisation_id, deliveries)
            return {}
        return await self._find_refused(connection, events)

    async def _find_refused(self, connection: Connection, events: Collection[NewEvent]) -> dict[UUID, QueueFullError]:
        control = self._control
        refused: dict[UUID, QueueFullError] = {}
        full_queues: dict[tuple[UUID, int], FullQueue] = {}
        for event in events:
            if not event.queued_deliveries:
                continue
            organisation_id, tier = event.organisation_id, TIERS.index(event.tier)
            full = full_queues.get((organisation_id, tier)) or control.find_full(organisation_id, tier=tier)
            if full is not None and (organisation_id, tier) not in full_queues:
                await control.confirm(connection)
                full = control.find_full(organisation_id, tier=tier)
            if full is None:
                self._accept(organisation_id, event.queued_deliveries)
            else:
                full_queues[organisation_id, tier] = full
                refused[event.event_id] = control.refuse(full, organisation_id, tier=tier)
        return refused

    def _accept(self, organisation_id: UUID, deliveries: int) -> None:
        self._control.add(organisation_id, deliveries)
        self._accepted[organisation_id] = self._accepted.get(organisation_id, 0) + deliveries


def _finished_between(earlier: Depths, later: Depths) -> int:
    """Return how many deliveries have left the queues, of the organisations that still have something in theirs."""
    return sum(
        max(0, depth.finished - before.finished)
        for organisation_id, depth in later.items()
        if (before := earlier.get(organisation_id)) is not None
    )
