"""Pausing and resuming subscriptions, and their circuits as they are seen and closed by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from http_api import Json
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model import SUBSCRIPTIONS_CHANNEL, WAITING_CHANNEL
from webhooks.stored_states import read_circuit, store_circuit, store_pause
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"
PAUSE_AFTER = timedelta(days=2)
CLOSED = {
    "state": "closed",
    "consecutive_failures": 0,
    "failing_since": None,
    "opened_at": None,
    "retry_at": None,
    "pauses_at": None,
}
RESET = {
    "consecutive_failures": 0,
    "failing_since": None,
    "opened_at": None,
    "retry_at": None,
    "probed_by": None,
    "throttled_until": None,
    "pause_announced_at": None,
}


@pytest.fixture
def environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    """A time until a subscription is paused that differs from the default."""
    return {**environment, "NINEFOLD_WEBHOOKS_PAUSE_AFTER_S": str(PAUSE_AFTER.total_seconds())}


def path_of(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}"


async def set_active(api: WebhooksApi, subscription: Json, *, is_active: bool) -> Json:
    return await api.done("PATCH", path_of(subscription), json={"is_active": is_active})


@asynccontextmanager
async def notified(database: Database, *channels: str) -> AsyncIterator[None]:
    """Check that each of these channels is notified."""
    heard = {channel: asyncio.Event() for channel in channels}

    def on_notification(_connection: object, _pid: int, channel: str, _payload: object) -> None:
        heard[channel].set()

    async with database.connection() as connection:
        for channel in channels:
            await connection.add_listener(channel, on_notification)
        yield
        async with asyncio.timeout(5):
            for event in heard.values():
                await event.wait()
        for channel in channels:
            await connection.remove_listener(channel, on_notification)


async def test_a_subscription_can_be_paused_and_resumed(api: WebhooksApi, database: Database) -> None:
    created = await api.subscribe(URL)
    async with notified(database, SUBSCRIPTIONS_CHANNEL):
        paused = await set_active(api, created, is_active=False)
    assert paused["is_active"] is False
    assert paused["pause"]["reason"] == "by_hand"
    assert paused["pause"]["paused_at"] == paused["updated_at"]
    assert "is_active to true" in paused["pause"]["advice"]
    assert await api.get(path_of(created)) == paused
    async with notified(database, SUBSCRIPTIONS_CHANNEL, WAITING_CHANNEL):
        resumed = await set_active(api, created, is_active=True)
    assert (resumed["is_active"], resumed["pause"]) == (True, None)
    async with database.connection() as connection:
        resumed_at = await connection.fetchval("SELECT resumed_at FROM webhooks.subscription")
    assert resumed_at == datetime.fromisoformat(resumed["updated_at"])


async def test_a_subscription_can_be_created_paused(api: WebhooksApi) -> None:
    body = {"url": URL, "event_types": ["*"], "is_active": False}
    created = await api.done("POST", "/subscriptions", json=body)
    assert (created["is_active"], created["pause"]["reason"]) == (False, "by_hand")
    assert created["pause"]["paused_at"] == created["created_at"]


@pytest.mark.parametrize(("reason", "words"), [("gone", "410"), ("failing", "Every attempt failed")])
async def test_pausing_a_paused_subscription_keeps_its_reason(
    api: WebhooksApi, database: Database, reason: str, words: str
) -> None:
    created = await api.subscribe(URL)
    paused_at = await store_pause(database, created, reason=reason)
    pause = (await set_active(api, created, is_active=False))["pause"]
    assert (pause["reason"], datetime.fromisoformat(pause["paused_at"])) == (reason, paused_at)
    assert words in pause["advice"]


async def test_another_change_keeps_the_pause(api: WebhooksApi) -> None:
    created = await api.subscribe(URL)
    paused = await set_active(api, created, is_active=False)
    changed = await api.done("PATCH", path_of(created), json={"description": "changed"})
    assert changed["pause"] == paused["pause"]


async def test_resuming_closes_the_circuit(api: WebhooksApi, database: Database) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, retry_in_s=60, throttled_for_s=60)
    before = await read_circuit(database, created)
    await store_pause(database, created, reason="failing")
    resumed = await set_active(api, created, is_active=True)
    assert resumed["circuit"] == CLOSED
    after = await read_circuit(database, created)
    assert {name: after[name] for name in RESET} == RESET
    assert after["changed_at"] > before["changed_at"]


async def test_an_active_subscription_that_is_set_to_active_keeps_its_circuit(
    api: WebhooksApi, database: Database
) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, retry_in_s=60)
    assert (await set_active(api, created, is_active=True))["circuit"]["state"] == "open"


async def test_a_subscription_without_failures_has_a_closed_circuit(api: WebhooksApi) -> None:
    created = await api.subscribe(URL)
    assert created["circuit"] == CLOSED
    assert (await api.get("/subscriptions"))["items"][0]["circuit"] == CLOSED


@pytest.mark.parametrize(
    ("retry_in_s", "state"), [(None, "closed"), (60.0, "open"), (0.0, "half_open"), (-5.0, "half_open")]
)
async def test_the_state_of_a_circuit_follows_from_its_times(
    api: WebhooksApi, database: Database, retry_in_s: float | None, state: str
) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, failures=12, retry_in_s=retry_in_s)
    stored = await read_circuit(database, created)
    circuit = (await api.get(path_of(created)))["circuit"]
    assert circuit == (await api.get("/subscriptions"))["items"][0]["circuit"]
    assert (circuit["state"], circuit["consecutive_failures"]) == (state, 12)
    for name in ("failing_since", "opened_at", "retry_at"):
        assert stored[name] == (None if circuit[name] is None else datetime.fromisoformat(circuit[name])), name
    if state == "closed":
        assert circuit["pauses_at"] is None
    else:
        assert datetime.fromisoformat(circuit["pauses_at"]) == stored["failing_since"] + PAUSE_AFTER


@pytest.mark.parametrize("retry_in_s", [None, 60.0, 0.0])
async def test_a_circuit_can_be_closed_by_hand_more_than_once(
    api: WebhooksApi, database: Database, retry_in_s: float | None
) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, retry_in_s=retry_in_s, throttled_for_s=60)
    for _ in range(2):
        async with notified(database, WAITING_CHANNEL):
            response = await api.request("POST", f"{path_of(created)}/circuit/close")
        assert response.status_code == 200
        assert response.json() == await api.get(path_of(created))
        assert response.json()["circuit"] == CLOSED
        stored = await read_circuit(database, created)
        assert {name: stored[name] for name in RESET} == RESET


async def test_closing_a_circuit_does_not_resume_a_paused_subscription(api: WebhooksApi, database: Database) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, retry_in_s=60)
    await store_pause(database, created, reason="gone")
    closed = await api.done("POST", f"{path_of(created)}/circuit/close")
    assert (closed["circuit"], closed["is_active"]) == (CLOSED, False)


async def test_deleting_and_rotating_are_announced_to_workers(api: WebhooksApi, database: Database) -> None:
    created = await api.subscribe(URL)
    async with notified(database, SUBSCRIPTIONS_CHANNEL):
        await api.done("POST", f"{path_of(created)}/rotate-secret")
    async with notified(database, SUBSCRIPTIONS_CHANNEL):
        await api.request("DELETE", path_of(created))


@pytest.mark.parametrize(("method", "suffix"), [("POST", "/circuit/close"), ("GET", "")])
async def test_a_deleted_subscription_has_no_circuit(
    api: WebhooksApi, database: Database, method: str, suffix: str
) -> None:
    created = await api.subscribe(URL)
    await store_circuit(database, created, retry_in_s=60)
    await api.request("DELETE", path_of(created))
    problem = await api.refused(404, method, f"{path_of(created)}{suffix}")
    assert problem["code"] == "subscription_not_found"
    assert (await read_circuit(database, created))["opened_at"] is not None
