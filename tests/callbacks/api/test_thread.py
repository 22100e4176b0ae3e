import pytest

from callbacks.callbacks_api import CallbacksApi
from receivers import Receiver

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_callback_becomes_an_event_that_a_webhook_subscription_receives(
    api: CallbacksApi, receiver: Receiver
) -> None:
    subscription = await api.done(
        "POST", "/subscriptions", json={"url": receiver.url, "event_types": ["callback.github.*"]}
    )
    source = await api.create_source()
    body = b'{"action": "opened",  "number": 1.50, "title": "\xc3\xa4"}'

    response = await api.call(source, body, event="issues", delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958")

    assert (response.status_code, response.content) == (200, b"")
    (request,) = await receiver.received(1)
    event = request.verify(subscription["secret"])
    assert request.headers["x-webhook-event-type"] == "callback.github.issues.opened"
    assert event["source_id"] == source["source_id"]
    assert event["provider_event_id"] == "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    assert body in request.body
    (callback,) = await api.judged(1, source=source)
    assert callback["status"] == "verified"
    assert callback["callback_id"] == event["callback_id"]
    assert callback["event_id"] == request.headers["webhook-id"]
