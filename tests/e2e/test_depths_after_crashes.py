"""Workers and PostgreSQL are killed while events are published and delivered: the depths of queues stay right."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from installations import SECRETS_KEY
from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.postgres.migrations import migrate
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.webhooks.model.queues import QueueLimits
from ninefold.systems.webhooks.service.admission import AdmissionControl
from ninefold.systems.webhooks.service.publishing import EventDraft, publish_events
from ninefold.systems.webhooks.service.queue_depths import add_up_depths, recount_depths
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.subscriptions import SubscriptionChanges, create_subscription
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list
from receivers import Answer, ReceivedRequest, Receiver
from shared_postgres import temporary_fast_dir
from worker_processes import running_worker

SUBSCRIBERS: Final = 2
EVENTS: Final = 400
BATCH: Final = 10
CRASHES: Final = 2
LIMITS: Final = QueueLimits(organisation=120, installation=1_000)
SEED: Final = random.SystemRandom().randrange(1_000_000)
RETRY_S: Final = 0.05


class SlowReceiver(Receiver):
    """Answers each request after a while, so that something is always in progress."""

    async def answer(self, request: ReceivedRequest) -> Answer:
        await asyncio.sleep(0.02)
        return await super().answer(request)


@pytest.fixture
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A server of its own, which the test can kill."""
    with temporary_fast_dir() as folder, EmbeddedPostgres(folder) as server:
        connection = await asyncpg.connect(server.dsn())
        await migrate(connection, migration_sources())
        await connection.close()
        yield server


class Publisher:
    """Publishes events until all were accepted, whatever happens to the database; each has an idempotency key."""

    def __init__(self, database: Database, organisation_id: UUID) -> None:
        self._database = database
        self._control = AdmissionControl(database, LIMITS)
        self._recipient_cache = RecipientCache()
        self._organisation_id = organisation_id
        self.refused = 0

    async def run(self) -> None:
        """Publish all events."""
        left = [
            EventDraft(event_type="order.created", payload=b"%d" % number, idempotency_key=str(number))
            for number in range(EVENTS)
        ]
        while left:
            with suppress(DatabaseUnavailableError):
                refused = await self._publish(left[:BATCH])
                left = refused + left[BATCH:]
            await asyncio.sleep(RETRY_S / 2)

    async def _publish(self, drafts: list[EventDraft]) -> list[EventDraft]:
        async with self._control.open() as admission, self._database.transaction() as connection:
            results = await publish_events(
                connection,
                self._recipient_cache,
                organisation_id=self._organisation_id,
                drafts=drafts,
                admission=admission,
            )
        refused = [draft for draft, result in zip(drafts, results, strict=True) if isinstance(result, Exception)]
        self.refused += len(refused)
        return refused


async def subscribe(database: Database, receiver: Receiver) -> UUID:
    """Create an organisation with subscriptions; return its id."""
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="acme")).organisation_id
        for number in range(SUBSCRIBERS):
            await create_subscription(
                connection,
                AddressPolicy.from_cidrs(["127.0.0.0/8"]),
                Sealer(SECRETS_KEY),
                organisation_id=organisation_id,
                fields=SubscriptionChanges(url=f"{receiver.url}/{number}", event_types=["*"]),
                retry_horizon_s=86_400,
            )
    return organisation_id


async def check_depths(database: Database) -> int:
    """Compare the depths with what is queued, in one snapshot; return the depth."""
    while True:
        with suppress(DatabaseUnavailableError):
            async with database.transaction() as connection:
                assert list(await recount_depths(connection, limit=10 * EVENTS)) == [], f"seed {SEED}"
                return sum(depth.deliveries for depth in (await queue_depth_list(connection)).values())
        await asyncio.sleep(RETRY_S)


async def add_up_until(database: Database, done: asyncio.Event) -> None:
    while not done.is_set():
        with suppress(DatabaseUnavailableError):
            await add_up_depths(database)
        await asyncio.sleep(RETRY_S / 5)


async def count_unfinished(database: Database) -> int:
    """Count queued events, and deliveries that wait or are retried: a first attempt can fail on a busy machine."""
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            """
            SELECT
                (SELECT count(*) FROM webhooks.event WHERE status <> 'dispatched')
                + (SELECT count(*) FROM webhooks.delivery WHERE status <> 'delivered')
            """
        )
    return count


async def crash(postgres: EmbeddedPostgres) -> None:
    """Kill PostgreSQL, and start it again after a moment."""
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    assert await asyncio.to_thread(postgres.wait, 30)
    await asyncio.to_thread(postgres.start)


async def test_depths_are_right_after_kills_of_workers_and_of_postgresql(postgres: EmbeddedPostgres) -> None:
    chance = random.Random(SEED)
    database = await Database.connect(postgres.dsn(), application_name="test")
    done = asyncio.Event()
    async with SlowReceiver() as receiver, AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        publisher = Publisher(database, await subscribe(database, receiver))
        publishing = group.create_task(publisher.run())
        group.create_task(add_up_until(database, done))
        worker = await stack.enter_async_context(running_worker(postgres.dsn()))
        for _ in range(CRASHES):
            await receiver.received(len(receiver.requests) + 20, timeout_s=60)
            await asyncio.sleep(chance.random() / 5)
            worker.kill()
            await check_depths(database)
            worker = await stack.enter_async_context(running_worker(postgres.dsn()))
            await receiver.received(len(receiver.requests) + 20, timeout_s=60)
            await asyncio.sleep(chance.random() / 5)
            await crash(postgres)
            assert await check_depths(database) < LIMITS.organisation + SUBSCRIBERS
        async with asyncio.timeout(120):
            await publishing
            while await count_unfinished(database):
                await check_depths(database)
                await asyncio.sleep(RETRY_S)
        assert await check_depths(database) == 0
        done.set()
        assert publisher.refused > 0
        # Nothing that was accepted was dropped, and nothing was accepted twice.
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == EVENTS
    await database.close()
