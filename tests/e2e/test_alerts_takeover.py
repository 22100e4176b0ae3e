"""Workers are killed while they evaluate and send alerts: each alert fires once, and none is lost."""

import asyncio
from collections import Counter

import msgspec
import pytest

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from receivers import Receiver
from webhooks.stored_states import store_circuit
from webhooks.webhooks_api import WebhooksApi
from worker_processes import running_worker

ALERTS = 9

START_S = 180.0
"""A worker takes seconds to start, and much longer on a machine that does other work."""


@pytest.fixture
def webhooks(api: Api) -> WebhooksApi:
    return WebhooksApi(api.http, api.api_key)


async def alerts_until(api: WebhooksApi, count: int, *, are_sent: bool = False) -> list[Json]:
    """Wait until so many alerts were fired, and were also sent if that is asked for; return them."""
    async with asyncio.timeout(START_S):
        while True:
            alerts: list[Json] = (await api.get("/alerts?limit=100"))["items"]
            is_sent = all(each["state"] == "sent" for alert in alerts for each in alert["notifications"])
            if len(alerts) >= count and (is_sent or not are_sent):
                return alerts
            await asyncio.sleep(0.01)


async def test_each_alert_fires_once_and_is_sent_although_workers_are_killed(
    webhooks: WebhooksApi, database: Database, database_url: str, receiver: Receiver
) -> None:
    settings = {
        "NINEFOLD_WEBHOOKS_ALERT_INTERVAL_S": "0.05",
        "NINEFOLD_WEBHOOKS_ALERT_SLACK_URL": f"{receiver.url}/slack",
    }
    subscriptions = [await webhooks.subscribe(f"https://{i}.example.com/") for i in range(ALERTS)]
    for killed in range(2):
        async with running_worker(database_url, settings) as worker:
            for position, subscription in enumerate(subscriptions[3 * killed : 3 * killed + 3]):
                await store_circuit(database, subscription, retry_in_s=3_600)
                await alerts_until(webhooks, 3 * killed + position + 1)
            # The last alert is being sent.
            worker.kill()
            await worker.wait()
    async with running_worker(database_url, settings), running_worker(database_url, settings):
        for subscription in subscriptions[6:]:
            await store_circuit(database, subscription, retry_in_s=3_600)
        alerts = await alerts_until(webhooks, ALERTS, are_sent=True)
        await asyncio.gather(*(alerts_until(webhooks, ALERTS, are_sent=True) for _ in range(5)))
    wanted = {subscription["subscription_id"]: 1 for subscription in subscriptions}
    assert Counter(alert["subscription_id"] for alert in alerts) == wanted
    async with database.connection() as connection:
        payloads = await connection.fetch(
            "SELECT payload FROM webhooks.event WHERE event_type = 'ninefold.alert.fired'"
        )
    assert Counter(msgspec.json.decode(each["payload"])["subscription_id"] for each in payloads) == wanted
    texts = "\n".join(msgspec.json.decode(request.body)["text"] for request in receiver.requests)
    assert all(alert["title"] in texts for alert in alerts)
