"""Figures: what a worker counts of its attempts, and that it adds them to those of others."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ninefold.core.clock import Clock
from ninefold.core.ids import derive_id, new_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.webhooks.jobs import figures as figures_module
from ninefold.systems.webhooks.jobs.figures import FigureCounter
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome, Postponement
from ninefold.systems.webhooks.model.figures import ALL_SUBSCRIPTIONS, HOUR_S, MINUTE_S, Figure, FigureKey
from ninefold.systems.webhooks.rules.histograms import percentile_ms
from ninefold.systems.webhooks.store.figured_types import figured_type_delete_unused
from ninefold.systems.webhooks.store.figures import figure_delete_before, figure_list

ORGANISATION, FIRST, SECOND = new_id(), new_id(), new_id()
NOON = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)


class FixedClock(Clock):
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


def outcome(
    subscription_id: UUID,
    *,
    event_type: str = "order.created",
    duration_ms: float = 4.0,
    error_class: str | None = None,
    is_counted: bool = True,
    round_attempt_count: int = 1,
) -> Outcome:
    event_id = new_id()
    return Outcome(
        delivery_id=derive_id(event_id, subscription_id),
        organisation_id=ORGANISATION,
        event_id=event_id,
        subscription_id=subscription_id,
        url_revision=1,
        attempt=Attempt(
            attempt_number=1,
            attempted_at=NOON,
            duration_ms=duration_ms,
            response_status=200 if error_class is None else None,
            response_body=None,
            is_response_body_truncated=False,
            error_class=error_class,
            error_detail=error_class,
        ),
        status=DeliveryStatus.DELIVERED if error_class is None else DeliveryStatus.RETRYING,
        round_attempt_count=round_attempt_count,
        round_started_at=NOON - timedelta(milliseconds=900),
        retry_delay_s=None if error_class is None else 1.0,
        has_row=False,
        is_counted=is_counted,
        event_type=event_type,
    )


async def write(counter: FigureCounter) -> None:
    """Let the counter write everything, as at the worker's stop."""
    counter.close()
    await counter.run()


async def read(
    database: Database, subscription_id: UUID, event_type: str = "", *, step_s: int = MINUTE_S
) -> list[Figure]:
    async with database.connection() as connection:
        key = FigureKey(ORGANISATION, subscription_id, event_type)
        return await figure_list(connection, key, step_s=step_s, since=NOON - timedelta(hours=1))


async def test_attempts_are_counted_for_the_subscription_and_the_organisation(database: Database) -> None:
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST), outcome(FIRST, error_class="timeout"), outcome(SECOND)])
    await write(counter)
    for step_s in (MINUTE_S, HOUR_S):
        sums = {
            subscription_id: [
                (each.starts_at, each.succeeded_attempts, each.failed_attempts)
                for each in await read(database, subscription_id, step_s=step_s)
            ]
            for subscription_id in (FIRST, SECOND, ALL_SUBSCRIPTIONS)
        }
        start = NOON.replace(second=0)
        assert {FIRST: [(start, 1, 1)], SECOND: [(start, 1, 0)], ALL_SUBSCRIPTIONS: [(start, 2, 1)]} == sums


async def test_the_time_of_a_delivery_begins_with_its_event_and_that_of_an_attempt_with_its_request(
    database: Database,
) -> None:
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST, duration_ms=4.0)])
    await write(counter)
    [figure] = await read(database, FIRST)
    assert (percentile_ms(figure.attempt_durations, 1), percentile_ms(figure.delivery_times, 1)) == (5.0, 1_000.0)


async def test_what_was_not_sent_does_not_count(database: Database) -> None:
    counter = FigureCounter(database, FixedClock())
    postponed = Postponement(
        delivery_id=new_id(),
        organisation_id=ORGANISATION,
        event_id=new_id(),
        subscription_id=FIRST,
        round_started_at=NOON,
        has_row=False,
    )
    counter.add([postponed, outcome(FIRST, error_class="aborted", is_counted=False)])
    await write(counter)
    assert await read(database, ALL_SUBSCRIPTIONS) == []


async def test_two_workers_add_up(database: Database) -> None:
    counters = [FigureCounter(database, FixedClock()) for _ in range(2)]
    for counter in counters:
        counter.add([outcome(FIRST), outcome(SECOND)])
    await asyncio.gather(*map(write, counters))
    [figure] = await read(database, ALL_SUBSCRIPTIONS)
    assert (figure.succeeded_attempts, sum(figure.attempt_durations), sum(figure.delivery_times)) == (4, 4, 4)


