"""Partitions: made before they are needed, dropped when the retention is over, and never with anything unfinished."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.ids import first_id_at, new_id, parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.postgres.queries import load_queries
from ninefold.systems.webhooks import checks
from ninefold.systems.webhooks.jobs import partitions as module
from ninefold.systems.webhooks.jobs.partitions import Kept, keep_all, make_partitions
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.rules.partitions import midnight_before
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store import partitions as store
from ninefold.systems.webhooks.store.partitions import partition_add_retention, partition_list
from webhooks.stored_deliveries import Stored, statuses_of, store_delivery
from webhooks.stored_states import store_pause
from webhooks.webhooks_api import WebhooksApi

URL = "http://127.0.0.1:1/hooks"
SETTINGS = WebhooksSettings()
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
OLD = NOW - 50 * DAY
"""When what is stored here was accepted: the standard retention is over."""


async def report(_: int) -> None:
    """Ignore the progress."""


async def keep(database: Database, *, now: datetime = NOW, settings: WebhooksSettings = SETTINGS) -> Kept:
    kept = await keep_all(database, settings, now=now, report=report)
    assert kept is not None
    return kept


async def partitions_of(database: Database, retention: Retention = Retention.STANDARD) -> list[Partition]:
    async with database.connection() as connection:
        return [each for each in await partition_list(connection) if each.retention is retention]


async def make_at(database: Database, *moments: datetime) -> None:
    """Make partitions as if they had been made at these times."""
    for moment in moments:
        await make_partitions(database, SETTINGS, now=moment)


async def tables_with(database: Database, stored: Stored) -> list[str]:
    """Return the tables that have an event."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "SELECT tableoid::regclass::text AS name FROM webhooks.event WHERE event_id = $1",
            parse_id("evt", stored.event_id),
        )
    return [record["name"] for record in records]


async def test_partitions_are_made_ahead_of_every_day_and_have_no_gap(database: Database) -> None:
    for hours in range(0, 24 * 16, 13):
        moment = OLD + timedelta(hours=hours)
        await make_at(database, moment)
        partitions = await partitions_of(database)

        assert [each.ends_at for each in partitions[:-1]] == [each.starts_at for each in partitions[1:]]
        assert (partitions[0].starts_at, partitions[-1].ends_at) == (None, None)
        assert partitions[-1].starts_at is not None
        assert DAY < partitions[-1].starts_at - moment <= 4 * DAY


async def test_without_anybody_who_makes_partitions_events_go_into_the_open_one_which_is_then_closed(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD)
    late = await store_delivery(database, subscription, at=OLD + 20 * DAY)
    assert await tables_with(database, late) == [
        f"webhooks.event_standard_{(await partitions_of(database))[-1].suffix}"
    ]

    await make_at(database, NOW)

    last = (await partitions_of(database))[-1]
    assert last.starts_at is not None
    assert last.starts_at > NOW + DAY
    assert await statuses_of(api, [late]) == ["failed"]
    published = await api.publish(event_type="order.paid")
    assert (await api.get(f"/events/{published}"))["event_type"] == "order.paid"


async def test_what_is_older_than_its_retention_is_dropped_with_its_tables_and_the_rest_is_kept(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD, OLD + 4 * DAY, NOW - 20 * DAY, NOW)
    old = await store_delivery(database, subscription, at=OLD, status="delivered")
    dead = await store_delivery(database, subscription, at=OLD + DAY)
    young = await store_delivery(database, subscription, at=NOW - 19 * DAY, status="delivered")

    kept = await keep(database)

    assert (kept.dropped, kept.overdue) == (2, 0)
    assert await tables_with(database, old) == await tables_with(database, dead) == []
    assert await statuses_of(api, [young]) == ["delivered"]
    await api.refused(404, "GET", f"/deliveries/{dead.delivery_id}")
    async with database.connection() as connection:
        left = await connection.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE '%standard_first%'")
    assert left == 0


@pytest.mark.parametrize("status", ["retrying", "waiting"])
async def test_a_delivery_that_is_pending_keeps_its_partition_until_it_has_ended(
    api: WebhooksApi, database: Database, status: str
) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD, NOW)
    held = await store_delivery(database, subscription, at=OLD, status=status, leased_by=new_id())

    kept = await keep(database)

    assert (kept.dropped, kept.overdue, kept.expired_deliveries) == (0, 1, 0)
    assert await tables_with(database, held) == ["webhooks.event_standard_first"]


