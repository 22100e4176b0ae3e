"""Turns under random changes and in concurrent transactions: one delivery of a key at a time, and none is forgotten."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest

from http_api import Json
from ninefold.contracts.webhooks import EventTier
from ninefold.core.ids import first_id_at, format_id, new_id, parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.webhooks.jobs.partitions import Kept, keep_all, make_partitions
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.model.ordering import OrderedDelivery
from ninefold.systems.webhooks.service.blocked_keys import skip_delivery
from ninefold.systems.webhooks.service.ordering import end_turns, start_turns_of_events
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.ordering import ordered_delivery_insert_many
from webhooks.webhooks_api import WebhooksApi

KEYS: Final = ("a", "b", "c")
SETTINGS: Final = WebhooksSettings()
NOW: Final = datetime.now(UTC)

_INSERT_EVENT = """
    INSERT INTO webhooks.event (
        event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at, ordering_key,
        is_ordered
    )
    VALUES ($1, $2, 'order.created', '1', 1, 'dispatched', now(), 'any', TRUE)
"""
_END = """
    UPDATE webhooks.delivery
    SET status = $2, finished_at = now(), attempt_count = 1, last_attempted_at = now(), last_duration_ms = 1,
        is_last_response_body_truncated = FALSE, last_response_status = 200
    WHERE delivery_id = $1 AND status = 'waiting'
    RETURNING delivery_id
"""
_CURRENT = """
    SELECT ordering_key, delivery_id, blocked_at IS NOT NULL AS is_blocked
    FROM webhooks.ordered_delivery
    WHERE turn_started_at IS NOT NULL
"""


class Order:
    """An organisation with a subscription, and the steps that publishers and workers take, without sending."""

    def __init__(self, database: Database, *, organisation_id: UUID, subscription_id: UUID) -> None:
        self._database = database
        self._organisation_id = organisation_id
        self._subscription_id = subscription_id

    async def publish(self, key: str, *, delivery_id: UUID | None = None) -> UUID:
        """Accept an event with a delivery; return the delivery's id, which is also the event's."""
        delivery_id = delivery_id or new_id()
        async with self._database.transaction() as connection:
            await self.insert(connection, key, delivery_id)
        return delivery_id

    async def insert(self, connection: Connection, key: str, delivery_id: UUID) -> None:
        await connection.execute(_INSERT_EVENT, delivery_id, self._organisation_id)
        ordered = OrderedDelivery(
            delivery_id=delivery_id,
            organisation_id=self._organisation_id,
            event_id=delivery_id,
            subscription_id=self._subscription_id,
            ordering_key=key,
            tier=EventTier.STANDARD,
            retention=Retention.STANDARD,
        )
        await ordered_delivery_insert_many(connection, [ordered])

    async def claim(self, *event_ids: UUID) -> None:
        async with self._database.transaction() as connection:
            await start_turns_of_events(connection, event_ids=event_ids)

    async def end(self, delivery_id: UUID, status: str) -> bool:
        """End a delivery if it is its turn, as a recorded outcome does; return whether it was."""
        async with self._database.transaction() as connection:
            is_ended = await connection.fetchval(_END, delivery_id, status) is not None
            await end_turns(connection, [delivery_id])
        return is_ended

    async def skip(self, delivery_id: UUID) -> None:
        async with self._database.transaction() as connection:
            await skip_delivery(connection, organisation_id=self._organisation_id, delivery_id=delivery_id)

    async def current(self) -> dict[str, tuple[UUID, bool]]:
        """Return the current delivery of each key, and whether it blocks it."""
        async with self._database.connection() as connection:
            records = await connection.fetch(_CURRENT)
        return {record["ordering_key"]: (record["delivery_id"], record["is_blocked"]) for record in records}

    async def left(self) -> int:
        async with self._database.connection() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM webhooks.ordered_delivery")
        return count


@pytest.fixture
async def subscription(api: WebhooksApi) -> Json:
    body = {"url": "http://127.0.0.1:1/hooks", "event_types": ["*"], "ordering": "fifo"}
    return await api.done("POST", "/subscriptions", json=body)


@pytest.fixture
async def order(database: Database, subscription: Json) -> Order:
    subscription_id = parse_id("sub", subscription["subscription_id"])
    async with database.connection() as connection:
        organisation_id = await connection.fetchval("SELECT organisation_id FROM webhooks.subscription LIMIT 1")
    return Order(database, organisation_id=organisation_id, subscription_id=subscription_id)


@pytest.mark.parametrize("seed", range(6))
async def test_turns_follow_the_rules(order: Order, seed: int) -> None:
    """A list for each key is the model: its first delivery has the turn; what fails for good stays there."""
    chance = random.Random(seed)
    queues: dict[str, list[UUID]] = {key: [] for key in KEYS}
    blocked: set[str] = set()
    for _ in range(60):
        key = chance.choice(KEYS)
        queue = queues[key]
        step = chance.choice(["publish", "publish", "delivered", "failed", "canceled", "skip first", "skip any"])
        if step == "publish":
            queue.append(await order.publish(key))
            await order.claim(queue[-1])
        elif not queue:
            continue
        elif step == "skip first":
            await order.skip(queue.pop(0))
            blocked.discard(key)
        elif step == "skip any":
            skipped = chance.choice(queue)
            if skipped == queue[0]:
                blocked.discard(key)
            queue.remove(skipped)
            await order.skip(skipped)
        elif len(queue) > 1 and chance.random() < 0.2:
            # What isn't its turn can't end by an outcome.
            assert not await order.end(queue[1], step)
        elif key not in blocked:
            assert await order.end(queue[0], step)
            if step == "failed":
                blocked.add(key)
            else:
                queue.pop(0)
        assert await order.current() == {key: (queue[0], key in blocked) for key, queue in queues.items() if queue}
    assert await order.left() == sum(len(queue) for queue in queues.values())


@pytest.mark.parametrize("seed", range(3))
async def test_no_turn_is_lost_between_transactions_at_the_same_time(order: Order, seed: int) -> None:
    """Publishers, workers that claim, and workers that end turns run against each other until all has ended."""
    chance = random.Random(seed)
    accepted: asyncio.Queue[UUID] = asyncio.Queue()
    ended: list[UUID] = []
    total = 60

    async def publish() -> None:
        for _ in range(total // 3):
            await accepted.put(await order.publish(chance.choice(KEYS[:2])))

    async def claim() -> None:
        while True:
            await order.claim(await accepted.get())
            accepted.task_done()

    async def end() -> None:
        while len(ended) < total:
            for delivery_id, _ in (await order.current()).values():
                if await order.end(delivery_id, "delivered"):
                    ended.append(delivery_id)
            await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        claims = [group.create_task(claim()) for _ in range(2)]
        ends = [group.create_task(end()) for _ in range(2)]
        await asyncio.gather(*[group.create_task(publish()) for _ in range(3)])
        await asyncio.gather(*ends)
        for task in claims:
            task.cancel()
    assert await order.left() == 0
    assert len(set(ended)) == total


async def test_an_event_that_is_accepted_late_does_not_overtake(database: Database, order: Order) -> None:
    """The first event gets its number first, but its transaction commits after the second one's turn has begun."""
    first = new_id()
    async with database.transaction() as connection:
        await order.insert(connection, "a", first)
        second = await order.publish("a")
        await order.claim(second)
        assert await order.current() == {"a": (second, False)}
    await order.claim(first)
    assert await order.current() == {"a": (second, False)}
    assert await order.end(second, "delivered")
    assert await order.current() == {"a": (first, False)}


