"""Events and idempotency keys of one organisation have nothing to do with another's.

That no operation shows or changes what is another's is tested for every system in `tests/conformance/systems`.
"""

import pytest

from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

KEY = "order-1-created"


@pytest.mark.usefixtures("worker")
async def test_an_event_of_one_organisation_reaches_no_subscriber_of_another(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver
) -> None:
    event = {"event_type": "order.created", "payload": "from acme", "idempotency_key": KEY}
    await api.subscribe(receiver.url)
    event_id = (await api.done("POST", "/events", json=event))["event_id"]
    await api.settled(event_id)
    before = [await api.get(path) for path in ("/events", f"/events/{event_id}", "/subscriptions")]
    event["payload"] = "from globex"
    single = await other_api.done("POST", "/events", json=event)
    batch = await other_api.done("POST", "/events/batch", json={"events": [event, {**event, "idempotency_key": "2"}]})
    assert [single["queued_deliveries"], *(result["queued_deliveries"] for result in batch["results"])] == [0, 0, 0]
    assert batch["results"][0]["is_replay"] is True
    # Its own subscriber gets the event, so the worker has had the time to send it to others.
    await other_api.subscribe(f"{receiver.url}/own", "*")
    await other_api.settled(await other_api.publish())
    assert [request.path for request in receiver.requests] == [b"/hooks", b"/hooks/own"]
    assert before == [await api.get(path) for path in ("/events", f"/events/{event_id}", "/subscriptions")]


async def test_an_idempotency_key_leads_each_organisation_to_its_own_event(
    api: WebhooksApi, other_api: WebhooksApi
) -> None:
    event = {"event_type": "order.created", "payload": 1, "idempotency_key": KEY}
    # Of two rows with the key, a search of both organisations' would answer the same to both.
    first, second = [(await caller.done("POST", "/events", json=event))["event_id"] for caller in (api, other_api)]
    assert (await api.done("POST", "/events", json=event))["event_id"] == first
    assert (await other_api.done("POST", "/events", json=event))["event_id"] == second
    assert first != second
