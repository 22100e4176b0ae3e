"""A worker is killed during a replay: another continues it at the cursor, and everything is sent."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from receivers import Receiver
from webhooks.stored_deliveries import LONG_AGO, Stored, store_dead_letters
from webhooks.webhooks_api import WebhooksApi
from worker_processes import running_worker

DEAD_LETTERS: Final = 400
RATE_PER_S: Final = 80
KILLED_AFTER: Final = 80
"""So many were replayed when the worker is killed."""

_UNDELIVERED: Final = "SELECT count(*) FROM webhooks.delivery WHERE status <> 'delivered'"


@pytest.fixture
def webhooks(api: Api) -> WebhooksApi:
    return WebhooksApi(api.http, api.api_key)


async def job_until(api: WebhooksApi, job: Json, condition: Callable[[Json], bool], *, timeout_s: float = 60.0) -> Json:
    """Wait until a condition is true of a job; return it."""
    async with asyncio.timeout(timeout_s):
        while not condition(current := await api.get(f"/jobs/{job['job_id']}")):
            await asyncio.sleep(0.05)
        return current


async def prepare(api: WebhooksApi, database: Database, receiver: Receiver) -> tuple[Json, list[Stored]]:
    body = {"url": receiver.url, "event_types": ["*"], "rate_limit_per_s": 1_000}
    subscription = await api.done("POST", "/subscriptions", json=body)
    return subscription, await store_dead_letters(database, subscription, DEAD_LETTERS)


@pytest.mark.parametrize("what", ["dead letters", "a subscription since a time"])
async def test_a_replay_continues_after_its_worker_was_killed(
    webhooks: WebhooksApi, database: Database, database_url: str, receiver: Receiver, what: str
) -> None:
    subscription, stored = await prepare(webhooks, database, receiver)
    path, body = {
        "dead letters": ("/dead-letters/replay", {}),
        "a subscription since a time": (
            f"/subscriptions/{subscription['subscription_id']}/replay",
            {"since": LONG_AGO.isoformat()},
        ),
    }[what]
    job = await webhooks.done("POST", path, json={**body, "rate_per_s": RATE_PER_S})
    async with running_worker(database_url) as killed:
        before = await job_until(webhooks, job, lambda current: (current["progress_done"] or 0) >= KILLED_AFTER)
        killed.kill()
        await killed.wait()
    assert before["progress_done"] < DEAD_LETTERS
    async with running_worker(database_url):
        ended = await job_until(webhooks, job, lambda current: current["finished_at"] is not None)
        await wait_until_delivered(database)

    assert (ended["state"], ended["attempt_count"]) == ("succeeded", 2)
    # The cursor commits together with the deliveries, so none was released twice, and none forgotten.
    assert ended["result"] == {"replayed": DEAD_LETTERS, "skipped": {}}
    assert ended["progress_done"] == DEAD_LETTERS
    received = Counter((request.headers["webhook-id"], request.body) for request in receiver.requests)
    assert set(received) == {(each.event_id, each.payload) for each in stored}
    # Only what was being sent when the worker died is sent twice.
    assert max(received.values()) <= 2
    assert sum(received.values()) < DEAD_LETTERS + KILLED_AFTER


async def wait_until_delivered(database: Database) -> None:
    """Wait until every delivery is delivered."""
    async with asyncio.timeout(60), database.connection() as connection:
        while await connection.fetchval(_UNDELIVERED):
            await asyncio.sleep(0.05)
