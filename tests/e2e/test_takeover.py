"""A worker is killed during deliveries: another takes over, nothing is lost, and only a few deliveries are repeated."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from installations import SECRETS_KEY
from ninefold.core.egress import AddressPolicy
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.leases import session_name
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.webhooks.service.publishing import EventDraft, Publication, publish_events
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.subscriptions import SubscriptionChanges, create_subscription
from receivers import Answer, Receiver
from worker_processes import running_worker

SUBSCRIBERS: Final = 5
EVENTS: Final = 60
ANSWERED_AT_FIRST: Final = 100
TAKEN_OVER_WITHIN_S: Final = 10.0

_RECORDED = """
    SELECT event_id, subscription_id
    FROM webhooks.delivery
    WHERE status = 'delivered'
"""
# A first attempt that fails on a busy machine is an outcome, too: its event is dispatched, and its delivery goes on.
_UNFINISHED = """
    SELECT
        (SELECT count(*) FROM webhooks.event WHERE status <> 'dispatched')
        + (SELECT count(*) FROM webhooks.delivery WHERE status <> 'delivered')
"""
_WORKERS = "SELECT count(*) FROM queue.worker"
# Each tier has claims of its own, and those that find nothing can be frozen too.
_HAS_CLAIM = """
    SELECT least(count(*), 1)
    FROM pg_stat_activity
    WHERE datname = current_database()
        AND query LIKE 'WITH RECURSIVE scanned%FROM webhooks.event%'
"""

# Claims wait for an advisory lock when they update a row; by then, they have locked their worker's lease.
_MAKE_CLAIMS_WAIT = """
    CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
    CREATE TRIGGER wait_for_lock BEFORE UPDATE ON webhooks.event
        FOR EACH ROW EXECUTE FUNCTION wait_for_lock();