async def test_an_event_that_is_queued_keeps_its_partition(api: WebhooksApi, database: Database) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD, NOW)
    stored = await store_delivery(database, subscription, at=OLD, status="delivered")
    async with database.connection() as connection:
        await connection.execute("UPDATE webhooks.event SET status = 'queued', dispatched_at = NULL")

    kept = await keep(database)

    assert (kept.dropped, kept.sealed, kept.overdue) == (0, 0, 1)
    assert await tables_with(database, stored) == ["webhooks.event_standard_first"]


async def test_what_waits_for_a_paused_subscription_becomes_a_dead_letter_that_is_kept_for_a_week(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    await store_pause(database, subscription, reason="gone")
    await make_at(database, OLD, NOW)
    waiting = await store_delivery(database, subscription, at=OLD, status="waiting", error_class=None)

    first = await keep(database)
    shown = await api.get("/dead-letters")
    second = await keep(database, now=datetime.now(UTC) + 6 * DAY)
    third = await keep(database, now=datetime.now(UTC) + 8 * DAY)

    assert (first.expired_deliveries, first.dropped, first.overdue) == (1, 0, 1)
    assert [(each["delivery_id"], each["error_class"]) for each in shown["items"]] == [(waiting.delivery_id, "expired")]
    assert (second.dropped, second.overdue) == (0, 1)
    assert (third.dropped, third.overdue) == (1, 0)


async def test_a_retry_between_the_check_and_the_lock_keeps_the_partition(
    api: WebhooksApi, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD, NOW)
    dead = await store_delivery(database, subscription, at=OLD)
    hold = store.partitions_hold

    async def retry_first(connection: "asyncpg.Connection[asyncpg.Record]", *, retention: Retention) -> None:
        await api.done("POST", f"/deliveries/{dead.delivery_id}/retry")
        await hold(connection, retention=retention)

    monkeypatch.setattr(store, "partitions_hold", retry_first)
    kept = await keep(database)

    assert (kept.dropped, kept.overdue) == (0, 1)
    assert await statuses_of(api, [dead]) == ["retrying"]


async def test_each_retention_is_over_at_its_own_time(database: Database) -> None:
    async with database.transaction() as connection:
        await partition_add_retention(connection, retention=Retention.SHORT)
        await partition_add_retention(connection, retention=Retention.LONG)
    await make_at(database, OLD, NOW)
    async with database.connection() as connection:
        await connection.executemany(
            "INSERT INTO webhooks.event (event_id, organisation_id, event_type, payload, queued_deliveries, status, "
            "dispatched_at, retention) VALUES ($1, $2, 'a', '1', 0, 'dispatched', now(), $3)",
            [(first_id_at(OLD + each * DAY), new_id(), retention) for retention in Retention for each in (0, 25)],
        )

    async def counts() -> list[tuple[int, int]]:
        async with database.connection() as connection:
            records = await connection.fetch("SELECT retention, count(*) FROM webhooks.event GROUP BY 1 ORDER BY 1")
        return [(record["retention"], record["count"]) for record in records]

    assert await counts() == [(1, 2), (2, 2), (3, 2)]
    await keep(database)
    assert await counts() == [(1, 1), (2, 1), (3, 2)]
    await keep(database, now=NOW + 11 * DAY)
    assert await counts() == [(2, 1), (3, 2)]


async def test_a_sealed_partition_is_left_out_of_the_search_for_queued_events(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, NOW - 20 * DAY, NOW - 10 * DAY, NOW)
    await store_delivery(database, subscription, at=NOW - 20 * DAY, status="delivered")

    assert (await keep(database)).sealed == 2
    assert (await keep(database)).sealed == 0

    queries = load_queries("ninefold.systems.webhooks")
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        claim = await connection.prepare(queries.event_claim.sql)
        text = str(await claim.explain(1, UUID(int=0), 1, [], 1, 1, 1, new_id()))
        sealed = [each.suffix for each in await partition_list(connection) if each.is_sealed]
    assert len(sealed) == 2
    assert not any(f"event_standard_{suffix}" in text for suffix in sealed)


async def test_publishing_goes_on_while_partitions_are_made_and_dropped(api: WebhooksApi, database: Database) -> None:
    subscription = await api.subscribe(URL)
    await make_at(database, OLD)
    await store_delivery(database, subscription, at=OLD, status="delivered")
    is_over = asyncio.Event()

    async def publish() -> list[str]:
        published = []
        while not is_over.is_set():
            published.append(await api.publish())
        return published

    publishing = [asyncio.create_task(publish()) for _ in range(4)]
    await make_at(database, NOW)
    kept = await keep(database)
    is_over.set()
    published = [event_id for each in publishing for event_id in await each]

    assert kept.dropped >= 1
    async with database.connection() as connection:
        found = await connection.fetchval(
            "SELECT count(*) FROM webhooks.event WHERE event_id = ANY($1)",
            [parse_id("evt", event_id) for event_id in published],
        )
    assert found == len(published) > 0


async def test_while_a_table_is_in_use_the_change_waits_and_publishing_does_not(
    api: WebhooksApi, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRY_DELAY_S", 0.02)
    async with database.transaction() as connection:
        await connection.execute("SELECT count(*) FROM webhooks.event")
        making = asyncio.create_task(make_partitions(database, SETTINGS))
        for _ in range(10):
            await api.publish()
        assert not making.done()

    assert await making == 1


async def test_a_change_that_never_gets_its_tables_gives_up_until_the_next_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRY_DELAY_S", 0)
    monkeypatch.setattr(module, "TRIES_MAX", 2)
    async with database.transaction() as connection:
        await connection.execute("SELECT count(*) FROM webhooks.event")
        with pytest.raises(DatabaseUnavailableError):
            await make_partitions(database, SETTINGS)

    assert await make_partitions(database, SETTINGS) == 1


async def test_only_one_process_changes_partitions(database: Database) -> None:
    made = await asyncio.gather(*(make_partitions(database, SETTINGS) for _ in range(4)))

    assert sorted(made) == [0, 0, 0, 1]


async def test_a_limit_that_a_killed_process_has_left_goes_with_the_next_change(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    stored = await store_delivery(database, subscription, at=NOW, status="delivered")
    async with database.connection() as connection:
        open_partition = (await partition_list(connection))[-1]
        await store.partition_limit(connection, open_partition, ends_at=midnight_before(NOW) + DAY)

    await make_at(database, NOW + 5 * DAY)

    assert await tables_with(database, stored) == ["webhooks.event_standard_first"]
    async with database.connection() as connection:
        left = await connection.fetchval("SELECT count(*) FROM pg_constraint WHERE conname = 'closing'")
    assert left == 0


async def test_an_event_from_a_clock_that_was_ahead_stays_in_the_open_partition(
    api: WebhooksApi, database: Database
) -> None:
    subscription = await api.subscribe(URL)
    ahead = await store_delivery(database, subscription, at=NOW + 20 * DAY, status="delivered")

    assert await make_partitions(database, SETTINGS) == 0
    assert await tables_with(database, ahead) == ["webhooks.event_standard_first"]
    later = await store_delivery(database, subscription, at=NOW + 30 * DAY, status="delivered")
    assert await statuses_of(api, [ahead, later]) == ["delivered", "delivered"]
    assert await make_partitions(database, SETTINGS, now=NOW + 30 * DAY) == 1


async def test_an_idempotency_key_can_be_used_again_after_a_week(api: WebhooksApi, database: Database) -> None:
    async def publish(number: int) -> str:
        draft = {"event_type": "order.created", "payload": {"n": number}, "idempotency_key": "order-1"}
        event_id: str = (await api.done("POST", "/events", json=draft))["event_id"]
        return event_id

    first, again = await publish(1), await publish(1)
    kept = await keep(database, now=datetime.now(UTC) + 6 * DAY)
    later = await keep(database, now=datetime.now(UTC) + 8 * DAY)
    other = await publish(2)

    assert first == again != other
    assert (kept.idempotency_keys, later.idempotency_keys) == (0, 1)
    found = await api.get("/events?idempotency_key=order-1")
    assert [each["event_id"] for each in found["items"]] == [other]


@pytest.mark.parametrize(
    ("made_at", "now", "state"), [(NOW, NOW, "ok"), (OLD, NOW, "warning"), (NOW, NOW + 60 * DAY, "warning")]
)
async def test_doctor_finds_partitions_that_were_not_made_or_not_dropped(
    database: Database, monkeypatch: pytest.MonkeyPatch, made_at: datetime, now: datetime, state: str
) -> None:
    async def read_clock(_: object) -> datetime:
        return now

    monkeypatch.setattr(checks, "partition_read_clock", read_clock)
    await make_at(database, made_at)
    if now > NOW:
        await make_at(database, now)
    async with database.connection() as connection:
        (finding,) = await checks.check_partitions(connection, SETTINGS)

    assert (finding.check, finding.state) == ("partitions", state)


async def test_a_cancellation_is_raised_though_the_connection_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_canceled(connection: Connection) -> None:
        connection.terminate()
        raise asyncio.CancelledError

    monkeypatch.setattr(store, "partition_list", be_canceled)
    with pytest.raises(asyncio.CancelledError):
        await make_partitions(database, SETTINGS)