async def test_what_was_published_while_its_subscription_was_deleted_is_canceled(
    api: WebhooksApi, database: Database, order: Order, subscription: Json
) -> None:
    assert (await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")).is_success
    delivery_id = await order.publish("a")
    await order.claim(delivery_id)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT status FROM webhooks.delivery") == "canceled"
    assert await order.left() == 0


async def test_what_is_held_ends_with_its_retention_and_a_block_when_what_blocks_is_removed(
    api: WebhooksApi, database: Database, order: Order
) -> None:
    old = NOW - timedelta(days=50)
    for moment in (old, NOW):
        await make_partitions(database, SETTINGS, now=moment)
    first = await order.publish("a", delivery_id=first_id_at(old))
    second = await order.publish("a", delivery_id=first_id_at(old + timedelta(hours=1)))
    third = await order.publish("a", delivery_id=first_id_at(NOW))
    await order.claim(first, second, third)
    await order.end(first, "failed")

    kept = await keep(database, now=NOW)
    assert (kept.expired_deliveries, kept.dropped, kept.overdue) == (1, 0, 1)
    assert await order.current() == {"a": (first, True)}
    assert await order.left() == 2

    kept = await keep(database, now=NOW + timedelta(days=8))
    assert (kept.dropped, kept.overdue) == (1, 0)
    assert await order.current() == {"a": (third, False)}
    await api.refused(404, "GET", f"/deliveries/{format_id('dlv', second)}")


async def test_a_delivery_whose_time_is_over_in_its_turn_gives_it_to_the_next_or_blocks_it(
    database: Database, order: Order
) -> None:
    old = NOW - timedelta(days=50)
    for moment in (old, NOW):
        await make_partitions(database, SETTINGS, now=moment)
    waiting = await order.publish("a", delivery_id=first_id_at(old))
    later = await order.publish("a", delivery_id=first_id_at(NOW))
    await order.claim(waiting, later)

    assert (await keep(database, now=NOW)).expired_deliveries == 1
    assert await order.current() == {"a": (waiting, True)}
    assert (await keep(database, now=NOW + timedelta(days=8))).dropped == 1
    assert await order.current() == {"a": (later, False)}


async def keep(database: Database, *, now: datetime) -> Kept:
    """Drop what is older than its retention."""

    async def report(_: int) -> None:
        """Ignore the progress."""

    kept = await keep_all(database, SETTINGS, now=now, report=report)
    assert kept is not None
    return kept
