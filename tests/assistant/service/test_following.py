"""Following logs: every event once and in order, from any number on, until the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import pytest

from assistant.assistant_api import AssistantApi, script
from assistant.workers import generating
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.model import LogEvent
from ninefold.systems.assistant.service import following
from ninefold.systems.assistant.service.channels import notify_grown
from ninefold.systems.assistant.service.following import LogFollower
from ninefold.systems.assistant.service.log_messages import Grown


@pytest.fixture
async def follower(database: Database) -> AsyncIterator[LogFollower]:
    notifier, stopping = Notifier(database), asyncio.Event()
    followed = LogFollower(database, notifier)
    running = asyncio.create_task(notifier.run(stopping))
    yield followed
    stopping.set()
    await running


async def read_all(follower: LogFollower, response_id: UUID, *, after: int = -1) -> list[LogEvent]:
    async with asyncio.timeout(15), aclosing(follower.follow(response_id, after=after)) as batches:
        return [event async for batch in batches for event in batch]


async def test_followers_get_every_event_once_while_it_is_written(
    api: AssistantApi, follower: LogFollower, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "EVENTS_PER_READ", 5)
    text_id = await api.ask(script(token_count=100, delay_s=0.003))
    response_id = parse_id("resp", text_id)
    async with generating(database_url, ScriptedEngine()):
        whole, rest = await asyncio.gather(read_all(follower, response_id), read_all(follower, response_id, after=3))
    late = await read_all(follower, response_id, after=whole[-3].sequence)

    expected = [event["sequence_number"] for event in await api.events(text_id)]
    assert [event.sequence for event in whole] == expected
    assert rest == whole[4:]
    assert late == whole[-2:]
    assert follower._followers == {}


async def test_a_lost_notification_delays_events_by_a_second(
    api: AssistantApi, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL_S", 0.05)
    # This one hears nothing, because its notifier doesn't run.
    follower = LogFollower(database, Notifier(database))
    text_id = await api.ask("Hello")
    reading = asyncio.create_task(read_all(follower, parse_id("resp", text_id)))
    await asyncio.sleep(0.1)
    await api.cancel(text_id)

    assert [event.type for event in await reading][-1] == "ninefold.response.cancelled"


async def test_events_of_a_notification_are_passed_on_only_if_none_is_missing_before_them(
    api: AssistantApi, database: Database
) -> None:
    notifier = Notifier(database)
    follower = LogFollower(database, notifier)
    text_id = await api.ask("Hello")
    response_id = parse_id("resp", text_id)
    async with asyncio.timeout(5), aclosing(follower.follow(response_id)) as batches:
        first = await anext(batches)
        following_event = LogEvent(first[-1].sequence + 1, "response.in_progress", b"{}")
        after_a_gap = LogEvent(first[-1].sequence + 3, "response.in_progress", b"{}")
        for event in (first[0], after_a_gap, following_event):
            notify_grown(notifier, [Grown(response_id, [event])])

        assert await anext(batches) == [following_event]
