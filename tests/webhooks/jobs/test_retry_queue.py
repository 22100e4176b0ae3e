"""Deliveries that are waiting for their next attempt: which worker claims them, and what is recorded."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import pytest

from ninefold.core.ids import derive_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import claims
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.webhooks.jobs.event_log import PostgresEventLog
from ninefold.systems.webhooks.jobs.limits import CLAIM_MAX
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.model import ClaimedDelivery, Delivery, DeliveryStatus, NewEvent, SubscriptionDraft
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome
from ninefold.systems.webhooks.store.deliveries import delivery_find, delivery_list_attempts
from ninefold.systems.webhooks.store.events import event_insert_many
from ninefold.systems.webhooks.store.subscriptions import subscription_insert
from ninefold.systems.webhooks.wiring import SYSTEM
from webhooks.circuit_breakers import make_circuit_breaker, make_turns

SUBSCRIPTION = SubscriptionDraft(
    url="https://example.com/hooks",
    event_types=["*"],
    description="",
    subscriber_id=None,
    rate_limit_per_s=None,
    in_flight_max=None,
    retry_plan=None,
)

claim_budget = partial(msgspec.structs.replace, CLAIM_MAX)


class Worker:
    """The parts of a worker that use the database: its lease, its event log and its retry queue."""

    def __init__(self, database: Database) -> None:
        self.lease = WorkerLease(database, [SYSTEM.release_leases], duration=timedelta(minutes=1))
        self.event_log = PostgresEventLog(
            database,
            self.lease,
            make_circuit_breaker(database),
            make_turns(database),
            notifier=Notifier(database),
        )
        self.retry_queue = RetryQueue(database, self.lease)

    async def fail_first_attempt(
        self, database: Database, *, organisation_id: UUID | None = None, retry_delay_s: float = 0.0
    ) -> UUID:
        """Accept an event and record a failed first attempt of its delivery; the next is due after `retry_delay_s`."""
        organisation_id, subscription_id = organisation_id or new_id(), new_id()
        event = NewEvent(
            event_id=new_id(),
            organisation_id=organisation_id,
            event_type="order.created",
            payload=b"{}",
            idempotency_key=None,
            queued_deliveries=1,
        )
        async with database.transaction() as connection:
            await event_insert_many(connection, events=[event])
            await subscription_insert(
                connection, SUBSCRIPTION, subscription_id=subscription_id, organisation_id=organisation_id
            )
        (claimed,) = await self.event_log.claim(claim_budget(rows_max=1))
        outcome = Outcome(
            delivery_id=derive_id(claimed.event_id, subscription_id),
            organisation_id=organisation_id,
            event_id=claimed.event_id,
            subscription_id=subscription_id,
            url_revision=1,
            attempt=attempt(1, response_status=500),
            status=DeliveryStatus.RETRYING,
            round_attempt_count=1,
            round_started_at=claimed.accepted_at,
            retry_delay_s=retry_delay_s,
            has_row=False,
        )
        await self.event_log.record([outcome], finished_events=[claimed.event_id])
        return organisation_id

    async def claim_one(self) -> ClaimedDelivery:
        (claimed,) = await self.retry_queue.claim(claim_budget(rows_max=10))
        return claimed


@pytest.fixture
async def worker(database: Database) -> Worker:
    return await begin(database)


async def begin(database: Database) -> Worker:
    worker = Worker(database)
    await worker.lease.acquire()
    return worker


def attempt(number: int, *, response_status: int) -> Attempt:
    is_successful = response_status == 200
    return Attempt(
        attempt_number=number,
        attempted_at=datetime.now(UTC),
        duration_ms=1.5,
        response_status=response_status,
        response_body=b"\x00\xff",
        is_response_body_truncated=False,
        error_class=None if is_successful else "unsuccessful_status",
        error_detail=None if is_successful else f"The receiver answered {response_status}.",
    )


def outcome_of(claimed: ClaimedDelivery, *, response_status: int) -> Outcome:
    """Return the outcome of the next attempt of a claimed delivery."""
    is_successful = response_status == 200
    return Outcome(
        delivery_id=claimed.delivery_id,
        organisation_id=claimed.organisation_id,
        event_id=claimed.event_id,
        subscription_id=claimed.subscription_id,
        url_revision=1,
        attempt=attempt(claimed.attempt_count + 1, response_status=response_status),
        status=DeliveryStatus.DELIVERED if is_successful else DeliveryStatus.RETRYING,
        round_attempt_count=claimed.round_attempt_count + 1,
        round_started_at=claimed.round_started_at,
        retry_delay_s=None if is_successful else 0.0,
        has_row=True,
    )


async def read(database: Database, claimed: ClaimedDelivery) -> tuple[Delivery, list[Attempt]]:
    async with database.connection() as connection:
        delivery = await delivery_find(
            connection, organisation_id=claimed.organisation_id, delivery_id=claimed.delivery_id
        )
        attempts = await delivery_list_attempts(
            connection, delivery_ids=[claimed.delivery_id], attempts_max=3, body_bytes_max=100
        )
    assert delivery is not None
    return delivery, attempts[claimed.delivery_id]


async def test_every_attempt_is_kept_in_order(worker: Worker, database: Database) -> None:
    await worker.fail_first_attempt(database)
    for response_status in (503, 200):
        claimed = await worker.claim_one()
        await worker.event_log.record([outcome_of(claimed, response_status=response_status)], finished_events=[])
    delivery, attempts = await read(database, claimed)
    assert (delivery.status, delivery.attempt_count) == ("delivered", 3)
    assert [(made.attempt_number, made.response_status) for made in attempts] == [(1, 500), (2, 503), (3, 200)]
    assert {made.response_body for made in attempts} == {b"\x00\xff"}
    assert [made.error_class for made in attempts] == ["unsuccessful_status", "unsuccessful_status", None]


async def test_only_the_latest_attempts_are_read(worker: Worker, database: Database) -> None:
    await worker.fail_first_attempt(database)
    for _ in range(4):
        claimed = await worker.claim_one()
        await worker.event_log.record([outcome_of(claimed, response_status=500)], finished_events=[])
    _, attempts = await read(database, claimed)
    assert [made.attempt_number for made in attempts] == [3, 4, 5]


async def test_only_the_beginning_of_a_long_response_body_is_read(worker: Worker, database: Database) -> None:
    await worker.fail_first_attempt(database)
    claimed = await worker.claim_one()
    await worker.event_log.record([outcome_of(claimed, response_status=200)], finished_events=[])
    async with database.connection() as connection:
        attempts = await delivery_list_attempts(
            connection, delivery_ids=[claimed.delivery_id], attempts_max=3, body_bytes_max=1
        )
    assert [(made.response_body, made.is_response_body_truncated) for made in attempts[claimed.delivery_id]] == [
        (b"\x00", True),
        (b"\x00", True),
    ]


async def test_a_worker_that_lost_a_delivery_cannot_record_its_outcome(worker: Worker, database: Database) -> None:
    await worker.fail_first_attempt(database)
    claimed = await worker.claim_one()
    await worker.lease.release()
    successor = await begin(database)
    reclaimed = await successor.claim_one()
    await worker.event_log.record([outcome_of(claimed, response_status=200)], finished_events=[])
    _, attempts = await read(database, claimed)
    assert [made.attempt_number for made in attempts] == [1]
    await successor.event_log.record([outcome_of(reclaimed, response_status=503)], finished_events=[])
    delivery, attempts = await read(database, claimed)
    assert delivery.status == "retrying"
    assert [(made.attempt_number, made.response_status) for made in attempts] == [(1, 500), (2, 503)]


async def test_an_attempt_whose_commit_was_not_confirmed_is_kept_once_even_after_the_next_has_started(
    worker: Worker, database: Database
) -> None:
    await worker.fail_first_attempt(database)
    second = outcome_of(await worker.claim_one(), response_status=503)
    await worker.event_log.record([second], finished_events=[])
    claimed = await worker.claim_one()
    await worker.event_log.record([second], finished_events=[])
    delivery, attempts = await read(database, claimed)
    assert delivery.is_running
    assert [made.attempt_number for made in attempts] == [1, 2]
    await worker.event_log.record([outcome_of(claimed, response_status=200)], finished_events=[])
    delivery, attempts = await read(database, claimed)
    assert (delivery.status, delivery.attempt_count) == ("delivered", 3)
    assert [made.attempt_number for made in attempts] == [1, 2, 3]


async def test_an_organisation_with_many_retries_leaves_the_others_their_share(
    worker: Worker, database: Database
) -> None:
    large = new_id()
    for _ in range(20):
        await worker.fail_first_attempt(database, organisation_id=large)
    small = await worker.fail_first_attempt(database)
    claimed = await worker.retry_queue.claim(claim_budget(rows_max=10))
    assert sum(delivery.organisation_id == small for delivery in claimed) == 1
    assert sum(delivery.organisation_id == large for delivery in claimed) == 5


async def test_every_organisation_gets_its_turn_to_retry(
    worker: Worker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIM_ORGANISATIONS_MAX", 2)
    large = UUID(int=2**128 - 1)
    for _ in range(20):
        await worker.fail_first_attempt(database, organisation_id=large)
    small = {await worker.fail_first_attempt(database) for _ in range(4)}
    turns = [await worker.retry_queue.claim(claim_budget(rows_max=3)) for _ in range(2)]
    assert {delivery.organisation_id for claimed in turns for delivery in claimed} == small | {large}


async def test_an_organisation_that_is_held_back_leaves_the_whole_claim_to_others(
    worker: Worker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIM_ORGANISATIONS_MAX", 1)
    held_back, others = UUID(int=1), [UUID(int=2), UUID(int=3)]
    for organisation_id in [held_back, *others] * 3:
        await worker.fail_first_attempt(database, organisation_id=organisation_id)
    budget = claim_budget(rows_max=3, held_back=[held_back])
    turns = [await worker.retry_queue.claim(budget) for _ in others]
    assert [delivery.organisation_id for claimed in turns for delivery in claimed].count(held_back) == 0
    assert {delivery.organisation_id for claimed in turns for delivery in claimed} == set(others)
    (rest,) = [await worker.retry_queue.claim(claim_budget(rows_max=3))]
    assert [delivery.organisation_id for delivery in rest] == [held_back] * 3


async def test_a_due_delivery_is_found_behind_an_organisation_held_back_and_many_without_due_deliveries(
    worker: Worker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIM_ORGANISATIONS_MAX", 1)
    held_back, due = UUID(int=1), UUID(int=9)
    for _ in range(3):
        await worker.fail_first_attempt(database, organisation_id=held_back)
    for number in range(2, 9):
        await worker.fail_first_attempt(database, organisation_id=UUID(int=number), retry_delay_s=3600.0)
    await worker.fail_first_attempt(database, organisation_id=due)
    claimed = await worker.retry_queue.claim(claim_budget(rows_max=2, held_back=[held_back]))
    assert [delivery.organisation_id for delivery in claimed] == [due]


async def test_a_canceled_delivery_is_finished_and_keeps_its_attempts(worker: Worker, database: Database) -> None:
    await worker.fail_first_attempt(database)
    claimed = await worker.claim_one()
    await worker.retry_queue.cancel([claimed])
    delivery, attempts = await read(database, claimed)
    assert (delivery.status, delivery.is_running, delivery.next_attempt_at) == ("canceled", False, None)
    assert delivery.finished_at is not None
    assert [made.attempt_number for made in attempts] == [1]
    assert list(await worker.retry_queue.claim(claim_budget(rows_max=10))) == []


async def test_deliveries_that_could_not_be_canceled_are_claimed_again(
    worker: Worker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await worker.fail_first_attempt(database)
    claimed = await worker.claim_one()

    def fail() -> AbstractAsyncContextManager[Connection]:
        raise DatabaseUnavailableError("the database is unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(database, "transaction", fail)
        with pytest.raises(DatabaseUnavailableError):
            await worker.retry_queue.cancel([claimed])
    assert claimed.delivery_id == (await worker.claim_one()).delivery_id
