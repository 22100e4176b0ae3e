"""Deliveries that wait: why and until when they are shown to, and what a retry by hand does."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model import WaitingReason
from ninefold.systems.webhooks.rules.advice import advise
from receivers import Answer, Receiver
from webhooks.stored_states import read_circuit, store_circuit, store_pause, store_status
from webhooks.webhooks_api import WebhooksApi


@pytest.fixture
async def subscription(api: WebhooksApi, receiver: Receiver) -> Json:
    """A subscription with its own schedule of two retries."""
    body = {"url": receiver.url, "event_types": ["*"], "retry_schedule": [60, 60]}
    return await api.done("POST", "/subscriptions", json=body)


@pytest.fixture
async def delivery(
    api: WebhooksApi, receiver: Receiver, database: Database, start_worker: StartWorker, subscription: Json
) -> Json:
    """A delivery to it that waits after one attempt. No worker runs."""
    receiver.answers.append(Answer(500))
    async with start_worker():
        (found,) = await api.dispatched(await api.publish())
    assert found["subscription_id"] == subscription["subscription_id"]
    # What the worker noted of the failed attempt is replaced by what each test needs.
    async with database.connection() as connection:
        await connection.execute("DELETE FROM webhooks.circuit")
    await store_status(database, found, "waiting")
    return found


async def read(api: WebhooksApi, delivery: Json) -> Json:
    """Return a delivery; check that it is shown the same everywhere."""
    alone = await api.get(f"/deliveries/{delivery['delivery_id']}")
    path = f"/subscriptions/{delivery['subscription_id']}/deliveries?status={alone['status']}"
    assert (await api.get(path))["items"] == [alone]
    assert (await api.get(f"/events/{delivery['event_id']}"))["deliveries"] == [alone]
    return alone


@pytest.mark.parametrize(
    ("pause", "circuit", "reason", "until"),
    [
        (None, None, "rate_limited", None),
        (None, {"failures": 3}, "rate_limited", None),
        (None, {"throttled_for_s": 60}, "rate_limited", "throttled_until"),
        (None, {"throttled_for_s": -60}, "rate_limited", None),
        (None, {"retry_in_s": 60}, "circuit_open", "retry_at"),
        (None, {"retry_in_s": -5, "throttled_for_s": 60}, "circuit_open", "retry_at"),
        ("by_hand", None, "paused", None),
        ("gone", {"retry_in_s": 60, "throttled_for_s": 60}, "paused", None),
    ],
)
async def test_the_reason_is_that_of_the_subscription(
    *,
    api: WebhooksApi,
    database: Database,
    subscription: Json,
    delivery: Json,
    pause: str | None,
    circuit: dict[str, Any] | None,
    reason: str,
    until: str | None,
) -> None:
    if pause is not None:
        await store_pause(database, subscription, reason=pause)
    if circuit is not None:
        await store_circuit(database, subscription, **circuit)
    found = await read(api, delivery)
    assert (found["status"], found["waiting_reason"], found["is_running"]) == ("waiting", reason, False)
    assert (found["next_attempt_at"], found["finished_at"]) == (None, None)
    advice = advise("unsuccessful_status", response_status=500, waiting_reason=WaitingReason(reason))
    assert found["advice"] == advice
    if until is None:
        assert found["waiting_until"] is None
    else:
        stored = await read_circuit(database, subscription)
        assert datetime.fromisoformat(found["waiting_until"]) == stored[until]


@pytest.mark.parametrize("status", ["retrying", "failed", "canceled"])
async def test_a_delivery_that_does_not_wait_has_no_reason(
    api: WebhooksApi, database: Database, subscription: Json, delivery: Json, status: str
) -> None:
    await store_circuit(database, subscription, retry_in_s=60)
    await store_status(database, delivery, status)
    found = await read(api, delivery)
    assert (found["waiting_reason"], found["waiting_until"]) == (None, None)


async def test_the_attempts_planned_are_those_of_the_subscriptions_own_schedule(
    api: WebhooksApi, subscription: Json, delivery: Json
) -> None:
    assert (await read(api, delivery))["attempts_planned"] == 3
    await api.publish()
    path = f"/subscriptions/{subscription['subscription_id']}/deliveries?status=queued"
    assert (await api.get(path))["items"][0]["attempts_planned"] == 3
    await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"retry_schedule": None})
    assert (await read(api, delivery))["attempts_planned"] == 4


async def test_a_retry_sends_a_waiting_delivery_at_once(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, delivery: Json
) -> None:
    await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
    found = await read(api, delivery)
    assert (found["status"], found["waiting_reason"]) == ("retrying", None)
    assert found["next_attempt_at"] is not None
    async with start_worker():
        (again,) = await api.settled(delivery["event_id"])
    assert (again["status"], len(receiver.requests)) == ("delivered", 2)


async def test_a_retry_is_sent_once_although_the_circuit_is_open_and_its_success_closes_it(
    *,
    api: WebhooksApi,
    database: Database,
    receiver: Receiver,
    start_worker: StartWorker,
    subscription: Json,
    delivery: Json,
) -> None:
    await store_circuit(database, subscription, retry_in_s=60)
    before = await read_circuit(database, subscription)
    sent = len(receiver.requests)
    await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
    assert await read_circuit(database, subscription) == before
    async with start_worker():
        (again,) = await api.settled(delivery["event_id"])
    circuit = (await api.get(f"/subscriptions/{subscription['subscription_id']}"))["circuit"]
    assert (again["status"], circuit["state"], len(receiver.requests)) == ("delivered", "closed", sent + 1)


@pytest.mark.parametrize("status", ["waiting", "failed"])
async def test_a_delivery_to_a_paused_subscription_cannot_be_retried(
    api: WebhooksApi, database: Database, subscription: Json, delivery: Json, status: str
) -> None:
    await store_status(database, delivery, status)
    await store_pause(database, subscription, reason="gone")
    problem = await api.refused(409, "POST", f"/deliveries/{delivery['delivery_id']}/retry")
    assert (problem["code"], problem["is_retryable"]) == ("subscription_paused", False)
    assert subscription["subscription_id"] in problem["remedy"]
    assert "is_active to true" in problem["remedy"]
    assert (await read(api, delivery))["status"] == status


async def wait_for(api: WebhooksApi, event_id: str, status: str) -> Json:
    """Wait until the only delivery of an event has a status; return it."""
    async with asyncio.timeout(10):
        while True:
            deliveries: list[Json] = (await api.get(f"/events/{event_id}"))["deliveries"]
            if [delivery["status"] for delivery in deliveries] == [status]:
                return deliveries[0]
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("worker")
async def test_what_was_published_during_a_pause_is_sent_when_it_ends(api: WebhooksApi, receiver: Receiver) -> None:
    created = await api.subscribe(receiver.url)
    path = f"/subscriptions/{created['subscription_id']}"
    await api.done("PATCH", path, json={"is_active": False})
    event_id = await api.publish()
    waiting = await wait_for(api, event_id, "waiting")
    assert (waiting["waiting_reason"], waiting["attempt_count"]) == ("paused", 0)
    assert receiver.requests == []
    await api.done("PATCH", path, json={"is_active": True})
    assert (await wait_for(api, event_id, "delivered"))["attempt_count"] == 1
    assert len(receiver.requests) == 1


async def test_what_waits_for_a_circuit_is_sent_when_it_is_closed_by_hand(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, environment: Mapping[str, str]
) -> None:
    created = await api.subscribe(receiver.url)
    path = f"/subscriptions/{created['subscription_id']}"
    receiver.default_answer = Answer(500)
    async with start_worker({**environment, "NINEFOLD_WEBHOOKS_CIRCUIT_FAILURES_MAX": "2"}):
        event_id = await api.publish()
        waiting = await wait_for(api, event_id, "waiting")
        circuit = (await api.get(path))["circuit"]
        assert (waiting["waiting_reason"], waiting["waiting_until"]) == ("circuit_open", circuit["retry_at"])
        assert circuit["state"] == "open"
        receiver.default_answer = Answer(200)
        await api.done("POST", f"{path}/circuit/close")
        await wait_for(api, event_id, "delivered")


@pytest.mark.usefixtures("worker")
async def test_what_waits_is_canceled_when_its_subscription_is_deleted(api: WebhooksApi, receiver: Receiver) -> None:
    body = {"url": receiver.url, "event_types": ["*"], "is_active": False}
    created = await api.done("POST", "/subscriptions", json=body)
    event_id = await api.publish()
    await wait_for(api, event_id, "waiting")
    await api.request("DELETE", f"/subscriptions/{created['subscription_id']}")
    canceled = await wait_for(api, event_id, "canceled")
    assert canceled["finished_at"] is not None
    assert (canceled["waiting_reason"], receiver.requests) == (None, [])
