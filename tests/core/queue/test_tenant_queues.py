"""Whose items begin, how many, and how much more is claimed for whom."""

from collections.abc import Iterator
from itertools import count as counter
from typing import Final
from uuid import UUID

import msgspec
import pytest

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.tenant_queues import Batch, QueueLimits, TenantQueues

A, B, C = (UUID(int=number) for number in (1, 2, 3))
MIB = 1024 * 1024
LIMITS: Final = QueueLimits(
    in_flight_max=100,
    in_flight_bytes_max=64 * MIB,
    payload_bytes_max=MIB,
    claim=ClaimBudget(rows_max=200, items_max=1_000, bytes_max=8 * MIB),
)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the batch of this number."""

    organisation_id: UUID
    batch: int
    payload_bytes: int


class Worker:
    """The queues of a worker, and the items that it has begun."""

    def __init__(self, *, in_flight_max: int = 100, in_flight_bytes_max: int = LIMITS.in_flight_bytes_max) -> None:
        self.room_notices = 0
        limits = msgspec.structs.replace(LIMITS, in_flight_max=in_flight_max, in_flight_bytes_max=in_flight_bytes_max)
        self.queues: TenantQueues[Item] = TenantQueues(limits, on_room=self._count)
        self.begun: list[Item] = []
        self._numbers = counter()

    def add(self, organisation_id: UUID, *, batches: int = 1, items: int = 1, payload_bytes: int = 2) -> None:
        for _ in range(batches):
            made = items_of(organisation_id, batch=next(self._numbers), count=items, payload_bytes=payload_bytes)
            self.queues.add(organisation_id, Batch(made, count=items, payload_bytes=payload_bytes))

    def begin(self, count_max: int = 64) -> list[UUID]:
        """Begin what may begin now; return whose it is."""
        begun = self.queues.take(count_max)
        self.begun += begun
        return [item.organisation_id for item in begun]

    def begin_all(self) -> list[UUID]:
        """Begin as long as there is something to begin."""
        begun: list[UUID] = []
        while burst := self.begin():
            begun += burst
        return begun

    def end(self, count: int) -> None:
        """End the items that began first."""
        for item in self.begun[:count]:
            self.queues.free_slot(item.organisation_id, payload_bytes=item.payload_bytes)
        del self.begun[:count]

    def _count(self) -> None:
        self.room_notices += 1


def items_of(organisation_id: UUID, *, batch: int, count: int, payload_bytes: int) -> Iterator[Item]:
    for _ in range(count):
        yield Item(organisation_id=organisation_id, batch=batch, payload_bytes=payload_bytes)


def test_items_begin_in_the_order_in_which_they_came() -> None:
    worker = Worker()
    worker.add(A, batches=3, items=5)
    worker.begin(7)
    worker.begin(8)
    assert [item.batch for item in worker.begun] == [0] * 5 + [1] * 5 + [2] * 5
    assert worker.begin() == []


def test_organisations_begin_in_turn() -> None:
    worker = Worker()
    worker.add(A, batches=1000)
    worker.add(B, batches=20)
    worker.add(C)
    assert worker.begin(64) == [A] * 16 + [B] * 16 + [C] + [A] * 16 + [B] * 4 + [A] * 11


def test_the_items_of_a_batch_are_made_as_they_begin() -> None:
    worker = Worker()
    made: list[Item] = []

    def make() -> Iterator[Item]:
        for item in items_of(A, batch=0, count=1000, payload_bytes=2):
            made.append(item)
            yield item

    worker.queues.add(A, Batch(make(), count=1000, payload_bytes=2))
    worker.begin(10)
    assert made == worker.begun
    assert len(made) == 10


def test_the_slow_items_of_one_organisation_leave_slots_to_the_others() -> None:
    worker = Worker(in_flight_max=100)
    worker.add(A, batches=500)
    assert len(worker.begin_all()) == 68
    worker.add(B, batches=10)
    assert worker.begin_all() == [B] * 10
    assert worker.queues.in_flight == 78


def test_when_no_slot_is_left_an_organisation_that_has_none_is_served_in_turn() -> None:
    worker = Worker(in_flight_max=96)
    for organisation_id in (UUID(int=number) for number in range(10, 20)):
        worker.add(organisation_id, batches=100)
        worker.begin_all()
    assert worker.queues.in_flight == 96
    worker.add(A, batches=20)
    begun: list[UUID] = []
    while A not in begun:
        worker.end(1)
        begun += worker.begin_all()
    assert len(begun) <= 10


def test_large_payloads_of_one_organisation_leave_bytes_to_the_others() -> None:
    worker = Worker(in_flight_bytes_max=1000)
    worker.add(A, batches=30, payload_bytes=50)
    assert len(worker.begin_all()) == 13
    worker.add(B, batches=3)
    assert worker.begin_all() == [B] * 3


def test_a_payload_that_is_larger_than_all_goes_alone() -> None:
    worker = Worker(in_flight_bytes_max=1)
    worker.add(A, batches=2)
    worker.add(B)
    assert worker.begin() == [A]
    assert worker.begin() == []
    worker.end(1)
    assert worker.begin() == [B]
    worker.end(1)
    assert worker.begin() == [A]


def test_a_slot_that_is_given_back_serves_the_next() -> None:
    worker = Worker(in_flight_max=1)
    worker.add(A, batches=3)
    for _ in range(3):
        assert worker.begin() == [A]
        assert worker.begin() == []
        worker.end(1)
    assert (worker.begin(), worker.queues.in_flight) == ([], 0)


def test_an_empty_worker_claims_as_much_as_a_claim_may_bring() -> None:
    budget = Worker(in_flight_max=3000).queues.budget()
    assert budget == msgspec.structs.replace(LIMITS.claim, held_back=frozenset())


@pytest.mark.parametrize(("batches", "items"), [(800, 1), (160, 5), (1, 800)])
def test_of_an_organisation_whose_queue_is_full_no_more_is_claimed_until_it_empties(batches: int, items: int) -> None:
    worker = Worker(in_flight_max=3000)
    worker.add(A, batches=batches, items=items)
    worker.add(B)
    worker.queues.hold_back_full({A, B})
    assert worker.queues.held_back == worker.queues.budget().held_back == {A}
    worker.begin()
    assert worker.room_notices == 1
    assert not worker.queues.budget().held_back


def test_an_organisation_of_which_nothing_waits_is_not_held_back_even_where_others_have_left_no_room() -> None:
    worker = Worker()
    for number in range(10, 20):
        worker.add(UUID(int=number), batches=400)
    worker.add(A)
    worker.queues.hold_back_full({A})
    assert worker.queues.held_back == {A}
    while A not in worker.begin():
        worker.end(1)
    assert worker.room_notices == 1
    assert A not in worker.queues.budget().held_back


def test_an_organisation_that_has_no_queue_is_not_held_back() -> None:
    worker = Worker()
    for number in range(10, 60):
        worker.add(UUID(int=number), batches=100)
    worker.queues.hold_back_full({A})
    assert worker.queues.budget().rows_max == 1
    assert not worker.queues.held_back


def test_a_worker_with_few_slots_claims_little() -> None:
    worker = Worker(in_flight_max=12)
    budget = worker.queues.budget()
    assert (budget.rows_max, budget.items_max) == (4, 4)
    worker.add(A, batches=4)
    worker.queues.hold_back_full({A})
    assert worker.queues.held_back == {A}


def test_large_payloads_fill_a_queue_too() -> None:
    worker = Worker()
    worker.add(A, batches=8, payload_bytes=MIB)
    worker.queues.hold_back_full({A})
    assert worker.queues.budget().held_back == {A}


def test_the_more_waits_the_less_is_claimed_and_never_nothing() -> None:
    worker = Worker(in_flight_max=3000)
    budgets = []
    for number in range(100):
        budgets.append(worker.queues.budget())
        worker.add(UUID(int=number + 1), batches=budgets[-1].items_max)
    items_max = [budget.items_max for budget in budgets]
    assert items_max == sorted(items_max, reverse=True)
    assert items_max[:3] == [1000, 750, 562]
    assert [budget.rows_max for budget in budgets] == [min(LIMITS.claim.rows_max, maximum) for maximum in items_max]
    assert (items_max[-1], budgets[-1].rows_max) == (1, 1)


def test_a_claim_is_told_whether_there_may_be_more_to_claim_at_once() -> None:
    worker = Worker()
    assert not worker.queues.hold_back_full(set())
    worker.add(A, batches=400)
    worker.add(B)
    assert not worker.queues.hold_back_full({A})
    assert worker.queues.hold_back_full({A, C})


def test_what_was_added_and_what_has_ended_is_a_change_until_items_are_taken() -> None:
    worker = Worker()
    worker.add(A)
    assert worker.queues.changed.is_set()
    worker.begin()
    assert not worker.queues.changed.is_set()
    worker.end(1)
    assert worker.queues.changed.is_set()
