"""The queues of a worker: one for each organisation, from which items start in turn as slots become free.

An organisation whose items take long fills its share of the worker's slots, and then its queue. It is then held back:
the worker claims no more of its work. The remaining slots and claims go to the other organisations.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import ceil
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.fair_share import FairShare
from ninefold.core.queue.tier_shares import TierShare, TierShares

IN_FLIGHT_MULTIPLE: Final = 4.0
RESERVED_RATIO: Final = 1 / 6
"""How slots and in-flight bytes are shared: an organisation alone gets 4/5 of the unreserved 5/6, which is 2/3."""

SLOTS_GUARANTEED: Final = 8
"""Items that an organisation may have in flight even if others use all but the reserved slots."""

WAITING_MULTIPLE: Final = 0.25
"""How waiting items and their bytes are shared: an organisation alone may have one full claim waiting."""

WAITING_PER_SLOT_MAX: Final = 4 / 3
"""Waiting items per slot, so that a worker with few slots leaves work to other workers."""

ITEMS_PER_TURN: Final = 16
"""Items that one organisation starts before the next one gets its turn."""

ItemT = TypeVar("ItemT")


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a worker holds at once."""

    in_flight_max: int
    """The number of slots: items that may be in flight."""

    in_flight_bytes_max: int
    """The total size of the payloads of the items in flight."""

    payload_bytes_max: int
    """The size of one payload. An organisation may have this much in flight even if others use all but the reserve."""

    claim: ClaimBudget
    """The most that one claim may return. Up to four times as much may wait."""


