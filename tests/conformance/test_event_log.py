"""The behaviour that every event log adapter must have. Add a new adapter to `ADAPTERS`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
import pytest

from ninefold.core.ids import derive_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.leases import LeaseLostError, WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.webhooks.jobs.event_log import EventLog, PostgresEventLog
from ninefold.systems.webhooks.jobs.limits import CLAIM_MAX
from ninefold.systems.webhooks.model import ClaimedEvent, DeliveryStatus, NewEvent
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome
from ninefold.systems.webhooks.store.deliveries import delivery_list_attempts, delivery_list_by_event
from ninefold.systems.webhooks.store.events import event_find, event_insert_many
from ninefold.systems.webhooks.wiring import SYSTEM
from webhooks.circuit_breakers import make_circuit_breaker, make_turns

MakeEventLog: TypeAlias = Callable[[], Awaitable[tuple[EventLog, WorkerLease]]]

ADAPTERS: Final = {"postgres": PostgresEventLog}

claim_budget = partial(msgspec.structs.replace, CLAIM_MAX)


@pytest.fixture(params=ADAPTERS)
def make_event_log(request: pytest.FixtureRequest, database: Database) -> MakeEventLog:
    """Return a function that creates an event log for another worker."""

    async def make() -> tuple[EventLog, WorkerLease]:
        lease = WorkerLease(database, [SYSTEM.release_leases], duration=timedelta(minutes=1))
        await lease.acquire()
        event_log = ADAPTERS[request.param](
            database, lease, make_circuit_breaker(database), make_turns(database), notifier=Notifier(database)
        )
        return event_log, lease

    return make


async def accept(
    database: Database, organisation_id: UUID, *, events: int = 1, payload: bytes = b"{}", queued_deliveries: int = 1
) -> list[UUID]:
    """Accept events of an organisation; return tsuccessor ids, oldest first."""
    new_events = [
        NewEvent(
            event_id=new_id(),
            organisation_id=organisation_id,
            event_type="order.created",
            payload=payload,
            idempotency_key=None,
            queued_deliveries=queued_deliveries,
        )
        for _ in range(events)
    ]
    async with database.transaction() as connection:
        await event_insert_many(connection, events=new_events)
    return sorted(event.event_id for event in new_events)


def outcome_of(
    event: ClaimedEvent,
    subscription_id: UUID,
    *,
    status: DeliveryStatus = DeliveryStatus.DELIVERED,
    attempt_number: int = 1,
) -> Outcome:
    """Return the outcome of an attempt to deliver an event to a subscription."""
    is_delivered = status is DeliveryStatus.DELIVERED
    return Outcome(
        delivery_id=derive_id(event.event_id, subscription_id),
        organisation_id=event.organisation_id,
        event_id=event.event_id,
        subscription_id=subscription_id,
        url_revision=1,
        attempt=Attempt(
            attempt_number=attempt_number,
            attempted_at=datetime.now(UTC),
            duration_ms=1.5,
            response_status=200 if is_delivered else 500,
            response_body=b"ok",
            is_response_body_truncated=False,
            error_class=None if is_delivered else "unsuccessful_status",
            error_detail=None if is_delivered else "The receiver answered 500.",
        ),
        status=status,
        round_attempt_count=attempt_number,
        round_started_at=event.accepted_at,
        retry_delay_s=60.0 if status is DeliveryStatus.RETRYING else None,
        has_row=attempt_number > 1,
    )


def ids(events: Iterable[ClaimedEvent]) -> set[UUID]:
    return {event.event_id for event in events}


async def test_an_event_is_claimed_once_with_its_payload_unchanged(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisation_id = new_id()
    (event_id,) = await accept(database, organisation_id, payload=b'{"a": 1.0}')
    first, _ = await make_event_log()
    second, _ = await make_event_log()
    (claimed,) = await first.claim(claim_budget(rows_max=10))
    assert (claimed.event_id, claimed.organisation_id) == (event_id, organisation_id)
    assert (claimed.event_type, claimed.payload, claimed.claim_count) == ("order.created", b'{"a": 1.0}', 1)
    assert list(await first.claim(claim_budget(rows_max=10))) == []
    assert list(await second.claim(claim_budget(rows_max=10))) == []


async def test_workers_that_claim_at_once_share_the_events(make_event_log: MakeEventLog, database: Database) -> None:
    accepted = await accept(database, new_id(), events=200)
    logs = [(await make_event_log())[0] for _ in range(4)]

    async def drain(log: EventLog) -> list[UUID]:
        found: list[UUID] = []
        while claimed := await log.claim(claim_budget(rows_max=7)):
            found.extend(event.event_id for event in claimed)
        return found

    shares = await asyncio.gather(*(drain(log) for log in logs))
    taken = [event_id for share in shares for event_id in share]
    assert accepted == sorted(taken)


async def test_a_small_organisation_gets_its_turn_despite_a_large_one(
    make_event_log: MakeEventLog, database: Database
) -> None:
    large, small = new_id(), new_id()
    await accept(database, large, events=500)
    await accept(database, small, events=3)
    log, _ = await make_event_log()
    claimed = await log.claim(claim_budget(rows_max=20))
    assert sum(event.organisation_id == small for event in claimed) == 3
    assert sum(event.organisation_id == large for event in claimed) == 10


async def test_every_organisation_gets_its_turn_when_there_are_more_of_them_than_rows_in_a_claim(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisations = sorted(new_id() for _ in range(130))
    for organisation_id in organisations:
        await accept(database, organisation_id, events=2)
    log, _ = await make_event_log()
    first = [event.organisation_id for event in await log.claim(claim_budget(rows_max=100))]
    second = [event.organisation_id for event in await log.claim(claim_budget(rows_max=100))]
    assert set(organisations[:100]) == set(first)
    assert set(organisations[100:]) <= set(second)


async def test_every_organisation_gets_its_turn_when_a_claim_scans_only_a_few_of_them(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisations = sorted(new_id() for _ in range(130))
    for organisation_id in organisations:
        await accept(database, organisation_id, events=2, queued_deliveries=100)
    log, _ = await make_event_log()
    turns = [{event.organisation_id for event in await log.claim(claim_budget())} for _ in range(4)]
    assert [len(turn) for turn in turns] == [10, 10, 10, 10]
    for turn, all_of_it in zip(turns, [organisations[:100], organisations[100:]] * 2, strict=True):
        assert turn <= set(all_of_it)


async def test_an_organisation_that_is_held_back_leaves_the_whole_claim_to_others(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisations = sorted(new_id() for _ in range(130))
    for organisation_id in organisations:
        await accept(database, organisation_id, events=2)
    *held_back, last = organisations
    log, _ = await make_event_log()
    claimed = await log.claim(claim_budget(rows_max=10, held_back=held_back))
    assert [event.organisation_id for event in claimed] == [last, last]
    assert list(await log.claim(claim_budget(rows_max=10, held_back=held_back))) == []
    assert {event.organisation_id for event in await log.claim(claim_budget(rows_max=100))} == set(held_back[:100])


async def test_within_an_organisation_the_oldest_events_come_first(
    make_event_log: MakeEventLog, database: Database
) -> None:
    accepted = await accept(database, new_id(), events=10)
    log, _ = await make_event_log()
    assert set(accepted[:4]) == ids(await log.claim(claim_budget(rows_max=4)))


async def test_a_claim_returns_a_limited_number_of_payload_bytes(
    make_event_log: MakeEventLog, database: Database
) -> None:
    await accept(database, new_id(), events=12, payload=b'"' + b"x" * (1024 * 1024 - 2) + b'"')
    log, _ = await make_event_log()
    claimed = await log.claim(claim_budget(rows_max=12))
    assert sum(len(event.payload) for event in claimed) == CLAIM_MAX.bytes_max


async def test_a_claim_returns_events_with_a_limited_number_of_deliveries(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisation_id = new_id()
    await accept(database, organisation_id, events=12, queued_deliveries=100)
    (large,) = await accept(database, organisation_id, queued_deliveries=1000)
    log, _ = await make_event_log()
    assert len(await log.claim(claim_budget(items_max=500))) == 5
    assert len(await log.claim(claim_budget(items_max=501))) == 6
    assert len(await log.claim(claim_budget(items_max=1))) == 1
    assert ids(await log.claim(claim_budget(items_max=1))) == {large}


async def test_large_payloads_of_one_organisation_leave_bytes_to_another(
    make_event_log: MakeEventLog, database: Database
) -> None:
    large, small = new_id(), new_id()
    await accept(database, large, events=12, payload=b'"' + b"x" * (1024 * 1024 - 2) + b'"')
    await accept(database, small, events=3)
    log, _ = await make_event_log()
    claimed = await log.claim(claim_budget(rows_max=24))
    assert sum(event.organisation_id == small for event in claimed) == 3


async def test_a_small_organisation_gets_its_turn_among_several_with_many_large_payloads(
    make_event_log: MakeEventLog, database: Database
) -> None:
    for _ in range(12):
        await accept(database, new_id(), events=50, payload=b'"' + b"x" * 98 + b'"')
    small = new_id()
    await accept(database, small)
    log, _ = await make_event_log()
    budget = claim_budget(rows_max=24, bytes_max=400)
    # Each claim serves four of the thirteen at random. Fifty claims miss the small one once in 10^8 runs.
    claims = [await log.claim(budget) for _ in range(50)]
    assert sum(event.organisation_id == small for claimed in claims for event in claimed) == 1
    assert max(sum(len(event.payload) for event in claimed) for claimed in claims) <= 500


async def test_recorded_outcomes_can_be_read_and_finish_tsuccessor_event(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisation_id, delivered_to, failing = new_id(), new_id(), new_id()
    await accept(database, organisation_id)
    log, _ = await make_event_log()
    (event,) = await log.claim(claim_budget(rows_max=1))
    outcomes = [outcome_of(event, delivered_to), outcome_of(event, failing, status=DeliveryStatus.RETRYING)]
    await log.record(outcomes, finished_events=[event.event_id])
    async with database.connection() as connection:
        found = await event_find(connection, organisation_id=organisation_id, event_id=event.event_id)
        deliveries = await delivery_list_by_event(
            connection, organisation_id=organisation_id, event_id=event.event_id, limit=10
        )
        attempts = await delivery_list_attempts(
            connection,
            delivery_ids=[delivery.delivery_id for delivery in deliveries],
            attempts_max=10,
            body_bytes_max=100,
        )
    assert found is not None
    assert found.status == "dispatched"
    assert {delivery.subscription_id: delivery.status for delivery in deliveries} == {
        delivered_to: "delivered",
        failing: "retrying",
    }
    assert {delivery_id: len(made) for delivery_id, made in attempts.items()} == {
        delivery.delivery_id: 1 for delivery in deliveries
    }


async def test_recording_an_outcome_twice_keeps_the_first(make_event_log: MakeEventLog, database: Database) -> None:
    organisation_id, subscription_id = new_id(), new_id()
    await accept(database, organisation_id)
    log, _ = await make_event_log()
    (event,) = await log.claim(claim_budget(rows_max=1))
    await log.record([outcome_of(event, subscription_id)], finished_events=[])
    again = outcome_of(event, subscription_id, status=DeliveryStatus.FAILED)
    await log.record([again], finished_events=[event.event_id])
    async with database.connection() as connection:
        (delivery,) = await delivery_list_by_event(
            connection, organisation_id=organisation_id, event_id=event.event_id, limit=10
        )
    assert delivery.status == "delivered"


async def test_a_batch_with_an_outcome_that_is_already_recorded_adds_only_the_others(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisation_id, known, unknown, failing = new_id(), new_id(), new_id(), new_id()
    await accept(database, organisation_id)
    log, _ = await make_event_log()
    (event,) = await log.claim(claim_budget(rows_max=1))
    await log.record([outcome_of(event, known, status=DeliveryStatus.RETRYING)], finished_events=[])
    outcomes = [outcome_of(event, known), outcome_of(event, unknown)]
    outcomes.append(outcome_of(event, failing, status=DeliveryStatus.FAILED))
    await log.record(outcomes, finished_events=[event.event_id])
    async with database.connection() as connection:
        found = await event_find(connection, organisation_id=organisation_id, event_id=event.event_id)
        deliveries = await delivery_list_by_event(
            connection, organisation_id=organisation_id, event_id=event.event_id, limit=10
        )
    assert found is not None
    assert found.status == "dispatched"
    assert {delivery.subscription_id: delivery.status for delivery in deliveries} == {
        known: "retrying",
        unknown: "delivered",
        failing: "failed",
    }
    assert {delivery.created_at for delivery in deliveries} == {event.accepted_at}
    assert {delivery.finished_at is None for delivery in deliveries if delivery.subscription_id != known} == {False}


async def test_events_of_a_dead_worker_are_claimed_again_with_a_higher_claim_count(
    make_event_log: MakeEventLog, database: Database
) -> None:
    await accept(database, new_id(), events=5)
    dying, lease = await make_event_log()
    held = await dying.claim(claim_budget(rows_max=5))
    await lease.release()
    successor, _ = await make_event_log()
    reclaimed = await successor.claim(claim_budget(rows_max=5))
    assert ids(held) == ids(reclaimed)
    assert {event.claim_count for event in reclaimed} == {2}


async def test_a_worker_that_lost_its_lease_cannot_finish_an_event(
    make_event_log: MakeEventLog, database: Database
) -> None:
    organisation_id = new_id()
    await accept(database, organisation_id)
    stalled, lease = await make_event_log()
    (event,) = await stalled.claim(claim_budget(rows_max=1))
    await lease.release()
    successor, _ = await make_event_log()
    await successor.claim(claim_budget(rows_max=1))
    await stalled.record([outcome_of(event, new_id())], finished_events=[event.event_id])
    async with database.connection() as connection:
        found = await event_find(connection, organisation_id=organisation_id, event_id=event.event_id)
    assert found is not None
    assert found.status == "queued"
    with pytest.raises(LeaseLostError):
        await stalled.claim(claim_budget(rows_max=1))


async def test_events_that_were_given_back_are_claimed_again(make_event_log: MakeEventLog, database: Database) -> None:
    accepted = await accept(database, new_id(), events=5)
    log, _ = await make_event_log()
    claimed = sorted(await log.claim(claim_budget(rows_max=5)), key=lambda event: event.event_id)
    log.give_back(claimed[2:])
    assert set(accepted[2:]) == ids(await log.claim(claim_budget(rows_max=5)))
    assert list(await log.claim(claim_budget(rows_max=5))) == []


async def test_events_of_a_claim_whose_commit_was_not_confirmed_are_claimed_again(
    make_event_log: MakeEventLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await accept(database, new_id(), events=5)
    log, _ = await make_event_log()
    known = ids(await log.claim(claim_budget(rows_max=2)))

    @asynccontextmanager
    async def lose_the_confirmation() -> AsyncIterator[Connection]:
        async with database.connection() as connection, connection.transaction():
            yield connection
        raise DatabaseUnavailableError("the server's answer to COMMIT is lost")

    with monkeypatch.context() as patch:
        patch.setattr(database, "transaction", lose_the_confirmation)
        with pytest.raises(DatabaseUnavailableError):
            await log.claim(claim_budget(rows_max=5))
    assert set(accepted) - known == ids(await log.claim(claim_budget(rows_max=5)))
