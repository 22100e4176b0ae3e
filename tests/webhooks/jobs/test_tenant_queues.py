"""Who begins how many attempts, and how much more is claimed for whom."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ninefold.core.ids import new_id
from ninefold.systems.webhooks.jobs import tenant_queues as queues_module
from ninefold.systems.webhooks.jobs.claims import CLAIM_MAX, ClaimBudget
from ninefold.systems.webhooks.jobs.sender import AttemptRequest, make_message
from ninefold.systems.webhooks.jobs.tenant_queues import Load, TenantQueues
from ninefold.systems.webhooks.model import Recipient

A, B, C = (UUID(int=number) for number in (1, 2, 3))
RECIPIENT = Recipient(
    subscription_id=new_id(), url="https://example.com", event_types=("*",), created_at=datetime.now(UTC), secrets=()
)


class Worker:
    """TenantQueues, and what was begun of them."""

    def __init__(self, *, in_flight_max: int = 100) -> None:
        self.room_notices = 0
        self.queues = TenantQueues(in_flight_max=in_flight_max, on_room=self._count)
        self.begun: list[AttemptRequest] = []

    def add(self, organisation_id: UUID, *, loads: int = 1, attempts: int = 1, payload: bytes = b"{}") -> None:
        for _ in range(loads):
            requests = attempts_of(organisation_id, count=attempts, payload=payload)
            self.queues.add(organisation_id, Load(requests, count=attempts, payload_bytes=len(payload)))

    def begin(self, burst_max: int = 64) -> list[UUID]:
        """Begin a burst; return whose attempts they are."""
        begun = self.queues.begin(burst_max)
        self.begun += begun
        return [request.organisation_id for request in begun]

    def begin_all(self) -> list[UUID]:
        """Begin bursts as long as there is something to begin."""
        begun: list[UUID] = []
        while burst := self.begin():
            begun += burst
        return begun

    def end(self, count: int) -> None:
        """End the attempts that began first."""
        for request in self.begun[:count]:
            self.queues.end(request)
        del self.begun[:count]

    def _count(self) -> None:
        self.room_notices += 1


def attempts_of(organisation_id: UUID, *, count: int, payload: bytes) -> Iterator[AttemptRequest]:
    message = make_message(new_id(), payload)
    for _ in range(count):
        yield AttemptRequest(
            message=message,
            recipient=RECIPIENT,
            delivery_id=new_id(),
            organisation_id=organisation_id,
            attempt_number=1,
            round_attempt_count=1,
            round_started_at=datetime.now(UTC),
            on_end=lambda *_: None,
        )


def test_attempts_begin_in_the_order_in_which_they_came() -> None:
    worker = Worker()
    worker.add(A, loads=3, attempts=5)
    worker.begin(7)
    worker.begin(8)
    ids = [request.message.event_id for request in worker.begun]
    assert [ids[0]] * 5 == ids[:5]
    assert [ids[5]] * 5 == ids[5:10]
    assert len(set(ids)) == 3
    assert worker.begin() == []


def test_organisations_begin_in_turn() -> None:
    worker = Worker()
    worker.add(A, loads=1000)
    worker.add(B, loads=20)
    worker.add(C)
    assert worker.begin(64) == [A] * 16 + [B] * 16 + [C] + [A] * 16 + [B] * 4 + [A] * 11


def test_a_large_fan_out_is_made_as_it_begins() -> None:
    worker = Worker()
    made: list[AttemptRequest] = []

    def make() -> Iterator[AttemptRequest]:
        for request in attempts_of(A, count=1000, payload=b"{}"):
            made.append(request)
            yield request

    worker.queues.add(A, Load(make(), count=1000, payload_bytes=2))
    worker.begin(10)
    assert made == worker.begun
    assert len(made) == 10


def test_silent_receivers_of_one_organisation_leave_slots_to_the_others() -> None:
    worker = Worker(in_flight_max=100)
    worker.add(A, loads=500)
    assert len(worker.begin_all()) == 68
    worker.add(B, loads=10)
    assert worker.begin_all() == [B] * 10
    assert worker.queues.in_flight == 78


def test_when_no_slot_is_left_an_organisation_that_has_none_is_served_in_turn() -> None:
    worker = Worker(in_flight_max=96)
    for organisation_id in (UUID(int=number) for number in range(10, 20)):
        worker.add(organisation_id, loads=100)
        worker.begin_all()
    assert worker.queues.in_flight == 96
    worker.add(A, loads=20)
    begun: list[UUID] = []
    while A not in begun:
        worker.end(1)
        begun += worker.begin_all()
    assert len(begun) <= 10


def test_large_payloads_of_one_organisation_leave_bytes_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues_module, "IN_FLIGHT_BYTES_MAX", 1000)
    worker = Worker()
    worker.add(A, loads=30, payload=b"x" * 50)
    assert len(worker.begin_all()) == 13
    worker.add(B, loads=3)
    assert worker.begin_all() == [B] * 3


def test_a_payload_that_is_larger_than_all_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues_module, "IN_FLIGHT_BYTES_MAX", 1)
    worker = Worker()
    worker.add(A, loads=2)
    worker.add(B)
    assert worker.begin() == [A]
    assert worker.begin() == []
    worker.end(1)
    assert worker.begin() == [B]
    worker.end(1)
    assert worker.begin() == [A]


def test_a_slot_that_is_given_back_serves_the_next() -> None:
    worker = Worker(in_flight_max=1)
    worker.add(A, loads=3)
    for _ in range(3):
        assert worker.begin() == [A]
        assert worker.begin() == []
        worker.end(1)
    assert (worker.begin(), worker.queues.in_flight) == ([], 0)


def test_an_empty_worker_claims_as_much_as_a_claim_may_bring() -> None:
    budget = Worker(in_flight_max=3000).queues.budget()
    assert budget == ClaimBudget(held_back=frozenset())
    assert not budget.held_back


@pytest.mark.parametrize(("loads", "attempts"), [(800, 1), (160, 5), (1, 800)])
def test_of_an_organisation_whose_lane_is_full_no_more_is_claimed_until_it_empties(loads: int, attempts: int) -> None:
    worker = Worker(in_flight_max=3000)
    worker.add(A, loads=loads, attempts=attempts)
    worker.add(B)
    worker.queues.hold_back({A, B})
    assert worker.queues.held_back == worker.queues.budget().held_back == {A}
    worker.begin()
    assert worker.room_notices == 1
    assert not worker.queues.budget().held_back


def test_an_organisation_of_which_nothing_waits_is_not_held_back_even_where_others_have_left_no_room() -> None:
    worker = Worker()
    for number in range(10, 20):
        worker.add(UUID(int=number), loads=400)
    worker.add(A)
    worker.queues.hold_back({A})
    assert worker.queues.held_back == {A}
    while A not in worker.begin():
        worker.end(1)
    assert worker.room_notices == 1
    assert A not in worker.queues.budget().held_back


def test_an_organisation_that_has_no_lane_is_not_held_back() -> None:
    worker = Worker()
    for number in range(10, 60):
        worker.add(UUID(int=number), loads=100)
    worker.queues.hold_back({A})
    assert worker.queues.budget().limit == 1
    assert not worker.queues.held_back


def test_a_worker_with_few_slots_claims_little() -> None:
    worker = Worker(in_flight_max=12)
    budget = worker.queues.budget()
    assert (budget.limit, budget.deliveries_max) == (4, 4)
    worker.add(A, loads=4)
    worker.queues.hold_back({A})
    assert worker.queues.held_back == {A}


def test_large_payloads_fill_a_lane_too() -> None:
    worker = Worker()
    worker.add(A, loads=8, payload=b"x" * 1024 * 1024)
    worker.queues.hold_back({A})
    assert worker.queues.budget().held_back == {A}


def test_the_more_waits_the_less_is_claimed_and_never_nothing() -> None:
    worker = Worker(in_flight_max=3000)
    budgets = []
    for number in range(100):
        budgets.append(worker.queues.budget())
        worker.add(UUID(int=number + 1), loads=budgets[-1].deliveries_max)
    deliveries = [budget.deliveries_max for budget in budgets]
    assert deliveries == sorted(deliveries, reverse=True)
    assert deliveries[:3] == [1000, 750, 562]
    assert [budget.limit for budget in budgets] == [min(CLAIM_MAX, maximum) for maximum in deliveries]
    assert (deliveries[-1], budgets[-1].limit) == (1, 1)