"""


async def subscribe_and_publish(
    database: Database, receiver: Receiver, *, payload_bytes: int = 100
) -> tuple[dict[bytes, UUID], list[UUID]]:
    """Return the ids of the subscriptions, by the path of their URLs, and the ids of the events."""
    subscriptions = {}
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="acme")).organisation_id
        for number in range(SUBSCRIBERS):
            created = await create_subscription(
                connection,
                AddressPolicy.from_cidrs(["127.0.0.0/8"]),
                Sealer(SECRETS_KEY),
                organisation_id=organisation_id,
                fields=SubscriptionChanges(url=f"{receiver.url}/{number}", event_types=["*"]),
                retry_horizon_s=86_400,
            )
            subscriptions[f"/hooks/{number}".encode()] = created.subscription.subscription_id
    drafts = [
        EventDraft(event_type="order.created", payload=b'{"n":%d}'.ljust(payload_bytes) % number, idempotency_key=None)
        for number in range(EVENTS)
    ]
    async with database.transaction() as connection:
        published = await publish_events(connection, RecipientCache(), organisation_id=organisation_id, drafts=drafts)
    return subscriptions, [result.event_id for result in published if isinstance(result, Publication)]


async def wait_for(database: Database, query: str, expected: int, *, timeout_s: float) -> None:
    """Wait until a query returns the expected count."""
    async with asyncio.timeout(timeout_s), database.connection() as connection:
        while await connection.fetchval(query) != expected:
            await asyncio.sleep(0.05)


async def test_another_worker_takes_over_from_a_killed_one_and_repeats_only_what_was_not_recorded(
    database: Database, database_url: str, receiver: Receiver
) -> None:
    subscriptions, event_ids = await subscribe_and_publish(database, receiver)
    async with stuck_worker(database_url, receiver) as doomed, running_worker(database_url):
        await wait_for(database, _WORKERS, 2, timeout_s=30)
        doomed.kill()
        recorded = await unstick(database, receiver)
        await wait_for(database, _UNFINISHED, 0, timeout_s=60)
    assert len(recorded) == ANSWERED_AT_FIRST
    assert_all_arrived(receiver, subscriptions, event_ids, recorded=recorded)


async def test_another_worker_takes_over_from_a_suspended_one_which_ends_when_it_continues(
    database: Database, database_url: str, receiver: Receiver
) -> None:
    subscriptions, event_ids = await subscribe_and_publish(database, receiver)
    async with stuck_worker(database_url, receiver) as frozen, running_worker(database_url):
        await wait_for(database, _WORKERS, 2, timeout_s=30)
        frozen.send_signal(signal.SIGSTOP)
        recorded = await unstick(database, receiver)
        await wait_for(database, _UNFINISHED, 0, timeout_s=60)
        frozen.send_signal(signal.SIGCONT)
        async with asyncio.timeout(30):
            assert await frozen.wait() == 1
    assert_all_arrived(receiver, subscriptions, event_ids, recorded=recorded)


@pytest.mark.parametrize(
    ("payload_bytes", "frozen_in"),
    [
        pytest.param(100, "state = 'idle in transaction'", id="before its commit"),
        pytest.param(200_000, "wait_event = 'ClientWrite'", id="while PostgreSQL sends it rows"),
    ],
)
async def test_a_worker_that_freezes_during_its_claim_is_taken_over(
    database: Database, database_url: str, receiver: Receiver, payload_bytes: int, frozen_in: str
) -> None:
    subscriptions, event_ids = await subscribe_and_publish(database, receiver, payload_bytes=payload_bytes)
    async with database.transaction() as connection:
        await connection.execute(_MAKE_CLAIMS_WAIT)
    async with running_worker(database_url) as frozen:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
            await wait_for(database, f"{_HAS_CLAIM} AND wait_event = 'advisory'", 1, timeout_s=30)
            frozen.send_signal(signal.SIGSTOP)
            frozen_id = await connection.fetchval("SELECT worker_id FROM queue.worker")
        await wait_for(database, f"{_HAS_CLAIM} AND wait_event = 'advisory'", 0, timeout_s=30)
        await wait_for(database, f"{_HAS_CLAIM} AND {frozen_in}", 1, timeout_s=30)
        async with running_worker(database_url):
            await wait_for(database, f"{_WORKERS} WHERE worker_id <> '{frozen_id}'", 1, timeout_s=30)
            await receiver.received(1, timeout_s=TAKEN_OVER_WITHIN_S)
            await wait_for(database, _UNFINISHED, 0, timeout_s=60)
            frozen.send_signal(signal.SIGCONT)
            async with asyncio.timeout(30):
                assert await frozen.wait() == 1
    assert_each_arrived_once(receiver, subscriptions, event_ids)


async def test_a_frozen_worker_is_taken_over_though_all_that_others_do_waits_for_it(
    database: Database, database_url: str, receiver: Receiver
) -> None:
    settings = {"NINEFOLD_DATABASE_CONNECTIONS_MAX": "2"}  # One waits for notifications, the other one for the lock.
    subscriptions, event_ids = await subscribe_and_publish(database, receiver)
    async with running_worker(database_url, settings) as frozen:
        await wait_for(database, _UNFINISHED, 0, timeout_s=60)
        async with database.connection() as connection:
            worker_id = await connection.fetchval("SELECT worker_id FROM queue.worker")
        its_own = await asyncpg.connect(database_url, server_settings={"application_name": session_name(worker_id)})
        await its_own.execute("BEGIN; LOCK TABLE webhooks.event, webhooks.delivery")
        frozen.send_signal(signal.SIGSTOP)
        async with running_worker(database_url, settings):
            await wait_for(database, f"{_WORKERS} WHERE worker_id <> '{worker_id}'", 1, timeout_s=30)
            await wait_for(database, f"{_WORKERS} WHERE worker_id = '{worker_id}'", 0, timeout_s=TAKEN_OVER_WITHIN_S)
            assert its_own.is_closed()
    assert_each_arrived_once(receiver, subscriptions, event_ids)


@asynccontextmanager
async def stuck_worker(database_url: str, receiver: Receiver) -> AsyncIterator[Process]:
    """Run a worker that has begun every attempt. Some are answered, the others get no answer."""
    receiver.answers.extend([Answer() for _ in range(ANSWERED_AT_FIRST)])
    receiver.default_answer = Answer(until=asyncio.Event())
    async with running_worker(database_url) as process:
        await receiver.received(SUBSCRIBERS * EVENTS, timeout_s=30)
        yield process


async def unstick(database: Database, receiver: Receiver) -> set[tuple[UUID, UUID]]:
    """Start answering all requests, and wait until another worker has taken over.

    Returns:
        Event and subscription of each delivery that had been recorded before.
    """
    began_at, already = time.monotonic(), len(receiver.requests)
    async with database.connection() as connection:
        recorded = {(record["event_id"], record["subscription_id"]) for record in await connection.fetch(_RECORDED)}
    receiver.default_answer = Answer()
    await receiver.wait_until(lambda: len(receiver.requests) > already, timeout_s=TAKEN_OVER_WITHIN_S)
    assert time.monotonic() - began_at < TAKEN_OVER_WITHIN_S
    return recorded


def assert_each_arrived_once(receiver: Receiver, subscriptions: dict[bytes, UUID], event_ids: list[UUID]) -> None:
    """Assert that every event reached every subscriber exactly once."""
    pairs = {(event_id, subscription_id) for event_id in event_ids for subscription_id in subscriptions.values()}
    assert_all_arrived(receiver, subscriptions, event_ids, recorded=pairs)


def assert_all_arrived(
    receiver: Receiver,
    subscriptions: dict[bytes, UUID],
    event_ids: list[UUID],
    *,
    recorded: set[tuple[UUID, UUID]],
) -> None:
    """Assert that every event reached every subscriber, and twice only if the first time wasn't recorded."""
    expected = {
        (format_id("evt", event_id), path): (event_id, subscription_id)
        for event_id in event_ids
        for path, subscription_id in subscriptions.items()
    }
    received = Counter((request.headers["webhook-id"], request.path) for request in receiver.requests)
    assert set(expected) == set(received)
    assert {expected[pair] for pair, count in received.items() if count > 1} == set(expected.values()) - recorded
