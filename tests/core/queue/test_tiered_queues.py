"""How tiers share the slots of a worker: which items start, and what is kept for the others."""

from itertools import repeat
from typing import Final
from uuid import UUID

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.tenant_queues import Batch, QueueLimits
from ninefold.core.queue.tier_shares import TierShares
from ninefold.core.queue.tiered_queues import TieredQueues

A, B = UUID(int=1), UUID(int=2)
URGENT, USUAL, BULK = 0, 1, 2
SHARES: Final = (50.0, 40.0, 10.0)
LIMITS: Final = QueueLimits(
    in_flight_max=3_000,
    in_flight_bytes_max=64 * 1024 * 1024,
    payload_bytes_max=1024 * 1024,
    claim=ClaimBudget(rows_max=200, items_max=1_000, bytes_max=8 * 1024 * 1024),
)


class Worker:
    """The queues of a worker; each item is the number of its tier."""

    def __init__(self) -> None:
        self.resumed: list[int] = []
        self.queues: TieredQueues[int] = TieredQueues(LIMITS, weights=SHARES, on_room=self.resumed.append)

    def add(self, tier: int, count: int, *, organisation_id: UUID = A) -> None:
        self.queues.tiers[tier].add(organisation_id, Batch(repeat(tier, count), count=count, payload_bytes=2))

    def start(self, count_max: int = 64) -> list[int]:
        """Start items; return how many of each tier."""
        started = self.queues.take(count_max)
        return [started.count(tier) for tier in (URGENT, USUAL, BULK)]

    def start_all(self) -> list[int]:
        counts = [0, 0, 0]
        while any(started := self.start()):
            counts = [sum(pair) for pair in zip(counts, started, strict=True)]
        return counts


def test_tiers_with_items_start_them_in_the_proportion_of_their_shares() -> None:
    worker = Worker()
    for tier in (BULK, USUAL, URGENT):
        worker.add(tier, 500)
    # What the rounding leaves goes to the most urgent tier.
    assert worker.start(100) == [50, 40, 10]
    assert worker.queues.take(3)[0] == URGENT


def test_what_a_tier_leaves_the_others_use() -> None:
    worker = Worker()
    worker.add(BULK, 500)
    assert worker.start(64) == [0, 0, 64]
    worker.add(URGENT, 2)
    assert worker.start(64) == [2, 0, 62]


def test_one_tier_alone_gets_what_it_would_get_without_tiers() -> None:
    worker = Worker()
    worker.add(USUAL, 5_000)
    assert worker.start_all() == [0, 2_000, 0]


def test_a_tier_that_came_last_finds_slots_however_many_the_others_use() -> None:
    worker = Worker()
    worker.add(URGENT, 1)
    worker.start_all()
    for number in range(10, 40):
        worker.add(BULK, 500, organisation_id=UUID(int=number))
        worker.start_all()
    worker.add(URGENT, 500)
    worker.add(USUAL, 500)
    urgent, usual, _ = worker.start_all()
    assert urgent >= 190
    assert usual >= 5


def test_a_tier_without_slots_holds_back_only_itself() -> None:
    worker = Worker()
    worker.add(BULK, 5_000)
    assert worker.queues.tiers[BULK].hold_back_full({A}) is False
    assert worker.queues.held_back_count == 1
    worker.add(URGENT, 1)
    assert worker.queues.tiers[URGENT].hold_back_full({A}) is True


def test_an_organisation_that_has_room_again_is_reported_with_its_tier() -> None:
    worker = Worker()
    worker.add(BULK, 1_000)
    worker.queues.tiers[BULK].hold_back_full({A})
    worker.start_all()
    assert worker.resumed == [BULK]


def test_a_reserve_of_a_tier_is_left_to_it_by_the_others() -> None:
    shares = TierShares(100, multiple=4.0, reserved=20, guaranteed=2, weights=(3.0, 1.0))
    first, second = shares.tiers
    first.room(A)
    while room := second.room(B):
        second.take(B, room)
    assert second.used == 68
    assert 100 - shares.used - 15 >= 15
    for number in range(10, 30):
        organisation_id = UUID(int=number)
        second.take(organisation_id, second.room(organisation_id))
    assert shares.used == 85
    assert first.room(A) > 8


def test_a_tier_that_nobody_uses_reserves_nothing() -> None:
    shares = TierShares(3_000, multiple=4.0, reserved=500, guaranteed=8, weights=SHARES)
    usual = shares.tiers[1]
    used = []
    for number in range(60):
        organisation_id = UUID(int=number + 1)
        taken = 0
        while room := usual.room(organisation_id):
            usual.take(organisation_id, room)
            taken += room
        used.append(taken)
    assert used[:3] == [2000, 400, 80]
    assert used[10:] == [8] * 50
    usual.give_back(UUID(int=1), 2_000)
    assert usual.used == shares.used


def test_the_last_tier_can_have_a_limit_of_its_own() -> None:
    worker = Worker()
    for tier in (BULK, URGENT):
        worker.add(tier, 20)
    assert [worker.queues.take(64, last_max=0).count(tier) for tier in (URGENT, BULK)] == [20, 0]
    assert worker.queues.take(64, last_max=0) == []
    assert worker.queues.take(64, last_max=8) == [BULK] * 8
    assert worker.queues.take(64) == [BULK] * 12
