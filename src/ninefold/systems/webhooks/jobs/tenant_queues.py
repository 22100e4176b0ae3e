"""Between claim and attempt: a queue for each organisation, from which attempts begin in turn, as slots are free.

An organisation whose receivers answer slowly, or not at all, fills its share of a worker's slots, then its queue.
No more of its work is claimed then. The slots that are left, and the claims, belong to the others.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import islice
from math import ceil
from typing import Final
from uuid import UUID

from ninefold.core.queue.fair_share import FairShare
from ninefold.systems.webhooks.jobs.claims import (
    CLAIM_DELIVERIES_MAX,
    CLAIM_MAX,
    CLAIM_PAYLOAD_BYTES_MAX,
    ClaimBudget,
)
from ninefold.systems.webhooks.jobs.sender import AttemptRequest

IN_FLIGHT_MULTIPLE: Final = 4.0
RESERVED_RATIO: Final = 1 / 6
"""Of slots, and of bytes under way: an organisation alone gets four fifths of the other five sixths, two thirds."""

SLOTS_GUARANTEED: Final = 8
"""Attempts that an organisation may have under way even if others have taken all but what is reserved."""

IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of the payloads of attempts under way, which may be a MiB each; a request's own copy comes on top."""

BYTES_GUARANTEED: Final = 1024 * 1024
"""As `SLOTS_GUARANTEED`: one payload of the largest."""

WAITING_MULTIPLE: Final = 0.25
WAITING_MAX: Final = round(CLAIM_DELIVERIES_MAX / WAITING_MULTIPLE)
"""Attempts that wait in the queues. An organisation alone has one claim waiting while the next one comes."""

WAITING_PER_SLOT_MAX: Final = 4 / 3
"""Attempts that wait, for each that may be under way: a worker with few slots leaves its work to others."""

WAITING_BYTES_MAX: Final = round(CLAIM_PAYLOAD_BYTES_MAX / WAITING_MULTIPLE)

TURN: Final = 16
"""Attempts that one organisation begins before the next one has its turn."""


class Load:
    """What was claimed as one: the attempts of an event's fan-out, or a retry.

    Args:
        requests: the attempts, made as they are begun: a fan-out may be large.
        count: how many there are, at least one.
        payload_bytes: of the payload that they share.
    """

    __slots__ = ("count", "payload_bytes", "requests")

    def __init__(self, requests: Iterable[AttemptRequest], *, count: int, payload_bytes: int) -> None:
        self.requests = iter(requests)
        self.count = count
        self.payload_bytes = payload_bytes


