"""The queues of a worker whose work has tiers: more and less urgent work, each with a share of the worker.

Each tier has queues of its own, one for each organisation. Items start in the proportion of the tiers' weights, those
of the first tier first. What a tier doesn't use, the others can use.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from ninefold.core.queue.tenant_queues import QueueLimits, TenantQueues, make_slots

ItemT = TypeVar("ItemT")


class TieredQueues(Generic[ItemT]):
    """The queues of each tier, by the tier's number.

    Args:
        limits: how many items may be in flight, for all tiers together, and how much may wait, for each tier.
        weights: how the tiers share the worker.
        on_room: called with a tier when one of its organisations is no longer held back.
    """

    def __init__(self, limits: QueueLimits, *, weights: Sequence[float], on_room: Callable[[int], None]) -> None:
        self.changed: Final = asyncio.Event()
        """Set when a batch was added or a slot was freed, so that items may start; `take` clears it."""
        self.tiers: Final[Sequence[TenantQueues[ItemT]]] = tuple(
            TenantQueues(limits, on_room=partial(on_room, tier), slots=slots, changed=self.changed)
            for tier, slots in enumerate(make_slots(limits, weights=weights))
        )
        self._weights = weights

    @property
    def in_flight(self) -> int:
        """How many items are in flight."""
        return sum(tier.in_flight for tier in self.tiers)

    @property
    def held_back_count(self) -> int:
        """How many organisations are held back in a tier."""
        return sum(len(tier.held_back) for tier in self.tiers)

    def take(self, count_max: int, *, last_max: int | None = None) -> list[ItemT]:
        """Take items to start now: of each tier with items its part, and then what the others have left.

        Args:
            count_max: how many items to take at most.
            last_max: how many of them may be of the last tier; None if it has no limit of its own.
        """
        self.changed.clear()
        waiting = [number for number, tier in enumerate(self.tiers) if not tier.is_empty]
        left = [count_max] * len(self.tiers)
        if last_max is not None:
            left[-1] = min(count_max, last_max)
        taken: list[ItemT] = []

        def take_of(number: int, part: int) -> None:
            items = self.tiers[number].take(min(part, left[number], count_max - len(taken)))
            left[number] -= len(items)
            taken.extend(items)

        for number, part in self._parts(waiting, count_max):
            take_of(number, part)
        for number in waiting:
            if len(taken) < count_max:
                take_of(number, count_max)
        return taken

    def _parts(self, waiting: Sequence[int], count_max: int) -> Iterator[tuple[int, int]]:
        """Yield how many of `count_max` each tier with items may take; one tier alone gets all that is left."""
        if len(waiting) > 1:
            total = sum(self._weights[number] for number in waiting)
            for number in waiting:
                yield number, max(1, int(count_max * self._weights[number] / total))
