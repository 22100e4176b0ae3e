"""Admission control in several processes: each knows what it has accepted itself, and reads what the others have."""

import asyncio
from typing import Final

import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.webhooks.errors import QueueFullError
from ninefold.systems.webhooks.model.queues import Depths, QueueLimits
from ninefold.systems.webhooks.service.admission import PRESSED_INTERVAL_S, AdmissionControl
from ninefold.systems.webhooks.service.publishing import EventDraft, publish_events
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list
from webhooks.alert_evaluations import organisation_of
from webhooks.webhooks_api import WebhooksApi

URL: Final = "https://example.com/"
LIMITS: Final = QueueLimits(organisation=100, installation=1_000)
STANDARD_BELOW: Final = 95
PROCESSES: Final = 3


class Process:
    """A process that publishes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.control = AdmissionControl(database, LIMITS)
        self._recipient_cache = RecipientCache()

    async def publish(self, count: int, *, fails: bool = False) -> int:
        """Publish events of the only organisation in a transaction; return how many were accepted."""
        organisation_id = await organisation_of(self._database)
        drafts = [EventDraft(event_type="a", payload=b"1", idempotency_key=None)] * count
        async with self.control.open() as admission, self._database.transaction() as connection:
            results = await publish_events(
                connection,
                self._recipient_cache,
                organisation_id=organisation_id,
                drafts=drafts,
                admission=admission,
            )
            if fails:
                raise OSError
        return sum(not isinstance(result, QueueFullError) for result in results)


async def depth(database: Database) -> int:
    async with database.connection() as connection:
        return sum(each.deliveries for each in (await queue_depth_list(connection)).values())


async def test_several_processes_exceed_a_limit_by_what_they_accept_between_two_readings(
    api: WebhooksApi, database: Database
) -> None:
    await api.subscribe(URL)
    processes = [Process(database) for _ in range(PROCESSES)]
    while any([await process.publish(1) for process in processes]):
        await asyncio.sleep(PRESSED_INTERVAL_S)
    # Since a process has begun to read, each of the others has accepted two at most.
    assert STANDARD_BELOW <= await depth(database) <= STANDARD_BELOW + 2 * (PROCESSES - 1)


async def test_a_process_accepts_no_more_than_the_limit_at_once(api: WebhooksApi, database: Database) -> None:
    await api.subscribe(URL)
    process = Process(database)
    accepted = await asyncio.gather(*[process.publish(20) for _ in range(10)])
    assert (sum(accepted), await depth(database)) == (STANDARD_BELOW, STANDARD_BELOW)


async def test_what_was_rolled_back_takes_no_room(api: WebhooksApi, database: Database) -> None:
    await api.subscribe(URL)
    process = Process(database)
    for _ in range(5):
        failed = await asyncio.gather(process.publish(90, fails=True), return_exceptions=True)
        assert [type(each) for each in failed] == [OSError]
        await asyncio.sleep(PRESSED_INTERVAL_S)
    assert await process.publish(200) == STANDARD_BELOW


async def test_what_a_slow_reading_contains_is_not_counted_twice_by_one_that_overtakes_it(
    api: WebhooksApi, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.subscribe(URL)
    process = Process(database)
    assert await process.publish(90) == 90
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries) VALUES ($1, 1, -90)",
            await organisation_of(database),
        )
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow_queue_depth_list(connection: Connection) -> Depths:
        has_begun.set()
        await may_end.wait()
        return await queue_depth_list(connection)

    async with asyncio.TaskGroup() as group, database.connection() as connection:
        with monkeypatch.context() as patched:
            patched.setattr("ninefold.systems.webhooks.service.admission.queue_depth_list", slow_queue_depth_list)
            group.create_task(process.control.read(connection, unless_younger_s=0))
            await has_begun.wait()
        assert await process.publish(20) == 20
        may_end.set()
    assert await process.publish(100) == STANDARD_BELOW - 20
