"""Between claim and work: a queue for each organisation, from which items begin in turn, as slots are free.

An organisation whose items take long fills its share of a worker's slots, then its queue. No more of its work is
claimed then. The slots that are left, and the claims, belong to the others.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import islice
from math import ceil
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.fair_share import FairShare

IN_FLIGHT_MULTIPLE: Final = 4.0
RESERVED_RATIO: Final = 1 / 6
"""Of slots, and of bytes under way: an organisation alone gets four fifths of the other five sixths, two thirds."""

SLOTS_GUARANTEED: Final = 8
"""Items that an organisation may have under way even if others have taken all but what is reserved."""

WAITING_MULTIPLE: Final = 0.25
"""Of items that wait, and their bytes: an organisation alone has one claim waiting while the next one comes."""

WAITING_PER_SLOT_MAX: Final = 4 / 3
"""Items that wait, for each that may be under way: a worker with few slots leaves its work to others."""

ITEMS_PER_TURN: Final = 16
"""Items that one organisation begins before the next one has its turn."""

ItemT = TypeVar("ItemT")


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a worker holds at once."""

    in_flight_max: int
    """Items under way."""

    in_flight_bytes_max: int
    """Of the payloads of the items under way."""

    payload_bytes_max: int
    """Of one payload. An organisation may have so much under way even if others have taken all but what is reserved."""

    claim: ClaimBudget
    """The most that one claim may bring. Four times as much may wait."""


class Batch(Generic[ItemT]):
    """Items that wait together: those of one claimed row, which share its payload.

    Args:
        items: made as they begin, since there may be many.
        count: how many there are, at least one.
        payload_bytes: of the payload that they share, at least one.
    """

    __slots__ = ("count", "items", "payload_bytes")

    def __init__(self, items: Iterable[ItemT], *, count: int, payload_bytes: int) -> None:
        self.items = iter(items)
        self.count = count
        self.payload_bytes = payload_bytes


class TenantQueues(Generic[ItemT]):
    """Batches that wait, and the slots that their items take up.

    Args:
        limits: how much there is to share.
        on_room: called when an organisation that was held back may have more claimed.
    """

    def __init__(self, limits: QueueLimits, *, on_room: Callable[[], None]) -> None:
        self.changed: Final = asyncio.Event()
        """Set when a batch was added or a slot was freed, so that items may begin; `take` clears it."""
        self._claim_max = limits.claim
        self._on_room = on_room
        self._queues: OrderedDict[UUID, deque[Batch[ItemT]]] = OrderedDict()
        self._held_back: set[UUID] = set()
        waiting_max = min(
            round(limits.claim.items_max / WAITING_MULTIPLE), ceil(limits.in_flight_max * WAITING_PER_SLOT_MAX)
        )
        self._waiting = FairShare(waiting_max, multiple=WAITING_MULTIPLE)
        self._waiting_bytes = FairShare(round(limits.claim.bytes_max / WAITING_MULTIPLE), multiple=WAITING_MULTIPLE)
        self._in_flight = _share_of_slots(limits.in_flight_max, guaranteed=SLOTS_GUARANTEED)
        self._in_flight_bytes = _share_of_slots(limits.in_flight_bytes_max, guaranteed=limits.payload_bytes_max)

    @property
    def in_flight(self) -> int:
        """How many items are under way."""
        return self._in_flight.used

    @property
    def held_back(self) -> AbstractSet[UUID]:
        """The organisations of which no more is claimed for now."""
        return self._held_back

    def budget(self) -> ClaimBudget:
        """Return what the next claim may bring: the less, the more waits, but never nothing."""
        items_max = _part_of(self._waiting)
        return ClaimBudget(
            rows_max=min(self._claim_max.rows_max, items_max),
            items_max=items_max,
            bytes_max=_part_of(self._waiting_bytes),
            held_back=frozenset(self._held_back),
        )

    def add(self, organisation_id: UUID, batch: Batch[ItemT]) -> None:
        """Let a batch wait at the end of its organisation's queue."""
        queue = self._queues.get(organisation_id)
        if queue is None:
            queue = self._queues[organisation_id] = deque()
        queue.append(batch)
        self._waiting.take(organisation_id, batch.count)
        self._waiting_bytes.take(organisation_id, batch.payload_bytes)
        self.changed.set()

    def hold_back_full(self, organisation_ids: AbstractSet[UUID]) -> bool:
        """Hold back those of these organisations of which enough waits; return whether any of them isn't held back."""
        self._held_back.update(each for each in organisation_ids & self._queues.keys() if not self._may_wait(each))
        return not organisation_ids <= self._held_back

    def take(self, count_max: int) -> list[ItemT]:
        """Take the items that begin now, some of each organisation in turn, as far as their shares of slots go."""
        self.changed.clear()
        taken: list[ItemT] = []
        turns_in_vain = 0
        while len(taken) < count_max and turns_in_vain < len(self._queues):
            organisation_id, queue = next(iter(self._queues.items()))
            items = self._take_of(organisation_id, queue, count_max=min(ITEMS_PER_TURN, count_max - len(taken)))
            taken += items
            turns_in_vain = 0 if items else turns_in_vain + 1
            if queue:
                self._queues.move_to_end(organisation_id)
            else:
                del self._queues[organisation_id]
        return taken

    def free_slot(self, organisation_id: UUID, *, payload_bytes: int) -> None:
        """Free the slot of an item that has ended."""
        self._in_flight.give_back(organisation_id)
        self._in_flight_bytes.give_back(organisation_id, payload_bytes)
        self.changed.set()

    def _take_of(self, organisation_id: UUID, queue: deque[Batch[ItemT]], *, count_max: int) -> list[ItemT]:
        taken: list[ItemT] = []
        slots = min(count_max, self._in_flight.room(organisation_id))
        bytes_taken, bytes_left = 0, self._in_flight_bytes.room(organisation_id)
        while queue and len(taken) < slots:
            batch = queue[0]
            count = min(batch.count, slots - len(taken), (bytes_left - bytes_taken) // batch.payload_bytes)
            if count <= 0:
                if taken or self._in_flight.used:
                    break
                # What is larger than all that there is for it goes when nothing else is under way.
                count = 1
            taken += islice(batch.items, count)
            bytes_taken += count * batch.payload_bytes
            batch.count -= count
            if not batch.count:
                queue.popleft()
                self._waiting_bytes.give_back(organisation_id, batch.payload_bytes)
        if taken:
            self._waiting.give_back(organisation_id, len(taken))
            self._in_flight.take(organisation_id, len(taken))
            self._in_flight_bytes.take(organisation_id, bytes_taken)
            self._tell_if_room(organisation_id, queue)
        return taken

    def _tell_if_room(self, organisation_id: UUID, queue: deque[Batch[ItemT]]) -> None:
        # Where nothing waits, a claim is always welcome, even if others have left no room.
        if organisation_id in self._held_back and (not queue or self._may_wait(organisation_id)):
            self._held_back.remove(organisation_id)
            self._on_room()

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
