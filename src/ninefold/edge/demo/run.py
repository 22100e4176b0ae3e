"""The steps of the demo: start, subscribe, publish, wait until everything has arrived, compare."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from functools import partial
from itertools import cycle, islice
from typing import Final

from ninefold.edge.demo.api import Api
from ninefold.edge.demo.display import SubscribersView, print_summary
from ninefold.edge.demo.installation import start_installation
from ninefold.edge.demo.payloads import Payload, PayloadFile, read_payloads
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.demo.status import SubscriberStatus, Summary, describe_status, summarize
from ninefold.edge.demo.subscribers import BEHAVIOURS, Subscriber

COMPLETE_WITHIN_S: Final = 60.0
EVENTS_MIN: Final = 120
"""The sample has fewer payloads, which would be too few events to watch."""

PUBLISHERS: Final = 8
"""How many events are published concurrently."""

SHOW_INTERVAL_S: Final = 0.5
RECORD_WITHIN_S: Final = 5.0
"""How long Ninefold may take to record the last delivery after it has arrived."""

RECORD_POLL_INTERVAL_S: Final = 0.2


async def run_demo(*, is_json: bool, events: int | None) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.
        events: how many to publish; the payloads are repeated if there are fewer. By default each payload is published
            once, but `EVENTS_MIN` events at least.

    Returns:
        Whether every event reached every subscriber that wants it, byte for byte.
    """
    file = read_payloads()
    payloads = list(islice(cycle(file.payloads), events or max(len(file.payloads), EVENTS_MIN)))
    payload_file = PayloadFile(origin=file.origin, payloads=payloads)
    deliver = partial(_deliver, payload_file)
    return await present(deliver, SubscribersView(), print_summary=print_summary, is_json=is_json)


async def _deliver(file: PayloadFile, progress: Progress[Sequence[SubscriberStatus]]) -> Summary:
    subscribers = [Subscriber(behaviour) for behaviour in BEHAVIOURS]
    async with AsyncExitStack() as stack:
        for subscriber in subscribers:
            stack.push_async_callback(subscriber.receiver.close)
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        api = await stack.enter_async_context(aclosing(Api(url=installation.url, api_key=installation.api_key)))
        for subscriber in subscribers:
            await _subscribe(api, subscriber)
        started_at = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for subscriber in subscribers:
                group.create_task(_open(subscriber))
            progress.say(f"Delivering {len(file.payloads)} {file.origin} to {len(subscribers)} subscribers")
            showing = group.create_task(_keep_showing(api, subscribers, progress))
            await _publish_all(api, file.payloads, subscribers)
            await _wait_for_all(subscribers)
            showing.cancel()
        duration_s = time.monotonic() - started_at
        progress.show(await _read_statuses(api, subscribers))
        progress.say("Comparing what arrived with what was published")
        await _wait_for_records(api, subscribers)
        deliveries = [await api.list_deliveries(subscriber.subscription_id) for subscriber in subscribers]
        progress.say("Stopping Ninefold and removing its folder")
    return summarize(
        subscribers,
        deliveries,
        payloads=file.origin,
        events=len(file.payloads),
        duration_s=duration_s,
    )


async def _subscribe(api: Api, subscriber: Subscriber) -> None:
    behaviour = subscriber.behaviour
    created = await api.subscribe(
        url=subscriber.receiver.url,
        event_types=behaviour.event_types,
        description=f"{behaviour.name}: {behaviour.story}",
    )
    subscriber.subscribe(subscription_id=created.subscription_id, secret=created.secret)


async def _open(subscriber: Subscriber) -> None:
    await asyncio.sleep(subscriber.behaviour.down_for_s)
    await subscriber.receiver.open()


async def _publish_all(api: Api, payloads: Sequence[Payload], subscribers: Sequence[Subscriber]) -> None:
    remaining = iter(payloads)

    async def publish_remaining() -> None:
        for payload in remaining:
            published_at = time.monotonic()
            accepted = await api.publish(payload)
            for subscriber in subscribers:
                if subscriber.wants(payload.event_type):
                    subscriber.expect(accepted.event_id, payload.body, published_at=published_at)

    async with asyncio.TaskGroup() as group:
        for _ in range(PUBLISHERS):
            group.create_task(publish_remaining())


async def _wait_for_all(subscribers: Sequence[Subscriber]) -> None:
    # After the timeout, the comparison reports what is missing.
    with suppress(TimeoutError):
        async with asyncio.timeout(COMPLETE_WITHIN_S):
            for subscriber in subscribers:
                while subscriber.missing:
                    subscriber.has_progress.clear()
                    await subscriber.has_progress.wait()


async def _wait_for_records(api: Api, subscribers: Sequence[Subscriber]) -> None:
    # An outcome is recorded shortly after the subscriber has answered.
    with suppress(TimeoutError):
        async with asyncio.timeout(RECORD_WITHIN_S):
            for subscriber in subscribers:
                while not await _is_recorded(api, subscriber):  # noqa: ASYNC110 - the API has no notification for it.
                    await asyncio.sleep(RECORD_POLL_INTERVAL_S)


async def _is_recorded(api: Api, subscriber: Subscriber) -> bool:
    delivered = await api.list_deliveries(subscriber.subscription_id, status="delivered")
    return len(delivered) >= len(subscriber.expected)


async def _keep_showing(
    api: Api, subscribers: Sequence[Subscriber], progress: Progress[Sequence[SubscriberStatus]]
) -> None:
    while True:
        progress.show(await _read_statuses(api, subscribers))
        await asyncio.sleep(SHOW_INTERVAL_S)


async def _read_statuses(api: Api, subscribers: Sequence[Subscriber]) -> list[SubscriberStatus]:
    return [
        describe_status(
            subscriber,
            retrying=await api.list_deliveries(subscriber.subscription_id, status="retrying"),
            waiting=await api.list_deliveries(subscriber.subscription_id, status="waiting"),
            failed=await api.list_deliveries(subscriber.subscription_id, status="failed"),
        )
        for subscriber in subscribers
    ]
