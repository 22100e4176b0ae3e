"""What live feeds show of webhooks: each change of a delivery, and of the health of subscriptions, while watched."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from http_api import Json
from in_process import StartWorker, create_key, running_worker
from live_readers import EventStreamReader, RefusedError
from live_watcher import Watcher
from ninefold.core.ids import format_id, parse_id
from ninefold.core.live import Channel
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.webhooks.service.changes import make_feeds
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi

ARRIVES_WITHIN_S = 10
RETRY_SOON = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.01,0.01"}
RETRY_LATE = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "600,600"}


async def watch_deliveries(database: Database, subscription: Json) -> Watcher:
    """Watch the deliveries to a subscription."""
    channel = Channel(subscription["live_channel"], {"subscription_id": subscription["subscription_id"]})
    watcher = Watcher(database, make_feeds()[0], channel)
    await watcher.watch()
    return watcher


@pytest.fixture
async def organisation(database: Database, api: WebhooksApi) -> str:
    """The id of the client's organisation."""
    async with database.connection() as connection:
        principal = await authenticate(connection, api.api_key, kinds=[API_KEY])
    return format_id("org", principal.organisation_id)


@pytest.fixture
async def health(database: Database, organisation: str) -> Watcher:
    """Watches the health of the organisation's subscriptions."""
    watcher = Watcher(database, make_feeds()[1], Channel(f"webhooks.health:{organisation}", {}))
    await watcher.watch()
    return watcher


