"""The limits of a subscription: its rate and its attempts in flight, over all workers, and what exceeds them."""

import asyncio
import time

import pytest

from in_process import StartWorker
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi


class TimedReceiver(Receiver):
    """Keeps when each request arrived, and how many were in progress at once."""

    def __init__(self, *, answer_s: float = 0.0) -> None:
        super().__init__()
        self.times: list[float] = []
        self.in_progress = self.in_progress_max = 0
        self._answer_s = answer_s

    async def answer(self, request: ReceivedRequest) -> Answer:
        """Store a request, and answer after a while."""
        self.times.append(time.monotonic())
        self.in_progress += 1
        self.in_progress_max = max(self.in_progress_max, self.in_progress)
        await asyncio.sleep(self._answer_s)
        self.in_progress -= 1
        return await super().answer(request)

    def rate_max(self, window_s: float) -> float:
        """Return the most requests that arrived in any time of this length."""
        times = sorted(self.times)
        return max(sum(start <= each < start + window_s for each in times) for start in times)


async def publish_many(api: WebhooksApi, count: int) -> list[str]:
    events = [{"event_type": "order.created", "payload": number} for number in range(count)]
    answer = await api.done("POST", "/events/batch", json={"events": events})
    return [each["event_id"] for each in answer["results"]]


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_rate_limit_holds_over_all_workers_and_nothing_is_dropped(
    api: WebhooksApi, start_worker: StartWorker, workers: int
) -> None:
    async with TimedReceiver() as receiver, asyncio.TaskGroup() as group:
        subscription = await api.subscribe(receiver.url)
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"rate_limit_per_s": 20})
        stop = asyncio.Event()

        async def run_worker() -> None:
            async with start_worker():
                await stop.wait()

        for _ in range(workers):
            group.create_task(run_worker())
        events = await publish_many(api, 60)
        async with asyncio.timeout(30):
            while len(receiver.requests) < 30:
                await asyncio.sleep(0.01)
            waiting = await api.get(
                f"/subscriptions/{subscription['subscription_id']}/deliveries?status=waiting&limit=1"
            )
            assert waiting["items"][0]["waiting_reason"] == "rate_limited"
            await receiver.received(60, timeout_s=30)
        for event_id in events:
            assert [each["status"] for each in await api.settled(event_id)] == ["delivered"]
        stop.set()
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == len(receiver.requests) == 60
    # In any second: a burst of one second's tokens, and those that come meanwhile.
    assert receiver.rate_max(1.0) <= 20 + 20 + workers


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_limit_of_attempts_in_flight_holds_over_all_workers(
    api: WebhooksApi, start_worker: StartWorker, workers: int
) -> None:
    async with TimedReceiver(answer_s=0.05) as receiver, asyncio.TaskGroup() as group:
        subscription = await api.subscribe(receiver.url)
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"in_flight_max": 3})
        stop = asyncio.Event()

        async def run_worker() -> None:
            async with start_worker():
                await stop.wait()

        for _ in range(workers):
            group.create_task(run_worker())
        events = await publish_many(api, 60)
        await receiver.received(60, timeout_s=30)
        for event_id in events:
            assert [each["status"] for each in await api.settled(event_id)] == ["delivered"]
        stop.set()
    assert receiver.in_progress_max <= 3
    assert len(receiver.requests) == 60


async def test_a_silent_receiver_leaves_the_others_of_its_organisation_alone(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    never = asyncio.Event()
    async with Receiver() as silent:
        silent.default_answer = Answer(until=never)
        for _ in range(5):
            await api.subscribe(silent.url, "noise.*")
        await api.subscribe(receiver.url, "order.*")
        async with start_worker({"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": "300"}):
            noise = [{"event_type": "noise.made", "payload": number} for number in range(500)]
            await api.done("POST", "/events/batch", json={"events": noise})
            await silent.received(40)
            for _ in range(8):
                began_s = time.monotonic()
                await api.settled(await api.publish())
                assert time.monotonic() - began_s < 5.0
