"""Backpressure: while too much is queued, publishing is refused with 429, and nothing that was accepted is dropped."""

import asyncio
from collections.abc import Mapping
from typing import Final

import pytest
from prometheus_client import REGISTRY

from http_api import Json, problem_of
from in_process import Applications, StartWorker
from ninefold.core.postgres.database import Database
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

URL: Final = "https://example.com/"
LIMIT: Final = 20
STANDARD_BELOW: Final = 19
INSTALLATION_LIMIT: Final = 30


@pytest.fixture
def environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    return {**environment, "NINEFOLD_WEBHOOKS_ORGANISATION_QUEUE_DEPTH_MAX": str(LIMIT)}


def event(**changes: object) -> Json:
    return {"event_type": "order.created", "payload": {"n": 1}, **changes}


async def publish_until_full(api: WebhooksApi, **changes: object) -> tuple[list[str], Json]:
    """Publish one by one until an event is refused; return the ids of those that were accepted, and the problem."""
    event_ids: list[str] = []
    while len(event_ids) <= INSTALLATION_LIMIT:
        response = await api.request("POST", "/events", json=event(**changes))
        if response.status_code == 429:
            return event_ids, problem_of(response, status=429)
        event_ids.append(response.json()["event_id"])
    raise AssertionError("nothing is refused")


async def depths_of(api: WebhooksApi) -> dict[str, int]:
    backlog = (await api.get("/webhooks/status"))["backlog"]
    assert backlog["queued"]["count"] == sum(each["queued"]["count"] for each in backlog["tiers"])
    return {each["tier"]: each["queued"]["count"] for each in backlog["tiers"]}


def refused_count(queue: str, tier: str) -> float:
    name = "ninefold_webhooks_events_refused_total"
    return REGISTRY.get_sample_value(name, {"queue": queue, "tier": tier}) or 0.0


@pytest.mark.parametrize("path", ["/events", "/events/"])
async def test_an_event_is_refused_while_the_queue_of_its_organisation_is_full(api: WebhooksApi, path: str) -> None:
    await api.subscribe(URL)
    before = refused_count("organisation", "standard")
    event_ids, _ = await publish_until_full(api)
    response = await api.request("POST", path, json=event())
    problem = problem_of(response, status=429)
    assert len(event_ids) == STANDARD_BELOW
    assert (problem["code"], problem["is_retryable"]) == ("queue_full", True)
    assert problem["detail"] == (
        "19 deliveries of this organisation wait for their first attempts."
        " Standard events are accepted while there are fewer than 19."
    )
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert f"in {response.headers['Retry-After']} s" in problem["remedy"]
    assert refused_count("organisation", "standard") == before + 2


async def test_more_urgent_events_are_accepted_longer(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    counts = {tier: len((await publish_until_full(api, tier=tier))[0]) for tier in ("bulk", "standard", "critical")}
    assert counts == {"bulk": 18, "standard": 1, "critical": 1}
    assert await depths_of(api) == counts
    tiers = (await api.get("/webhooks/status"))["backlog"]["tiers"]
    assert {each["tier"]: each["queued_max"] for each in tiers} == {"critical": 20, "standard": 19, "bulk": 18}


async def test_what_was_accepted_is_delivered_and_then_events_are_accepted_again(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    event_ids, _ = await publish_until_full(api)
    async with start_worker():
        for event_id in event_ids:
            assert [each["status"] for each in await api.settled(event_id)] == ["delivered"]
        assert sum((await depths_of(api)).values()) == 0
        await api.settled(await accepted_again(api))
    assert len(receiver.requests) == len(event_ids) + 1


async def accepted_again(api: WebhooksApi) -> str:
    """Publish as soon as it is accepted; return the id of the event."""
    async with asyncio.timeout(10):
        while True:
            response = await api.request("POST", "/events", json=event())
            if response.is_success:
                event_id: str = response.json()["event_id"]
                return event_id
            await asyncio.sleep(0.05)


async def test_a_repeated_publish_gets_its_first_answer_also_while_the_queue_is_full(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    known = event(idempotency_key="order-1")
    first = await api.done("POST", "/events", json=known)
    await publish_until_full(api)
    again = await api.request("POST", "/events", json=known)
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (202, first, "true")
    conflict = await api.refused(409, "POST", "/events", json={**known, "payload": 2})
    assert conflict["code"] == "idempotency_conflict"
    await api.refused(429, "POST", "/events", json=event(idempotency_key="order-2"))


async def test_an_event_that_was_refused_can_be_published_with_the_same_key_later(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    event_ids, _ = await publish_until_full(api)
    await api.refused(429, "POST", "/events", json=event(idempotency_key="order-1"))
    async with start_worker():
        for event_id in event_ids:
            await api.settled(event_id)
        await api.settled(await accepted_again(api))
        published = await api.request("POST", "/events", json=event(idempotency_key="order-1"))
    assert (published.status_code, "Idempotency-Replayed" in published.headers) == (202, False)


async def test_the_events_of_a_batch_are_accepted_up_to_the_limit_in_their_order(api: WebhooksApi) -> None:
    await api.subscribe(URL, "order.*")
    events = [event(payload=number, ordering_key="k") for number in range(25)]
    response = await api.request("POST", "/events/batch", json={"events": [*events, event(event_type="other")]})
    answer = response.json()
    statuses = [each["status"] for each in answer["results"]]
    # What nobody gets isn't queued, so it isn't refused.
    assert statuses == [202] * STANDARD_BELOW + [429] * 6 + [202]
    assert (answer["accepted"], answer["refused"]) == (STANDARD_BELOW + 1, 6)
    assert {each["problem"]["code"] for each in answer["results"] if each["status"] == 429} == {"queue_full"}
    assert 1 <= int(response.headers["Retry-After"]) <= 60


async def test_an_event_with_more_deliveries_than_there_is_room_for_is_still_accepted(api: WebhooksApi) -> None:
    for _ in range(12):
        await api.subscribe(URL)
    event_ids, problem = await publish_until_full(api)
    assert len(event_ids) == 2
    assert problem["detail"].startswith("24 deliveries")


async def test_another_organisation_publishes_on_until_the_installation_is_full(
    api: WebhooksApi,
    other_api: WebhooksApi,
    applications: Applications,
    database: Database,
    environment: Mapping[str, str],
) -> None:
    await api.subscribe(URL)
    await other_api.subscribe(URL)
    settings = {**environment, "NINEFOLD_WEBHOOKS_INSTALLATION_QUEUE_DEPTH_MAX": str(INSTALLATION_LIMIT)}
    async with applications.client(settings, database=database) as client:
        event_ids, _ = await publish_until_full(WebhooksApi(client, api.api_key), tier="critical")
        other_ids, problem = await publish_until_full(WebhooksApi(client, other_api.api_key))
    # Standard events of organisations without an equal share stop at 29, those of the others at 27.
    assert (len(event_ids), len(other_ids)) == (LIMIT, 29 - LIMIT)
    assert problem["detail"] == (
        "29 deliveries of all organisations of this installation wait for their first attempts."
        " Standard events are accepted while there are fewer than 29."
    )


async def test_tests_of_subscriptions_and_replays_are_not_refused(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    async with start_worker():
        [delivery] = await api.settled(await api.publish())
    await publish_until_full(api)
    await api.done("POST", f"/subscriptions/{subscription['subscription_id']}/test")
    await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
    await api.done("POST", "/dead-letters/replay", json={})
