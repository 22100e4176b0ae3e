"""A worker is killed while deliveries wait for a circuit or for a limit: another goes on, and everything is sent."""

import asyncio
from collections import Counter
from typing import Final

import pytest

from http_api import Api, Json
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi
from worker_processes import running_worker

EVENTS: Final = 200


@pytest.fixture
def webhooks(api: Api) -> WebhooksApi:
    return WebhooksApi(api.http, api.api_key)


async def publish_all(api: WebhooksApi) -> set[str]:
    events = [{"event_type": "order.created", "payload": number} for number in range(EVENTS)]
    answer = await api.done("POST", "/events/batch", json={"events": events})
    return {each["event_id"] for each in answer["results"]}


async def circuit_until(api: WebhooksApi, subscription: Json, state: str) -> None:
    async with asyncio.timeout(30):
        while (await api.get(f"/subscriptions/{subscription['subscription_id']}"))["circuit"]["state"] != state:
            await asyncio.sleep(0.05)


async def wait_until_delivered(api: WebhooksApi, subscription: Json) -> None:
    path = f"/subscriptions/{subscription['subscription_id']}/deliveries?limit=1&status="
    async with asyncio.timeout(60):
        for status in ("queued", "waiting", "retrying"):
            while (await api.get(path + status))["items"]:
                await asyncio.sleep(0.1)
    assert (await api.get(f"{path}failed"))["items"] == []


def count_received(receiver: Receiver) -> Counter[str]:
    return Counter(request.headers["webhook-id"] for request in receiver.requests)


async def test_what_waits_for_an_open_circuit_survives_its_worker(
    webhooks: WebhooksApi, database_url: str, receiver: Receiver
) -> None:
    receiver.default_answer = Answer(500)
    settings = {"NINEFOLD_WEBHOOKS_CIRCUIT_RETRY_S": "1", "NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.1"}
    subscription = await webhooks.subscribe(receiver.url)
    async with running_worker(database_url, settings) as killed:
        published = await publish_all(webhooks)
        await circuit_until(webhooks, subscription, "open")
        killed.kill()
        await killed.wait()
    failed = len(receiver.requests)
    receiver.default_answer = Answer()
    async with running_worker(database_url, settings):
        await circuit_until(webhooks, subscription, "closed")
        await wait_until_delivered(webhooks, subscription)

    accepted = Counter(request.headers["webhook-id"] for request in receiver.requests[failed:])
    assert set(accepted) == published
    assert max(accepted.values()) == 1


async def test_what_waits_for_a_rate_limit_survives_its_worker(
    webhooks: WebhooksApi, database_url: str, receiver: Receiver
) -> None:
    body = {"url": receiver.url, "event_types": ["*"], "rate_limit_per_s": 40}
    subscription = await webhooks.done("POST", "/subscriptions", json=body)
    async with running_worker(database_url) as killed:
        published = await publish_all(webhooks)
        await receiver.received(EVENTS // 2, timeout_s=30)
        killed.kill()
        await killed.wait()
    assert len(receiver.requests) < EVENTS
    async with running_worker(database_url):
        await wait_until_delivered(webhooks, subscription)

    received = count_received(receiver)
    assert set(received) == published
    # Only what was being sent or recorded when the worker died is sent twice.
    assert max(received.values()) <= 2
    assert sum(received.values()) <= EVENTS + 40
