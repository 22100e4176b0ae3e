"""Sources that forward: the same request arrives at another URL, signed by us, through the delivery engine."""

import asyncio
import base64
import hashlib
import hmac

import pytest

from callbacks.callbacks_api import SECRET, CallbacksApi, github_headers
from http_api import Json
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi


async def create_forwarding(api: CallbacksApi, url: str) -> Json:
    body = {"provider": "github", "name": "Code", "secrets": [SECRET], "forward_url": url}
    return await api.done("POST", "/sources", json=body)


@pytest.mark.usefixtures("worker")
class TestForwarding:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b'{"n": 1.50}', "application/json"),
            (b"a=1&b=%FF", "application/x-www-form-urlencoded"),
            (b"\xff\0\r\n", "application/octet-stream"),
            (b"x" * 3_000_000, "text/plain"),
        ],
        ids=["json", "form", "binary", "large"],
    )
    async def test_the_request_arrives_unchanged_with_our_signature(
        self, api: CallbacksApi, receiver: Receiver, body: bytes, content_type: str
    ) -> None:
        source = await create_forwarding(api, receiver.url)
        sent = github_headers(body, event="push")

        await api.call(source, body, headers={**sent, "content-type": content_type, "x-empty": ""})

        (request,) = await receiver.received(1)
        assert request.body == body
        assert {**request.headers, **sent, "content-type": content_type} == request.headers
        assert request.headers["x-empty"] == ""
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        verify(request.headers, body, secret=source["forward_secret"])
        (callback,) = await api.judged(1, source=source)
        assert callback["event_id"] == request.headers["webhook-id"]

    async def test_a_forwarded_callback_is_no_event_for_others(self, api: CallbacksApi, receiver: Receiver) -> None:
        await WebhooksApi(api.http, api.api_key).subscribe(f"{receiver.url}/everything", "*")
        await WebhooksApi(api.http, api.api_key).subscribe(f"{receiver.url}/private", "_forward.*")
        source = await create_forwarding(api, f"{receiver.url}/forwarded")

        await api.call(source)
        (callback,) = await api.judged(1, source=source)
        await WebhooksApi(api.http, api.api_key).settled(callback["event_id"])
        await WebhooksApi(api.http, api.api_key).publish()

        requests = await receiver.received(2)
        assert [request.path for request in requests] == [b"/hooks/forwarded", b"/hooks/everything"]

    async def test_it_is_retried_and_replayed_like_other_deliveries(
        self, api: CallbacksApi, receiver: Receiver
    ) -> None:
        receiver.answers.extend([Answer(500), Answer(503)])
        source = await create_forwarding(api, receiver.url)

        await api.call(source, b"original", event="push")
        first = list(await receiver.received(3))
        (callback,) = await api.judged(1, source=source)
        (delivery,) = await WebhooksApi(api.http, api.api_key).settled(callback["event_id"])
        await api.done("POST", f"/callbacks/{callback['callback_id']}/replay")
        await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
        requests = await receiver.received(5)

        assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 3)
        assert {request.body for request in requests} == {b"original"}
        assert len({request.headers["webhook-id"] for request in first}) == 1
        assert len({request.headers["webhook-id"] for request in requests}) == 2

    async def test_the_event_shows_the_original_request(self, api: CallbacksApi, receiver: Receiver) -> None:
        source = await create_forwarding(api, receiver.url)

        await api.call(source, b"\xff", headers={"x-kept": "1"})

        (callback,) = await api.judged(1, source=source)
        event = await api.get(f"/events/{callback['event_id']}")
        assert event["event_type"] == f"_forward.callbacks.{source['source_id']}"
        assert base64.b64decode(event["payload"]["body_base64"]) == b"\xff"
        assert ["x-kept", "1"] in event["payload"]["headers"]

    async def test_quarantined_callbacks_and_duplicates_are_not_forwarded(
        self, api: CallbacksApi, receiver: Receiver
    ) -> None:
        source = await create_forwarding(api, receiver.url)

        await api.call(source, b"1", secret="wrong")
        await api.call(source, b"2", delivery="same")
        await api.call(source, b"3", delivery="same")
        await api.judged(3, source=source)
        await api.call(source, b"4")

        requests = await receiver.received(2)
        assert {request.body for request in requests} <= {b"2", b"3", b"4"}
        assert len(requests) == 2

    async def test_many_are_forwarded_once_each(self, api: CallbacksApi, receiver: Receiver) -> None:
        source = await create_forwarding(api, receiver.url)
        bodies = [b"%d" % number for number in range(100)]

        await asyncio.gather(*[api.call(source, body) for body in bodies])

        await receiver.wait_until(lambda: len({request.body for request in receiver.requests}) == 100, timeout_s=20)
        assert sorted(request.body for request in receiver.requests) == sorted(bodies)


