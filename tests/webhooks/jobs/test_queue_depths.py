"""Depths of queues: right after every change, whoever adds them up, and corrected if they are wrong all the same."""

import asyncio
from typing import Final

import pytest
from prometheus_client import REGISTRY

from in_process import StartWorker
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model.queues import DepthError
from ninefold.systems.webhooks.service.queue_depths import add_up_depths, recount_depths
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

URL: Final = "https://example.com/"
_COUNTED = "SELECT count(*) FROM webhooks.queue_change"
_SUMS = "SELECT coalesce(sum(deliveries), 0) FROM webhooks.queue_depth"


async def depths_of(database: Database) -> list[int]:
    async with database.connection() as connection:
        return sorted(depth.deliveries for depth in (await queue_depth_list(connection)).values())


async def count(database: Database, query: str) -> int:
    async with database.connection() as connection:
        found: int = await connection.fetchval(query)
    return found


async def recount(database: Database, *, limit: int = 1_000) -> list[DepthError]:
    async with database.transaction() as connection:
        return list(await recount_depths(connection, limit=limit))


async def change(database: Database, deliveries: int) -> None:
    """Change the depth of the only organisation, although nothing else has changed."""
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)"
            " SELECT DISTINCT organisation_id, 1, $1::integer FROM webhooks.subscription",
            deliveries,
        )


async def test_adding_up_changes_no_depth(api: WebhooksApi, other_api: WebhooksApi, database: Database) -> None:
    for _ in range(2):
        await api.subscribe(URL)
    await other_api.subscribe(URL)
    for number in range(5):
        for each in (api, other_api):
            await each.publish()
        if number != 3:
            await add_up_depths(database)
        assert await depths_of(database) == [number + 1, 2 * number + 2]
    assert (await count(database, _COUNTED), await count(database, _SUMS)) == (0, 15)


async def test_several_processes_can_add_up_at_once_while_events_are_published(
    api: WebhooksApi, database: Database
) -> None:
    await api.subscribe(URL)
    done = asyncio.Event()

    async def add_up() -> None:
        while not done.is_set():
            await add_up_depths(database)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(add_up())
        for _ in range(10):
            await asyncio.gather(*[api.publish() for _ in range(20)])
        done.set()
    assert await depths_of(database) == [200]
    await add_up_depths(database)
    assert (await count(database, _COUNTED), await count(database, _SUMS)) == (0, 200)


async def test_what_is_done_leaves_no_rows(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    event_ids = [await api.publish() for _ in range(10)]
    await add_up_depths(database)
    async with start_worker():
        for event_id in event_ids:
            await api.settled(event_id)
    assert await depths_of(database) == []
    await add_up_depths(database)
    assert await count(database, "SELECT count(*) FROM webhooks.queue_depth") == 0


async def test_counting_finds_and_corrects_what_is_wrong_once(api: WebhooksApi, database: Database) -> None:
    await api.subscribe(URL)
    await api.publish()
    assert await recount(database) == []
    await change(database, 6)
    [error] = await recount(database)
    assert (error.tier, error.deliveries) == (1, -6)
    assert await recount(database) == []
    assert await depths_of(database) == [1]


async def test_what_would_take_long_to_count_is_left_as_it_is(api: WebhooksApi, database: Database) -> None:
    await api.subscribe(URL)
    for _ in range(3):
        await api.publish()
    await change(database, -3)
    assert await recount(database, limit=3) == []
    assert [error.deliveries for error in await recount(database, limit=4)] == [3]


@pytest.mark.parametrize("is_added_up", [False, True])
async def test_a_worker_shows_depth_and_age_by_tier(
    api: WebhooksApi, database: Database, start_worker: StartWorker, *, is_added_up: bool
) -> None:
    subscription = await api.subscribe(URL)
    await api.done("POST", "/events", json={"event_type": "a", "payload": 1, "tier": "bulk"})
    async with database.connection() as connection:
        # No worker claims what another one holds.
        await connection.execute(
            "UPDATE webhooks.event SET leased_by = gen_random_uuid(), accepted_at = now() - interval '1 hour'"
        )
    if is_added_up:
        await add_up_depths(database)
    async with start_worker(), asyncio.timeout(10):
        while metric("queue_depth", tier="bulk") != 1 or metric("queue_depth", tier="standard") != 0:
            await asyncio.sleep(0.02)
    assert 3_600 <= metric("queue_age_seconds", tier="bulk") < 3_700
    assert (metric("queue_age_seconds", tier="critical"), metric("queue_depth_max")) == (0, 10_000_000)
    assert subscription["is_active"]


def metric(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(f"ninefold_webhooks_{name}", labels)
    return -1.0 if value is None else value
