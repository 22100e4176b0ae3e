"""Events reach a merchant's endpoints, signed as Stripe signs, and Stripe's own code verifies them."""

import json
from typing import Any

import pytest
import stripe

from http_api import Api
from ninefold.core.postgres.database import Database
from payments_api import Shop, open_shop
from receivers import Receiver


@pytest.fixture
async def local(api: Api, simulator: None) -> Shop:
    """A merchant of the application in this process."""
    del simulator
    return await open_shop(api)


async def test_an_event_is_verified_by_stripes_own_code(local: Shop, receiver: Receiver, worker: None) -> None:
    del worker
    endpoint = await create(local, receiver, "payment_intent.succeeded", "charge.refunded")

    intent = await local.pay()
    await local.call("POST", "/refunds", payment_intent=intent["id"], amount="500")

    first, second = await receiver.received(2)
    events, bodies = {}, {}
    for request in (first, second):
        event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], endpoint["secret"])
        events[event.type], bodies[event.type] = event, json.loads(request.body)
    assert events["payment_intent.succeeded"].data.object.id == intent["id"]
    assert events["charge.refunded"].data.object.amount_refunded == 500
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first.body + b" ", first.headers["stripe-signature"], endpoint["secret"])
    listed = (await local.call("GET", "/events?type=payment_intent.*")).json()
    assert [each["type"] for each in listed["data"]] == ["payment_intent.succeeded", "payment_intent.created"]
    found = (await local.call("GET", f"/events/{listed['data'][0]['id']}")).json()
    assert found["data"] == bodies["payment_intent.succeeded"]["data"]


async def test_a_payment_says_who_was_told_about_it(local: Shop, receiver: Receiver, worker: None, api: Api) -> None:
    del worker
    endpoint = await create(local, receiver, "payment_intent.succeeded")

    intent = await local.pay()
    await receiver.received(1)

    events = (await api.get(f"/payments/intents/{intent['id']}/events"))["events"]
    told = {each["type"]: each["endpoints"] for each in events}
    assert list(told) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert told["charge.succeeded"] == []
    (one,) = told["payment_intent.succeeded"]
    assert (one["webhook_endpoint_id"], one["url"]) == (endpoint["id"], endpoint["url"])
    (delivery,) = (await api.get(f"/events/{one['webhook_event_id']}"))["deliveries"]
    assert delivery["attempt_count"] <= 1
    await api.refused(404, "GET", "/payments/intents/pi_01h455vb4pex5vsknk084sn02q/events")


async def test_events_tell_what_happened_in_order(local: Shop) -> None:
    held = await local.pay(capture_method="manual")
    await local.call("POST", f"/payment_intents/{held['id']}/capture", amount_to_capture="700")
    await local.pay("pm_card_chargeDeclined")
    customer = (await local.call("POST", "/customers", email="ines@example.com")).json()
    await local.call("POST", "/payment_methods/pm_card_visa/attach", customer=customer["id"])
    await local.call("DELETE", f"/customers/{customer['id']}")

    listed = (await local.call("GET", "/events?limit=100")).json()["data"]

    assert [each["type"] for each in listed[::-1]] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "customer.created",
        "payment_method.attached",
        "customer.deleted",
    ]
    assert listed[-2]["data"]["object"]["captured"] is False
    assert listed[-4]["data"]["object"]["captured"] is True


async def test_an_event_names_its_request_and_what_has_changed(local: Shop) -> None:
    customer = (await local.call("POST", "/customers", email="ines@example.com", **{"metadata[a]": "1"})).json()
    changed = await local.http.post(
        f"/stripe/v1/customers/{customer['id']}",
        data={"email": "ines@example.org", "metadata[a]": "2", "metadata[b]": "3"},
        headers={"Authorization": f"Bearer {local.merchant['secret_key']}", "Idempotency-Key": "change-7"},
    )
    intent = await local.pay()
    await local.call("POST", "/refunds", payment_intent=intent["id"], amount="500")

    listed = (await local.call("GET", "/events?limit=100")).json()["data"]

    events = {each["type"]: each for each in listed}
    assert events["customer.updated"]["request"] == {
        "id": changed.headers["Request-Id"],
        "idempotency_key": "change-7",
    }
    assert events["customer.updated"]["data"]["previous_attributes"] == {
        "email": "ines@example.com",
        "metadata": {"a": "1", "b": None},
    }
    assert "previous_attributes" not in events["customer.created"]["data"]
    assert events["payment_intent.succeeded"]["request"]["id"].startswith("req_")
    assert events["refund.updated"]["data"]["previous_attributes"]["status"] == "pending"
    assert events["charge.refunded"]["data"]["previous_attributes"] == {"amount_refunded": 0}


async def test_an_endpoint_is_changed_disabled_and_deleted(
    local: Shop, receiver: Receiver, database: Database, api: Api
) -> None:
    endpoint = await create(local, receiver, "*")
    assert endpoint["status"] == "enabled"
    path = f"/webhook_endpoints/{endpoint['id']}"

    changed = (await local.call("POST", path, disabled="true", description="Books")).json()

    assert (changed["status"], changed["description"], "secret" in changed) == ("disabled", "Books", False)
    await local.pay()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payments.event WHERE forwarded_at IS NULL") == 0
    assert len((await api.get("/subscriptions"))["items"]) == 1
    assert (await local.call("DELETE", path)).json()["deleted"] is True
    assert (await api.get("/subscriptions"))["items"] == []
    assert (await local.call("GET", path)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"url": "ftp://shop.example", "enabled_events[]": "*"}, "url"),
        ({"url": "https://10.0.0.1/", "enabled_events[]": "*"}, "url"),
        ({"url": "https://shop.example/", "enabled_events[]": "payment.paid"}, "enabled_events[0]"),
        ({"url": "https://shop.example/"}, "enabled_events"),
        ({"url": "https://shop.example/", "enabled_events[]": "*", "api_version": "v2"}, "api_version"),
    ],
)
async def test_an_endpoint_that_cannot_work_is_refused(local: Shop, fields: dict[str, str], param: str) -> None:
    answer = await local.call("POST", "/webhook_endpoints", **fields)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text


async def create(shop: Shop, receiver: Receiver, *types: str) -> Any:
    """Create an endpoint."""
    form = {f"enabled_events[{index}]": each for index, each in enumerate(types)}
    answer = await shop.call("POST", "/webhook_endpoints", url=receiver.url, **form)
    assert answer.status_code == 200, answer.text
    return answer.json()