async def test_forwarding_can_be_changed_and_ended(api: CallbacksApi, receiver: Receiver) -> None:
    source = await create_forwarding(api, receiver.url)
    path = f"/sources/{source['source_id']}"
    subscription_path = f"/subscriptions/{source['forward_subscription_id']}"

    changed = await api.done("PATCH", path, json={"forward_url": f"{receiver.url}/new"})
    assert (await api.get(subscription_path))["url"] == f"{receiver.url}/new"
    assert (changed["forward_url"], changed["forward_secret"]) == (f"{receiver.url}/new", None)
    assert changed["forward_subscription_id"] == source["forward_subscription_id"]

    renamed = await api.done("PATCH", path, json={"name": "Shop"})
    assert renamed["forward_url"] == f"{receiver.url}/new"

    ended = await api.done("PATCH", path, json={"forward_url": None})
    assert (ended["forward_url"], ended["forward_subscription_id"]) == (None, None)
    await api.refused(404, "GET", subscription_path)

    again = await api.done("PATCH", path, json={"forward_url": receiver.url})
    assert again["forward_secret"].startswith("whsec_")
    assert again["forward_subscription_id"] != source["forward_subscription_id"]


async def test_a_subscription_that_a_source_forwards_with_is_protected(api: CallbacksApi, receiver: Receiver) -> None:
    source = await create_forwarding(api, receiver.url)
    path = f"/subscriptions/{source['forward_subscription_id']}"

    problems = [
        await api.refused(409, "DELETE", path),
        await api.refused(409, "PATCH", path, json={"url": f"{receiver.url}/new"}),
        await api.refused(409, "PATCH", path, json={"event_types": ["*"]}),
    ]
    paused = await api.done("PATCH", path, json={"is_active": False})
    await api.request("DELETE", f"/sources/{source['source_id']}")

    assert {problem["code"] for problem in problems} == {"subscription_owned"}
    assert all("forward_url" in problem["remedy"] for problem in problems)
    assert paused["url"] == receiver.url
    assert (await api.request("DELETE", path)).status_code == 204


@pytest.mark.parametrize("url", ["ftp://example.com", "http://169.254.169.254/", "nonsense"])
async def test_a_url_that_nothing_can_be_sent_to_is_refused(api: CallbacksApi, url: str) -> None:
    body = {"provider": "github", "name": "Code", "secrets": [SECRET], "forward_url": url}

    await api.refused(422, "POST", "/sources", json=body)

    assert (await api.get("/sources"))["items"] == []
    assert (await api.get("/subscriptions"))["items"] == []


async def test_private_types_cannot_be_published(api: CallbacksApi) -> None:
    problem = await api.refused(422, "POST", "/events", json={"event_type": "_forward.callbacks.src_x", "payload": {}})

    assert problem["code"] == "invalid_event_type"


def verify(headers: dict[str, str], body: bytes, *, secret: str) -> None:
    """Check the signature as Standard Webhooks does, without decoding the body, which needn't be JSON or text."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