async def test_event_types_of_two_workers_add_up_and_retries_are_told_apart(database: Database) -> None:
    counters = [FigureCounter(database, FixedClock()) for _ in range(2)]
    for counter in counters:
        counter.add([outcome(FIRST), outcome(FIRST, event_type="order.paid", error_class="timeout")])
        counter.add([outcome(SECOND, event_type="order.paid", round_attempt_count=2)])
    await asyncio.gather(*map(write, counters))
    sums = {
        (subscription_id, event_type): [
            (each.succeeded_attempts, each.failed_attempts, each.retried_attempts, sum(each.delivery_times))
            for each in await read(database, subscription_id, event_type)
        ]
        for subscription_id in (FIRST, SECOND, ALL_SUBSCRIPTIONS)
        for event_type in ("", "order.created", "order.paid")
    }
    assert sums == {
        (FIRST, ""): [(2, 2, 0, 2)],
        (FIRST, "order.created"): [(2, 0, 0, 2)],
        (FIRST, "order.paid"): [(0, 2, 0, 0)],
        (SECOND, ""): [(2, 0, 2, 2)],
        (SECOND, "order.created"): [],
        (SECOND, "order.paid"): [(2, 0, 2, 2)],
        (ALL_SUBSCRIPTIONS, ""): [(4, 2, 2, 4)],
        (ALL_SUBSCRIPTIONS, "order.created"): [(2, 0, 0, 2)],
        (ALL_SUBSCRIPTIONS, "order.paid"): [(2, 2, 2, 2)],
    }


async def test_the_event_types_with_the_most_attempts_have_figures_and_others_only_count_in_the_sums(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_module, "EVENT_TYPES_MAX", 2)
    monkeypatch.setattr(figures_module, "PAIRS_MAX", 1)
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST, event_type="rare")])
    counter.add([outcome(FIRST, event_type="common") for _ in range(3)])
    counter.add([outcome(SECOND, event_type="usual") for _ in range(2)])
    counter.add([outcome(SECOND, event_type="ninefold.alert.fired")])
    await write(counter)
    later = FigureCounter(database, FixedClock())
    later.add([outcome(FIRST, event_type="rare"), outcome(FIRST, event_type="common")])
    await write(later)
    event_types = ("", "common", "usual", "rare", "ninefold.alert.fired")
    sums = {
        name: [sum(figure.succeeded_attempts for figure in await read(database, key, each)) for each in event_types]
        for name, key in (("all", ALL_SUBSCRIPTIONS), ("first", FIRST), ("second", SECOND))
    }
    assert sums == {"all": [9, 4, 2, 0, 1], "first": [6, 4, 0, 0, 0], "second": [3, 0, 0, 0, 1]}


async def test_private_types_have_no_figures_of_their_own_and_a_flood_of_types_is_bounded(database: Database) -> None:
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST, event_type="_forward.callbacks.src_1")])
    counter.add([outcome(SECOND, event_type=f"order.{i}") for i in range(1_000)])
    await write(counter)
    assert await read(database, FIRST, "_forward.callbacks.src_1") == []
    [figure] = await read(database, SECOND)
    assert figure.succeeded_attempts == 1_000
    async with database.connection() as connection:
        rows = await connection.fetchval("SELECT count(*) FROM webhooks.figure WHERE event_type <> ''")
    assert rows <= 2 * (figures_module.EVENT_TYPES_MAX + figures_module.EVENT_TYPES_COUNTED_MAX)


async def test_an_event_type_that_is_no_longer_used_makes_room(database: Database) -> None:
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST)])
    await write(counter)
    async with database.transaction() as connection:
        await connection.execute("UPDATE webhooks.figured_type SET created_at = $1", NOON)
        start = NOON.replace(minute=0, second=0)
        assert await figured_type_delete_unused(connection, before=start, limit=10) == 0
        await connection.execute("UPDATE webhooks.figured_type SET created_at = $1", NOON - timedelta(days=1))
        assert await figured_type_delete_unused(connection, before=start, limit=10) == 0
        assert await figured_type_delete_unused(connection, before=start + timedelta(hours=1), limit=10) == 2


async def test_each_minute_has_its_own_figures(database: Database) -> None:
    clock = FixedClock()
    counter = FigureCounter(database, clock)
    counter.add([outcome(FIRST)])
    clock.time += timedelta(minutes=1)
    counter.add([outcome(FIRST), outcome(FIRST)])
    await write(counter)
    assert [each.succeeded_attempts for each in await read(database, FIRST)] == [1, 2]
    assert [each.succeeded_attempts for each in await read(database, FIRST, step_s=HOUR_S)] == [3]


async def test_figures_wait_for_a_database_that_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("starting")

    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST)])
    with monkeypatch.context() as patched:
        patched.setattr(figures_module, "figure_add", fail)
        await write(counter)
    counter.add([outcome(FIRST)])
    await write(counter)
    [figure] = await read(database, FIRST)
    assert figure.succeeded_attempts == 2


async def test_old_figures_are_deleted_and_others_kept(database: Database) -> None:
    counter = FigureCounter(database, FixedClock())
    counter.add([outcome(FIRST)])
    await write(counter)
    async with database.transaction() as connection:
        start = NOON.replace(second=0)
        assert await figure_delete_before(connection, step_s=MINUTE_S, before=start, limit=10) == 0
        after = start + timedelta(seconds=1)
        # Of the subscription, the organisation, and the event type in both.
        assert await figure_delete_before(connection, step_s=MINUTE_S, before=after, limit=10) == 4
    assert await read(database, FIRST) == []
    assert len(await read(database, FIRST, step_s=HOUR_S)) == 1
