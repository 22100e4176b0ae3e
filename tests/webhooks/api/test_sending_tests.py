"""A test of a subscription: sent to it alone, signed and recorded like every delivery."""

import asyncio
import json

import pytest
from standardwebhooks import Webhook

from http_api import Json
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi

FAILING = Answer(500)


def path_for(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}/test"


async def attempted(api: WebhooksApi, delivery_id: str) -> Json:
    async with asyncio.timeout(10):
        while True:
            delivery: Json = await api.get(f"/deliveries/{delivery_id}")
            if delivery["attempt_count"] > 0:
                return delivery
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("worker")
async def test_only_the_chosen_subscription_gets_it_whatever_types_it_wants(
    api: WebhooksApi, receiver: Receiver
) -> None:
    chosen = await api.subscribe(receiver.url, "order.created")
    other = await api.subscribe(receiver.url)

    response = await api.request("POST", path_for(chosen))
    sent = response.json()
    delivery = await attempted(api, sent["delivery_id"])

    assert (response.status_code, sent["event_type"]) == (202, "ninefold.test")
    assert (delivery["status"], delivery["event_type"], delivery["subscription_id"]) == (
        "delivered",
        "ninefold.test",
        chosen["subscription_id"],
    )
    event = await api.get(f"/events/{sent['event_id']}")
    assert (event["status"], event["queued_deliveries"], event["deliveries"]) == ("dispatched", 1, [delivery])
    assert (await api.get(f"/subscriptions/{other['subscription_id']}/deliveries"))["items"] == []


@pytest.mark.usefixtures("worker")
async def test_it_is_signed_with_the_secret_of_the_subscription(api: WebhooksApi, receiver: Receiver) -> None:
    chosen = await api.subscribe(receiver.url, "order.created")

    sent = await api.done("POST", path_for(chosen))
    await attempted(api, sent["delivery_id"])
    (request,) = receiver.requests

    Webhook(chosen["secret"]).verify(request.body, request.headers)
    assert json.loads(request.body)["subscription_id"] == chosen["subscription_id"]


@pytest.mark.usefixtures("worker")
async def test_if_it_fails_it_is_retried_and_can_be_retried_by_hand(api: WebhooksApi, receiver: Receiver) -> None:
    chosen = await api.subscribe(receiver.url, "order.created")
    receiver.answers.append(FAILING)

    sent = await api.done("POST", path_for(chosen))
    failed = await attempted(api, sent["delivery_id"])
    retried = await api.request("POST", f"/deliveries/{sent['delivery_id']}/retry")

    assert (failed["status"], failed["attempts"][0]["response_code"]) == ("retrying", 500)
    assert retried.status_code == 202


async def test_a_paused_subscription_gets_no_test(api: WebhooksApi, receiver: Receiver) -> None:
    chosen = await api.subscribe(receiver.url)
    await api.done("PATCH", f"/subscriptions/{chosen['subscription_id']}", json={"is_active": False})

    response = await api.request("POST", path_for(chosen))

    assert (response.status_code, response.json()["code"]) == (409, "subscription_paused")


async def test_nobody_else_can_publish_an_event_of_this_type(api: WebhooksApi) -> None:
    response = await api.request("POST", "/events", json={"event_type": "ninefold.test", "payload": {}})

    assert (response.status_code, response.json()["field"]) == (422, "event_type")
