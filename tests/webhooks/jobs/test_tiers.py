"""Tiers: a backlog of bulk events delays no critical one, nothing starves, and retries keep the tier of their event."""

import asyncio

from in_process import StartWorker
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi

SLOTS = {"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": "12"}
UNLIMITED = {
    "NINEFOLD_WEBHOOKS_RATE_LIMIT_PER_S": "100000",
    "NINEFOLD_WEBHOOKS_SUBSCRIPTION_IN_FLIGHT_MAX": "1000",
}


class SlowReceiver(Receiver):
    """Answers each request after a while."""

    async def answer(self, request: ReceivedRequest) -> Answer:
        await asyncio.sleep(0.02)
        return await super().answer(request)


async def publish(api: WebhooksApi, tier: str, count: int, *, event_type: str = "order.created") -> list[str]:
    events = [{"event_type": event_type, "payload": {"tier": tier}, "tier": tier} for _ in range(count)]
    answer = await api.done("POST", "/events/batch", json={"events": events})
    return [each["event_id"] for each in answer["results"]]


def positions(receiver: Receiver, event_ids: list[str]) -> list[int]:
    """Return the places of some events among the requests that have arrived."""
    arrived = [request.headers["webhook-id"] for request in receiver.requests]
    return sorted(arrived.index(event_id) for event_id in event_ids)


async def test_critical_events_overtake_a_backlog_and_bulk_ones_still_get_their_share(
    api: WebhooksApi, start_worker: StartWorker
) -> None:
    async with SlowReceiver() as receiver:
        await api.subscribe(receiver.url)
        bulk = await publish(api, "bulk", 400)
        async with start_worker({**UNLIMITED, **SLOTS}):
            await receiver.received(20)
            critical = await publish(api, "critical", 100)
            await receiver.received(500, timeout_s=30)
            for event_id in critical[:1] + bulk[-1:]:
                assert [each["tier"] for each in await api.settled(event_id)] in (["critical"], ["bulk"])
    critical_positions = positions(receiver, critical)
    assert critical_positions[-1] < 300
    # While critical ones were sent, bulk ones were too. How many depends on how busy the machine is.
    bulk_positions = positions(receiver, bulk)
    assert sum(critical_positions[0] < each < critical_positions[-1] for each in bulk_positions) >= 5


async def test_waiting_deliveries_of_a_critical_event_come_before_older_bulk_ones(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"rate_limit_per_s": 20})
    bulk = await publish(api, "bulk", 60)
    async with start_worker():
        await receiver.received(20)
        critical = await publish(api, "critical", 5)
        waited = await publish(api, "standard", 5)
        await receiver.received(70, timeout_s=30)
    assert positions(receiver, critical)[-1] < 45
    assert positions(receiver, waited)[-1] < positions(receiver, bulk)[-1]


async def test_retries_keep_the_tier_of_their_event(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.answers.append(Answer(status=500))
    await api.subscribe(receiver.url)
    async with start_worker():
        (event_id,) = await publish(api, "critical", 1)
        (delivery,) = await api.settled(event_id)
    assert (delivery["status"], delivery["attempt_count"], delivery["tier"]) == ("delivered", 2, "critical")


async def test_events_of_every_tier_are_found_without_a_notification(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    event_ids = [event_id for tier in ("bulk", "critical", "standard") for event_id in await publish(api, tier, 1)]
    async with start_worker():
        for event_id in event_ids:
            assert [each["status"] for each in await api.settled(event_id)] == ["delivered"]


async def test_bulk_deliveries_go_on_after_the_last_critical_one(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    async with start_worker(UNLIMITED):
        await publish(api, "bulk", 500)
        await publish(api, "critical", 5)
        await receiver.received(505, timeout_s=30)