async def test_each_outcome_of_a_delivery_is_shown(
    api: WebhooksApi, receiver: Receiver, database: Database, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    watcher = await watch_deliveries(database, subscription)
    receiver.answers.extend([Answer(500), Answer(503)])
    async with start_worker(RETRY_SOON):
        event_id = await api.publish()
        (delivery,) = await api.settled(event_id)
        entries = await watcher.read_until(lambda entry: bool(entry["status"] == "delivered"))

    assert [(entry["status"], entry["attempt"], entry["error_class"]) for entry in entries] == [
        ("retrying", 1, "unsuccessful_status"),
        ("retrying", 2, "unsuccessful_status"),
        ("delivered", 3, None),
    ]
    assert {(entry["delivery_id"], entry["event_id"]) for entry in entries} == {(delivery["delivery_id"], event_id)}
    assert [entry["next_attempt_at"] is None for entry in entries] == [False, False, True]


async def test_a_first_success_is_shown_and_deliveries_of_other_subscriptions_are_not(
    api: WebhooksApi, receiver: Receiver, database: Database, worker: None
) -> None:
    del worker
    watched = await api.subscribe(receiver.url, "order.created")
    await api.subscribe(receiver.url, "order.*")
    watcher = await watch_deliveries(database, watched)
    await api.settled(await api.publish(event_type="order.created"))
    await api.settled(await api.publish(event_type="order.deleted"))

    assert [(entry["status"], entry["attempt"]) for entry in await watcher.read()] == [("delivered", 1)]


async def test_what_nobody_watches_is_not_written(
    api: WebhooksApi, receiver: Receiver, database: Database, worker: None
) -> None:
    del worker
    await api.subscribe(receiver.url)
    await api.settled(await api.publish())

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM live.watched_entry") == 0


async def test_a_retry_by_hand_and_the_end_of_a_deleted_subscription_are_shown(
    api: WebhooksApi, receiver: Receiver, database: Database, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.default_answer = Answer(500)
    async with start_worker(RETRY_LATE):
        (delivery,) = await api.dispatched(await api.publish())
        watcher = await watch_deliveries(database, subscription)
        await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
        await watcher.read_until(lambda entry: bool(entry["attempt"] == 2))
        await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")
        entries = await watcher.read_until(lambda entry: bool(entry["status"] == "canceled"))

    assert [(entry["status"], entry["attempt"]) for entry in entries] == [
        ("retrying", 1),
        ("retrying", 2),
        ("canceled", 2),
    ]


async def test_waiting_deliveries_are_shown(
    api: WebhooksApi, receiver: Receiver, database: Database, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    address = f"/subscriptions/{subscription['subscription_id']}"
    await api.done("PATCH", address, json={"is_active": False})
    watcher = await watch_deliveries(database, subscription)
    async with start_worker():
        await api.publish()
        await watcher.read_until(lambda entry: bool(entry["status"] == "waiting"))
        await api.done("PATCH", address, json={"is_active": True})
        entries = await watcher.read_until(lambda entry: bool(entry["status"] == "delivered"))

    assert [(entry["status"], entry["attempt"]) for entry in entries] == [("waiting", 0), ("delivered", 1)]


async def test_the_health_of_subscriptions_is_shown(
    api: WebhooksApi, receiver: Receiver, health: Watcher, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    address = f"/subscriptions/{subscription['subscription_id']}"
    receiver.default_answer = Answer(500)
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": ",".join(["0.01"] * 12)}):
        await api.publish()
        await health.read_until(lambda entry: bool(entry["circuit"] == "open"))
        await api.done("POST", f"{address}/circuit/close")
        await health.read_until(lambda entry: bool(entry["circuit"] == "closed"))
    await api.done("PATCH", address, json={"is_active": False})
    await api.request("DELETE", address)
    entries = await health.read()

    opened = next(entry for entry in entries if entry["circuit"] == "open")
    assert opened["consecutive_failures"] >= 10
    assert opened["failing_since"] < opened["retry_at"]
    assert {entry["subscription_id"] for entry in entries} == {subscription["subscription_id"]}
    assert (entries[0]["circuit"], entries[0]["is_active"]) == ("closed", True)
    assert [(entry["is_active"], entry["pause_reason"], entry["is_deleted"]) for entry in entries[-2:]] == [
        (False, "by_hand", False),
        (False, "by_hand", True),
    ]


async def test_a_change_that_is_rolled_back_is_not_shown(
    api: WebhooksApi, receiver: Receiver, database: Database, health: Watcher
) -> None:
    subscription = await api.subscribe(receiver.url)
    before = await health.read()
    subscription_id = parse_id("sub", subscription["subscription_id"])
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "UPDATE webhooks.subscription SET paused_at = now(), pause_reason = 'by_hand' WHERE subscription_id = $1",
            subscription_id,
        )
        await transaction.rollback()

    assert await health.read() == before


async def test_clients_see_deliveries_and_health_of_their_own_organisation_only(
    server_url: str, server_database_url: str, server_api: WebhooksApi, receiver: Receiver
) -> None:
    server: Any = SimpleNamespace(url=server_url)
    subscription = await server_api.done(
        "POST", "/subscriptions", json={"url": receiver.url, "event_types": ["order.created"]}
    )
    database = await Database.connect(server_database_url, application_name="test", connections_max=2)
    stranger_key = await create_key(database, organisation="globex")
    async with database.connection() as connection:
        principal = await authenticate(connection, server_api.api_key, kinds=[API_KEY])
    await database.close()
    organisation = format_id("org", principal.organisation_id)
    reader = EventStreamReader()
    await reader.open(server, server_api.api_key, subscription["live_channel"], since=None)
    reader.start()
    async with running_worker(server_database_url, {}):
        await server_api.done("POST", "/events", json={"event_type": "order.created", "payload": {"n": 1}})
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while not reader.data:
                await asyncio.sleep(0.02)
    await reader.stop()

    assert [(entry["status"], entry["attempt"]) for entry in reader.data] == [("delivered", 1)]
    stranger = EventStreamReader()
    for channel in (subscription["live_channel"], "webhooks.deliveries:nonsense", f"webhooks.health:{organisation}"):
        with pytest.raises(RefusedError) as refused:
            await stranger.open(server, stranger_key, channel, since=None)
        assert refused.value.code == 404
