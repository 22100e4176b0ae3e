"""Workers are killed while a receiver that often fails gets events of some keys: each key keeps its order."""

import asyncio
import random
from asyncio.subprocess import Process
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import Final

import msgspec
import pytest

from http_api import Api
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi
from worker_processes import running_worker

KEYS: Final = 8
EVENTS_PER_KEY: Final = 12
KILLS: Final = 4
RETRIES: Final = 3
SEED: Final = random.SystemRandom().randrange(1_000_000)

SETTINGS: Final = {
    "NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": ",".join(["0.05"] * RETRIES),
    "NINEFOLD_WEBHOOKS_CIRCUIT_RETRY_S": "1",
    "NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "2",
}


class Numbered(msgspec.Struct, frozen=True):
    """A payload: the number of an event among those of its key."""

    key: str
    number: int


class UnreliableReceiver(Receiver):
    """Refuses a third of the requests at random, and some events always; remembers what it answered."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.seen: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        """By key: the numbers of the events in the order of their requests, each with the answer's status."""

    async def answer(self, request: ReceivedRequest) -> Answer:
        sent = msgspec.json.decode(request.body, type=Numbered)
        is_refused = is_poison(sent.number) or self._chance.random() < 0.33
        status = 500 if is_refused else 200
        self.seen[sent.key].append((sent.number, status))
        self.default_answer = Answer(status)
        return await super().answer(request)


def is_poison(number: int) -> bool:
    return number % 5 == 3


@pytest.fixture
def webhooks(api: Api) -> WebhooksApi:
    return WebhooksApi(api.http, api.api_key)


async def publish_all(api: WebhooksApi) -> None:
    """Publish the events of all keys, in batches that mix the keys."""
    for number in range(EVENTS_PER_KEY):
        events = [
            {"event_type": "order.created", "payload": {"key": f"k{key}", "number": number}, "ordering_key": f"k{key}"}
            for key in range(KEYS)
        ]
        answer = await api.done("POST", "/events/batch", json={"events": events})
        assert answer["accepted"] == KEYS


async def kill_one_after_the_other(workers: list[Process], stack: AsyncExitStack, database_url: str) -> None:
    """Kill the oldest worker while the others go on, and start another one."""
    for _ in range(KILLS):
        await asyncio.sleep(1.5)
        killed = workers.pop(0)
        killed.kill()
        await killed.wait()
        workers.append(await stack.enter_async_context(running_worker(database_url, SETTINGS)))


async def test_each_key_keeps_its_order(webhooks: WebhooksApi, database_url: str) -> None:
    async with UnreliableReceiver(random.Random(SEED)) as receiver, AsyncExitStack() as stack:
        body = {"url": receiver.url, "event_types": ["*"], "ordering": "fifo", "ordering_on_failure": "skip"}
        subscription = await webhooks.done("POST", "/subscriptions", json=body)
        workers = [await stack.enter_async_context(running_worker(database_url, SETTINGS)) for _ in range(2)]
        await publish_all(webhooks)
        await kill_one_after_the_other(workers, stack, database_url)
        path = f"/subscriptions/{subscription['subscription_id']}/deliveries?limit=1&status="
        async with asyncio.timeout(120):
            for status in ("queued", "waiting", "retrying"):
                while (await webhooks.get(path + status))["items"]:
                    await asyncio.sleep(0.1)

    assert len(receiver.seen) == KEYS
    for seen in receiver.seen.values():
        numbers = [number for number, _ in seen]
        assert numbers == sorted(numbers), f"seed {SEED}"
        assert set(numbers) == set(range(EVENTS_PER_KEY))
        for number in range(EVENTS_PER_KEY):
            statuses = [status for each, status in seen if each == number]
            # It has ended before the next one: it was accepted, or every attempt of its round was made.
            assert 200 in statuses or len(statuses) >= 1 + RETRIES, f"seed {SEED}"