class Batch(Generic[ItemT]):
    """The items of one claimed row, which share its payload.

    Args:
        items: an iterable that creates each item when it starts, since there may be many.
        count: the number of items, at least one.
        payload_bytes: the size of the shared payload, at least one.
    """

    __slots__ = ("count", "items", "payload_bytes")

    def __init__(self, items: Iterable[ItemT], *, count: int, payload_bytes: int) -> None:
        self.items = iter(items)
        self.count = count
        self.payload_bytes = payload_bytes


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What the items in flight use, of one tier."""

    items: TierShare
    payload_bytes: TierShare


def make_slots(limits: QueueLimits, *, weights: Sequence[float] = (1.0,)) -> list[Slots]:
    """Return the slots of each tier; one sixth of them is reserved, and divided among the tiers by their weights."""
    items = _shares_of_slots(limits.in_flight_max, guaranteed=SLOTS_GUARANTEED, weights=weights)
    payload_bytes = _shares_of_slots(limits.in_flight_bytes_max, guaranteed=limits.payload_bytes_max, weights=weights)
    return [
        Slots(items=of_items, payload_bytes=of_bytes)
        for of_items, of_bytes in zip(items.tiers, payload_bytes.tiers, strict=True)
    ]


class TenantQueues(Generic[ItemT]):
    """A queue of waiting batches for each organisation, and the slots of the items in flight.

    Args:
        limits: how much the organisations share.
        on_room: called when an organisation is no longer held back.
        slots: those of one tier, if there are other tiers; by default, all that `limits` allows.
        changed: set when items may start, if it is shared with other queues.
    """

    def __init__(
        self,
        limits: QueueLimits,
        *,
        on_room: Callable[[], None],
        slots: Slots | None = None,
        changed: asyncio.Event | None = None,
    ) -> None:
        self.changed: Final = asyncio.Event() if changed is None else changed
        """Set when a batch was added or a slot was freed, so that items may start; `take` clears it."""
        self._claim_max = limits.claim
        self._on_room = on_room
        self._queues: OrderedDict[UUID, deque[Batch[ItemT]]] = OrderedDict()
        self._held_back: set[UUID] = set()
        waiting_max = min(
            round(limits.claim.items_max / WAITING_MULTIPLE), ceil(limits.in_flight_max * WAITING_PER_SLOT_MAX)
        )
        self._waiting = FairShare(waiting_max, multiple=WAITING_MULTIPLE)
        self._waiting_bytes = FairShare(round(limits.claim.bytes_max / WAITING_MULTIPLE), multiple=WAITING_MULTIPLE)
        slots = make_slots(limits)[0] if slots is None else slots
        self._in_flight = slots.items
        self._in_flight_bytes = slots.payload_bytes

    @property
    def is_empty(self) -> bool:
        """Whether no item waits."""
        return not self._queues

    @property
    def in_flight(self) -> int:
        """How many items are in flight."""
        return self._in_flight.used

    @property
    def held_back(self) -> AbstractSet[UUID]:
        """The organisations whose work isn't claimed for now."""
        return self._held_back

    def room(self, organisation_id: UUID) -> int:
        """Return how many more items an organisation may have in flight."""
        return self._in_flight.room(organisation_id)

    def budget(self) -> ClaimBudget:
        """Return what the next claim may return. The more items wait, the less it is, but it is never zero."""
        items_max = _part_of(self._waiting)
        return ClaimBudget(
            rows_max=min(self._claim_max.rows_max, items_max),
            items_max=items_max,
            bytes_max=_part_of(self._waiting_bytes),
            held_back=frozenset(self._held_back),
        )

    def add(self, organisation_id: UUID, batch: Batch[ItemT]) -> None:
        """Append a batch to its organisation's queue."""
        queue = self._queues.get(organisation_id)
        if queue is None:
            queue = self._queues[organisation_id] = deque()
        queue.append(batch)
        self._waiting.take(organisation_id, batch.count)
        self._waiting_bytes.take(organisation_id, batch.payload_bytes)
        self.changed.set()

    def hold_back_full(self, organisation_ids: AbstractSet[UUID]) -> bool:
        """Hold back those of these organisations whose queues are full; return whether any of them isn't held back."""
        self._held_back.update(each for each in organisation_ids & self._queues.keys() if not self._may_wait(each))
        return not organisation_ids <= self._held_back

    def take(self, count_max: int) -> list[ItemT]:
        """Take items to start now, from each organisation in turn, within its share of the slots."""
        self.changed.clear()
        taken: list[ItemT] = []
        turns_without_items = 0
        while len(taken) < count_max and turns_without_items < len(self._queues):
            organisation_id, queue = next(iter(self._queues.items()))
            items = self._take_of(organisation_id, queue, count_max=min(ITEMS_PER_TURN, count_max - len(taken)))
            taken += items
            turns_without_items = 0 if items else turns_without_items + 1
            if queue:
                self._queues.move_to_end(organisation_id)
            else:
                del self._queues[organisation_id]
        return taken

    def free_slot(self, organisation_id: UUID, *, payload_bytes: int) -> None:
        """Free the slot of an item that is finished."""
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
                # A payload that exceeds the whole limit starts when nothing else is in flight.
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
            self._resume_claims_if_room(organisation_id, queue)
        return taken

    def _resume_claims_if_room(self, organisation_id: UUID, queue: deque[Batch[ItemT]]) -> None:
        # An organisation with an empty queue isn't held back, even if other queues have used up the limit.
        if organisation_id in self._held_back and (not queue or self._may_wait(organisation_id)):
            self._held_back.remove(organisation_id)
            self._on_room()

    def _may_wait(self, organisation_id: UUID) -> bool:
        return self._waiting.room(organisation_id) > 0 and self._waiting_bytes.room(organisation_id) > 0


def _shares_of_slots(maximum: int, *, guaranteed: int, weights: Sequence[float]) -> TierShares:
    reserved = int(maximum * RESERVED_RATIO)
    return TierShares(
        maximum,
        multiple=IN_FLIGHT_MULTIPLE,
        reserved=reserved,
        guaranteed=min(guaranteed, max(1, reserved)),
        weights=weights,
    )


def _part_of(share: FairShare) -> int:
    """Return how much one claim may add to what waits; at least one, so that other organisations aren't blocked."""
    return max(1, round(share.free * WAITING_MULTIPLE))
