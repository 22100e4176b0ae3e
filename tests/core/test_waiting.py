"""Waiting for events: until one is set, or the time is over."""

import asyncio

from ninefold.core.waiting import wait_for_any


async def test_it_returns_when_one_of_the_events_is_set() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_any(first, second))
    await asyncio.sleep(0)
    assert not waiting.done()

    second.set()

    async with asyncio.timeout(5):
        await waiting
    assert not first.is_set()


async def test_it_returns_when_the_time_is_over() -> None:
    event = asyncio.Event()

    async with asyncio.timeout(5):
        await wait_for_any(event, timeout_s=0.01)

    assert not event.is_set()


async def test_it_leaves_no_task_behind_when_it_is_cancelled() -> None:
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(wait_for_any(asyncio.Event(), asyncio.Event()))
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait([waiting], timeout=5)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before