class TenantQueues:
    """Loads that wait, and the slots that their attempts take up.

    Args:
        in_flight_max: attempts that may be under way at once.
        on_room: called when an organisation that was held back may have more claimed.
    """

    def __init__(self, *, in_flight_max: int, on_room: Callable[[], None]) -> None:
        self._queues: OrderedDict[UUID, deque[Load]] = OrderedDict()
        self._held_back: set[UUID] = set()
        self._on_hungry = on_room
        waiting_max = min(WAITING_MAX, ceil(in_flight_max * WAITING_PER_SLOT_MAX))
        self._waiting = FairShare(waiting_max, multiple=WAITING_MULTIPLE)
        self._waiting_bytes = FairShare(WAITING_BYTES_MAX, multiple=WAITING_MULTIPLE)
        self._in_flight = _share_of_slots(in_flight_max, guaranteed=SLOTS_GUARANTEED)
        self._in_flight_bytes = _share_of_slots(IN_FLIGHT_BYTES_MAX, guaranteed=BYTES_GUARANTEED)

    @property
    def in_flight(self) -> int:
        """How many attempts are under way."""
        return self._in_flight.used

    @property
    def held_back(self) -> AbstractSet[UUID]:
        """The organisations of which no more is claimed for now."""
        return self._held_back

    def budget(self) -> ClaimBudget:
        """Say what the next claim may bring."""
        deliveries_max = _part_of(self._waiting)
        return ClaimBudget(
            limit=min(CLAIM_MAX, deliveries_max),
            deliveries_max=deliveries_max,
            payload_bytes_max=_part_of(self._waiting_bytes),
            held_back=frozenset(self._held_back),
        )

    def add(self, organisation_id: UUID, load: Load) -> None:
        """Let a load wait at the end of its organisation's queue."""
        queue = self._queues.get(organisation_id)
        if queue is None:
            queue = self._queues[organisation_id] = deque()
        queue.append(load)
        self._waiting.take(organisation_id, load.count)
        self._waiting_bytes.take(organisation_id, load.payload_bytes)

    def hold_back(self, organisation_ids: AbstractSet[UUID]) -> None:
        """Hold back those of these organisations of which enough waits."""
        self._held_back.update(each for each in organisation_ids & self._queues.keys() if not self._may_wait(each))

    def begin(self, burst_max: int) -> list[AttemptRequest]:
        """Take the attempts that begin now, some of each organisation in turn, as far as their shares of slots go."""
        burst: list[AttemptRequest] = []
        turns_in_vain = 0
        while len(burst) < burst_max and turns_in_vain < len(self._queues):
            organisation_id, queue = next(iter(self._queues.items()))
            begun = self._begin_of(organisation_id, queue, count_max=min(TURN, burst_max - len(burst)))
            burst += begun
            turns_in_vain = 0 if begun else turns_in_vain + 1
            if queue:
                self._queues.move_to_end(organisation_id)
            else:
                del self._queues[organisation_id]
        return burst

    def end(self, request: AttemptRequest) -> None:
        """Give back the slot of an attempt that has ended."""
        self._in_flight.give_back(request.organisation_id)
        self._in_flight_bytes.give_back(request.organisation_id, len(request.message.payload))

    def _begin_of(self, organisation_id: UUID, queue: deque[Load], *, count_max: int) -> list[AttemptRequest]:
        begun: list[AttemptRequest] = []
        slots = min(count_max, self._in_flight.room(organisation_id))
        bytes_begun, bytes_left = 0, self._in_flight_bytes.room(organisation_id)
        while queue and len(begun) < slots:
            load = queue[0]
            count = min(load.count, slots - len(begun), (bytes_left - bytes_begun) // load.payload_bytes)
            if count <= 0:
                if begun or self._in_flight.used:
                    break
                # What is larger than all that there is for it goes when nothing else is under way.
                count = 1
            begun += islice(load.requests, count)
            bytes_begun += count * load.payload_bytes
            load.count -= count
            if not load.count:
                queue.popleft()
                self._waiting_bytes.give_back(organisation_id, load.payload_bytes)
        if begun:
            self._waiting.give_back(organisation_id, len(begun))
            self._in_flight.take(organisation_id, len(begun))
            self._in_flight_bytes.take(organisation_id, bytes_begun)
            self._notify_if_room(organisation_id, queue)
        return begun

    def _notify_if_room(self, organisation_id: UUID, queue: deque[Load]) -> None:
        # Where nothing waits, a claim is always welcome, even if others have left no room.
        if organisation_id in self._held_back and (not queue or self._may_wait(organisation_id)):
            self._held_back.remove(organisation_id)
            self._on_hungry()

    def _may_wait(self, organisation_id: UUID) -> bool:
        return self._waiting.room(organisation_id) > 0 and self._waiting_bytes.room(organisation_id) > 0


def _share_of_slots(maximum: int, *, guaranteed: int) -> FairShare:
    reserved = int(maximum * RESERVED_RATIO)
    return FairShare(
        maximum, multiple=IN_FLIGHT_MULTIPLE, reserved=reserved, guaranteed=min(guaranteed, max(1, reserved))
    )


def _part_of(share: FairShare) -> int:
    """Return what one claim may bring of what may wait; always something, since the others mustn't stand still."""
    return max(1, round(share.free * WAITING_MULTIPLE))
