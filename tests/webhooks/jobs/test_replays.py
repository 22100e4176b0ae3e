"""Replays with a real worker: what is sent again, at which rate, and what pausing and canceling do."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from svix.webhooks import Webhook as SvixWebhook

from http_api import Json
from in_process import StartWorker
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.jobs import replays
from receivers import Answer, Receiver
from webhooks.stored_deliveries import LONG_AGO, Stored, statuses_of, store_dead_letters, store_delivery
from webhooks.webhooks_api import WebhooksApi

SINCE = LONG_AGO.isoformat()


async def ended(api: WebhooksApi, job: Json, *, timeout_s: float = 20.0) -> Json:
    """Wait until a job has ended; return it."""
    return await job_until(api, job, lambda current: current["finished_at"] is not None, timeout_s=timeout_s)


async def job_until(api: WebhooksApi, job: Json, condition: Any, *, timeout_s: float = 20.0) -> Json:
    """Wait until a condition is true of a job; return it."""
    async with asyncio.timeout(timeout_s):
        while not condition(current := await api.get(f"/jobs/{job['job_id']}")):
            await asyncio.sleep(0.02)
        return current


async def replay(api: WebhooksApi, **body: object) -> Json:
    return await api.done("POST", "/dead-letters/replay", json=body)


async def replay_since(api: WebhooksApi, subscription: Json, **body: object) -> Json:
    path = f"/subscriptions/{subscription['subscription_id']}/replay"
    return await api.done("POST", path, json={"since": SINCE, **body})


async def sent(receiver: Receiver, count: int) -> list[tuple[str, bytes]]:
    """Wait until this many requests have arrived; return the id and the body of each."""
    return [(request.headers["webhook-id"], request.body) for request in await receiver.received(count, timeout_s=20)]


async def count_statuses(database: Database) -> Counter[str]:
    """Return how many deliveries there are of each status, all at one moment."""
    async with database.connection() as connection:
        return Counter(record["status"] for record in await connection.fetch("SELECT status FROM webhooks.delivery"))


def sent_of(stored: list[Stored]) -> list[tuple[str, bytes]]:
    return [(each.event_id, each.payload) for each in stored]


@pytest.fixture
def environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    return {**environment, "NINEFOLD_WEBHOOKS_RATE_LIMIT_PER_S": "1000"}


@pytest.fixture
async def subscription(api: WebhooksApi, receiver: Receiver) -> Json:
    return await api.subscribe(receiver.url)


@pytest.mark.usefixtures("worker")
async def test_dead_letters_are_sent_again_with_the_same_ids_and_bytes(
    api: WebhooksApi, database: Database, receiver: Receiver, subscription: Json
) -> None:
    stored = await store_dead_letters(database, subscription, 5)

    job = await ended(api, await replay(api))

    assert (job["state"], job["result"]) == ("succeeded", {"replayed": 5, "skipped": {}})
    assert (job["progress_done"], job["progress_total"], job["progress_note"]) == (5, 5, "5 replayed")
    assert sorted(await sent(receiver, 5)) == sorted(sent_of(stored))
    for each in stored:
        await api.settled(each.event_id)
    assert await statuses_of(api, stored) == ["delivered"] * 5
    assert (await api.get("/dead-letters"))["items"] == []


async def test_an_event_that_died_arrives_with_the_bytes_that_were_published(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.done("POST", "/subscriptions", json={"url": receiver.url, "event_types": ["*"]})
    receiver.answers.append(Answer(500))
    body = '{"total": 19.90, "größe":1e3,  "twice":1,"twice":2}'.encode()
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_HORIZON_S": "0.000001"}):
        event_id = await api.publish(body)
        await api.settled(event_id)
    async with start_worker():
        await ended(api, await replay(api))
        (delivery,) = await api.settled(event_id)

    assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 2)
    assert delivery["attempts_planned"] > delivery["attempt_count"]
    first, second = await receiver.received(2)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"]) == (body, event_id)
    assert first.headers["webhook-timestamp"] <= second.headers["webhook-timestamp"]
    for request in (first, second):
        request.verify(subscription["secret"])
        SvixWebhook(subscription["secret"]).verify(request.body, request.headers)


@pytest.mark.usefixtures("worker")
async def test_chosen_dead_letters_are_sent_and_everything_else_is_counted(
    api: WebhooksApi, other_api: WebhooksApi, database: Database, receiver: Receiver, subscription: Json
) -> None:
    deleted = await api.subscribe("https://example.com/gone")
    theirs = await other_api.subscribe(receiver.url)
    dead = await store_delivery(database, subscription)
    chosen = [
        dead,
        dead,
        await store_delivery(database, subscription, status="delivered"),
        await store_delivery(database, subscription, status="canceled"),
        await store_delivery(database, deleted),
        foreign := await store_delivery(database, theirs),
    ]
    await store_delivery(database, subscription, payload=b'"not chosen"')
    await api.request("DELETE", f"/subscriptions/{deleted['subscription_id']}")

    job = await ended(api, await replay(api, delivery_ids=[each.delivery_id for each in chosen]))

    assert job["result"] == {
        "replayed": 1,
        "skipped": {"not_dead": 2, "subscription_deleted": 1, "not_found": 1},
    }
    assert await sent(receiver, 1) == sent_of([dead])
    assert await statuses_of(other_api, [foreign]) == ["failed"]


@pytest.mark.usefixtures("worker")
async def test_only_dead_letters_that_match_the_filter_are_sent(
    api: WebhooksApi, database: Database, receiver: Receiver
) -> None:
    body = {"url": receiver.url, "event_types": ["*"]}
    first = await api.done("POST", "/subscriptions", json={**body, "subscriber_id": "shop-1"})
    second = await api.done("POST", "/subscriptions", json={**body, "subscriber_id": "shop-2"})
    wanted = [
        await store_delivery(database, first, at=LONG_AGO + timedelta(hours=number), payload=b"%d" % number)
        for number in range(3)
    ]
    others = [
        await store_delivery(database, second),
        await store_delivery(database, first, event_type="invoice.paid"),
        await store_delivery(database, first, error_class="dns_failed"),
        await store_delivery(database, first, error_class=None),
        await store_delivery(database, first, at=LONG_AGO - timedelta(hours=1)),
        await store_delivery(database, first, at=LONG_AGO + timedelta(hours=3)),
    ]

    job = await ended(
        api,
        await replay(
            api,
            subscriber_id="shop-1",
            event_type="order.*",
            error_class="timeout",
            failed_after=LONG_AGO.isoformat(),
            failed_before=(LONG_AGO + timedelta(hours=3)).isoformat(),
        ),
    )

    assert job["result"] == {"replayed": 3, "skipped": {}}
    assert sorted(await sent(receiver, 3)) == sorted(sent_of(wanted))
    assert await statuses_of(api, others) == ["failed"] * len(others)


async def test_what_fails_again_during_a_replay_is_not_replayed_a_second_time(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker, subscription: Json
) -> None:
    receiver.default_answer = Answer(400)
    first, *_ = await store_dead_letters(database, subscription, 4)
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_HORIZON_S": "0.2", "NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.01"}):
        job = await replay(api, rate_per_s=2)
        await receiver.received(1)
        (delivery,) = await api.settled(first.event_id)
        assert delivery["status"] == "failed"
        job = await ended(api, job)

    assert delivery["finished_at"] < job["finished_at"]
    assert job["result"] == {"replayed": 4, "skipped": {}}


@pytest.mark.usefixtures("worker")
async def test_everything_for_a_subscription_since_a_time_is_sent_again(
    api: WebhooksApi, database: Database, receiver: Receiver, subscription: Json
) -> None:
    minute = timedelta(minutes=1)
    other = await api.subscribe(receiver.url)
    too_early = await store_delivery(database, subscription, at=LONG_AGO - timedelta(milliseconds=1))
    wanted = [
        await store_delivery(
            database, subscription, status=status, at=LONG_AGO + number * minute, payload=b"%d" % number
        )
        for number, status in enumerate(["failed", "delivered", "canceled"])
    ]
    too_late = await store_delivery(database, subscription, at=LONG_AGO + 3 * minute)
    await store_delivery(database, other, at=LONG_AGO + minute)

    job = await ended(api, await replay_since(api, subscription, until=(LONG_AGO + 3 * minute).isoformat()))

    assert job["result"] == {"replayed": 3, "skipped": {}}
    assert sorted(await sent(receiver, 3)) == sorted(sent_of(wanted))
    for each in wanted:
        await api.settled(each.event_id)
    assert await statuses_of(api, [too_early, *wanted, too_late]) == ["failed", *["delivered"] * 3, "failed"]


async def test_what_is_attempted_or_going_to_be_is_skipped_and_counted(
    api: WebhooksApi, database: Database, start_worker: StartWorker, subscription: Json
) -> None:
    await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"is_active": False})
    await store_delivery(database, subscription, status="waiting")
    await store_delivery(database, subscription, status="delivered")
    await store_delivery(database, subscription, status="waiting", leased_by=new_id())

    async with start_worker():
        job = await ended(api, await replay_since(api, subscription, statuses=["failed", "canceled"]))

    assert job["result"] == {"replayed": 0, "skipped": {"pending": 1, "running": 1}}


@pytest.mark.usefixtures("worker")
async def test_a_type_that_the_subscription_no_longer_wants_is_skipped(
    api: WebhooksApi, database: Database, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url, "invoice.*")
    await store_delivery(database, subscription, event_type="order.created")
    wanted = await store_delivery(database, subscription, event_type="invoice.paid")

    job = await ended(api, await replay(api))

    assert job["result"] == {"replayed": 1, "skipped": {"event_type_unwanted": 1}}
    assert await sent(receiver, 1) == sent_of([wanted])


@pytest.mark.usefixtures("worker")
async def test_deliveries_to_a_paused_subscription_wait_until_it_is_resumed(
    api: WebhooksApi, database: Database, receiver: Receiver, subscription: Json
) -> None:
    path = f"/subscriptions/{subscription['subscription_id']}"
    stored = await store_dead_letters(database, subscription, 3)
    await api.done("PATCH", path, json={"is_active": False})

    job = await ended(api, await replay(api))

    assert job["result"]["replayed"] == 3
    assert await statuses_of(api, stored) == ["waiting"] * 3
    assert receiver.requests == []
    await api.done("PATCH", path, json={"is_active": True})
    assert sorted(await sent(receiver, 3)) == sorted(sent_of(stored))


@pytest.mark.usefixtures("worker")
async def test_a_rate_spreads_a_replay_over_time(
    api: WebhooksApi, database: Database, receiver: Receiver, subscription: Json
) -> None:
    await store_dead_letters(database, subscription, 30)
    began_at_s = time.monotonic()

    job = await ended(api, await replay(api, rate_per_s=20))
    await receiver.received(30)

    assert job["result"]["replayed"] == 30
    # Batches of ten, half a second apart; the last one needs no pause after it, but the end is found after one.
    assert time.monotonic() - began_at_s > 1.0


async def test_a_replay_that_is_paused_goes_on_where_it_stopped(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker, subscription: Json
) -> None:
    stored = await store_dead_letters(database, subscription, 40)
    async with start_worker():
        job = await replay(api, rate_per_s=20)
        await job_until(api, job, lambda current: (current["progress_done"] or 0) >= 10)
        await api.done("POST", f"/jobs/{job['job_id']}/pause")
        paused = await job_until(api, job, lambda current: current["state"] == "waiting")
        assert (paused["waiting_reason"], paused["progress_total"]) == ("paused", 40)
        done = paused["progress_done"]
        assert (await count_statuses(database))["failed"] == 40 - done
        assert 10 <= done < 40

        await api.done("POST", f"/jobs/{job['job_id']}/resume")
        job = await ended(api, job)

        assert job["result"] == {"replayed": 40, "skipped": {}}
        assert sorted(await sent(receiver, 40)) == sorted(sent_of(stored))


async def test_a_replay_that_is_canceled_leaves_the_rest_dead(
    api: WebhooksApi, database: Database, start_worker: StartWorker, subscription: Json
) -> None:
    await store_dead_letters(database, subscription, 40)
    async with start_worker():
        job = await replay(api, rate_per_s=20)
        await job_until(api, job, lambda current: (current["progress_done"] or 0) >= 10)
        await api.done("POST", f"/jobs/{job['job_id']}/cancel")
        job = await ended(api, job)

        assert job["state"] == "canceled"
        assert (await count_statuses(database))["failed"] == 40 - job["progress_done"] > 0


async def test_a_replay_keeps_only_seconds_of_waiting_deliveries(
    api: WebhooksApi,
    database: Database,
    receiver: Receiver,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replays, "ROOM_POLL_S", 0.05)
    body = {"url": receiver.url, "event_types": ["*"], "rate_limit_per_s": 30}
    slow = await api.done("POST", "/subscriptions", json=body)
    await store_dead_letters(database, slow, 150)
    async with start_worker():
        job = await replay(api)
        await job_until(api, job, lambda current: (current["progress_done"] or 0) >= 60)
        at_once = await count_statuses(database)
        # Two seconds' worth of the limit.
        assert at_once["waiting"] <= 60
        assert at_once["failed"] > 0
        job = await ended(api, job)

        assert job["result"] == {"replayed": 150, "skipped": {}}
        await receiver.received(150, timeout_s=20)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 150
