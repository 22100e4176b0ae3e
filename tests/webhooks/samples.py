"""Webhook delivery's sample data: subscriptions, deliveries that were made, wait or failed for good, and alerts."""

import asyncio

from receivers import Answer
from sample_data import SampleContext, SampleData
from webhooks.webhooks_api import WebhooksApi

SECRET_TEXT = "only-acme-knows-this"
PAYLOAD = f'{{"note":"{SECRET_TEXT}"}}'.encode()
IDEMPOTENCY_KEY = "order-1-created"
ALERTS = 2
"""One about the dead letters, and one about the share of attempts that have failed."""

ALERTS_AT_ONCE = {"NINEFOLD_WEBHOOKS_ALERT_INTERVAL_S": "0.05", "NINEFOLD_WEBHOOKS_ALERT_ATTEMPTS_MIN": "1"}
NO_TIME_FOR_RETRIES = {"NINEFOLD_WEBHOOKS_RETRY_HORIZON_S": "0.000001"}


async def make_sample_data(context: SampleContext) -> SampleData:
    """Make two subscriptions and four events."""
    api, receiver = WebhooksApi(context.api.http, context.api.api_key), context.receiver
    created = await api.done(
        "POST",
        "/subscriptions",
        json={
            "url": f"{receiver.url}/{SECRET_TEXT}",
            "event_types": ["*"],
            "description": SECRET_TEXT,
            "subscriber_id": SECRET_TEXT,
            "ordering": "fifo",
        },
    )
    await api.subscribe(f"{receiver.url}/second", "invoice.*")
    receiver.answers.extend([Answer(500), Answer(500), Answer(), Answer(503, headers={"retry-after": "3600"})])
    async with context.start_worker(NO_TIME_FOR_RETRIES):
        for _ in range(2):
            await api.settled(await api.publish(PAYLOAD))
    async with context.start_worker(ALERTS_AT_ONCE):
        await api.settled(await api.publish(PAYLOAD))
        async with asyncio.timeout(30):
            while len((await api.get("/alerts"))["items"]) < ALERTS:
                await asyncio.sleep(0.05)
        content = b'{"event_type":"order.created","payload":%b,"idempotency_key":"%b","ordering_key":"%b"}'
        keys = IDEMPOTENCY_KEY.encode(), SECRET_TEXT.encode()
        event = await api.done("POST", "/events", content=content % (PAYLOAD, *keys))
        # In order, it waits before its first attempt, too.
        (delivery,) = await api.attempted(event["event_id"])
    return SampleData(
        ids={
            "subscription_id": created["subscription_id"],
            "event_id": event["event_id"],
            "delivery_id": delivery["delivery_id"],
        },
        secret_text=SECRET_TEXT,
        destroying=["delete_subscription"],
    )
