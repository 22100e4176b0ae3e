"""Deliveries over the API: list by status and page, show with attempts, retry manually."""

import asyncio
import gzip
from datetime import datetime

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi

ATTEMPT_FIELDS = {
    "attempt_number",
    "url",
    "attempted_at",
    "duration_ms",
    "timings",
    "response_code",
    "response_body",
    "is_response_body_truncated",
    "error_class",
    "error_detail",
}
# Of a round, so that no retry comes in time.
ONE_ATTEMPT = {"NINEFOLD_WEBHOOKS_RETRY_HORIZON_S": "0.000001"}
SHORT_BODIES = {**ONE_ATTEMPT, "NINEFOLD_WEBHOOKS_RESPONSE_BODY_KEPT_BYTES": "8"}
LATER = Answer(503, body=b"later", headers={"retry-after": "3600"})


def deliveries_of(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}/deliveries"


def retry_of(delivery: Json) -> str:
    return f"/deliveries/{delivery['delivery_id']}/retry"


async def deliver(api: WebhooksApi) -> Json:
    (delivery,) = await api.dispatched(await api.publish())
    return delivery


@pytest.mark.usefixtures("worker")
async def test_a_delivery_is_shown_the_same_alone_in_a_list_and_with_its_event(
    api: WebhooksApi, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url)
    delivery = await deliver(api)
    assert await api.get(deliveries_of(subscription)) == {
        "items": [delivery],
        "next_cursor": None,
        "searched_back_to": None,
    }
    assert await api.get(f"/deliveries/{delivery['delivery_id']}") == delivery
    assert (delivery["subscription_id"], delivery["event_type"], delivery["status"]) == (
        subscription["subscription_id"],
        "order.created",
        "delivered",
    )
    assert (delivery["next_attempt_at"], delivery["advice"], delivery["is_running"]) == (None, None, False)
    assert delivery["finished_at"] is not None


@pytest.mark.usefixtures("worker")
async def test_an_attempt_has_its_time_duration_and_response(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(Answer(201, body="Grüße".encode()))
    delivery = await deliver(api)
    (attempt,) = delivery["attempts"]
    assert attempt.keys() == ATTEMPT_FIELDS
    assert attempt["duration_ms"] > 0
    assert datetime.fromisoformat(attempt["attempted_at"]).utcoffset() is not None
    assert attempt["attempted_at"] <= delivery["finished_at"]
    assert {name: attempt[name] for name in ATTEMPT_FIELDS - {"attempted_at", "duration_ms", "timings"}} == {
        "attempt_number": 1,
        "url": receiver.url,
        "response_code": 201,
        "response_body": "Grüße",
        "is_response_body_truncated": False,
        "error_class": None,
        "error_detail": None,
    }


def measured(attempt: Json) -> list[str]:
    """Return the phases that were measured."""
    return [name for name, duration_ms in attempt["timings"].items() if duration_ms is not None]


@pytest.mark.usefixtures("worker")
async def test_an_attempt_over_a_new_connection_has_timings_that_add_up_to_its_duration(
    api: WebhooksApi, receiver: Receiver
) -> None:
    await api.subscribe(receiver.url.replace("127.0.0.1", "localhost"))
    (attempt,) = (await deliver(api))["attempts"]
    assert measured(attempt) == ["lookup_ms", "connect_ms", "send_ms", "wait_ms"]
    total_ms = sum(duration_ms or 0 for duration_ms in attempt["timings"].values())
    assert 0 < total_ms < attempt["duration_ms"] + 0.01


@pytest.mark.usefixtures("worker")
async def test_of_attempts_over_a_kept_connection_only_failures_have_timings(
    api: WebhooksApi, receiver: Receiver
) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.extend([Answer(), Answer(), Answer(500)])
    attempts = [attempt for _ in range(2) for attempt in (await deliver(api))["attempts"]]
    (retried,) = await api.settled(await api.publish())
    attempts += retried["attempts"]
    assert [attempt["response_code"] for attempt in attempts] == [200, 200, 500, 200]
    assert [attempt["timings"] and measured(attempt) for attempt in attempts] == [
        ["connect_ms", "send_ms", "wait_ms"],
        None,
        ["send_ms", "wait_ms"],
        None,
    ]


async def test_an_attempt_keeps_the_url_that_it_went_to(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    urls = [f"{receiver.url}/{name}" for name in ("first", "second", "third", "fourth")]
    subscription = await api.subscribe(urls[0])
    receiver.default_answer = Answer(500)
    async with start_worker(ONE_ATTEMPT):
        delivery = await deliver(api)
        for url in urls[1:]:
            # Sending the same URL again, or another field, gives the URL no new number.
            for change in ({"url": url}, {"url": url, "description": "moved"}, {"description": "moved again"}):
                await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json=change)
            await api.done("POST", retry_of(delivery))
            (delivery,) = await api.settled(delivery["event_id"])
    assert (await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")).status_code == 204
    shown = await api.get(f"/deliveries/{delivery['delivery_id']}")
    assert [attempt["url"] for attempt in shown["attempts"]] == urls
    assert [request.path for request in receiver.requests] == [
        b"/hooks/first",
        b"/hooks/second",
        b"/hooks/third",
        b"/hooks/fourth",
    ]


@pytest.mark.usefixtures("worker")
async def test_an_attempt_without_a_response_has_an_error_and_advice(api: WebhooksApi, receiver: Receiver) -> None:
    async with Receiver() as closed:
        url = closed.url
    await api.subscribe(url)
    (delivery,) = await api.settled(await api.publish())
    assert [attempt["attempt_number"] for attempt in delivery["attempts"]] == [1, 2, 3, 4]
    for attempt in delivery["attempts"]:
        assert (attempt["response_code"], attempt["response_body"]) == (None, None)
        assert attempt["error_class"] == "connect_failed"
        assert attempt["error_detail"]
        assert (attempt["url"], measured(attempt)) == (url, ["connect_ms"])
    assert delivery["advice"].startswith("Check that the receiver is running")
    assert not receiver.requests


@pytest.mark.parametrize(
    ("body", "shown", "is_truncated"),
    [
        (b"", "", False),
        (b"12345678", "12345678", False),
        (b"123456789", "12345678", True),
        (b"x" * 100_000, "xxxxxxxx", True),
        (b"\xff\x00ok", "\ufffd\x00ok", False),
        ("1234567ü".encode(), "1234567", True),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_a_response_body_of_any_content_is_kept_up_to_the_limit(
    *, api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, body: bytes, shown: str, is_truncated: bool
) -> None:
    await api.subscribe(receiver.url)
    receiver.default_answer = Answer(500, body=body)
    async with start_worker(SHORT_BODIES):
        (attempt,) = (await deliver(api))["attempts"]
    assert (attempt["response_body"], attempt["is_response_body_truncated"]) == (shown, is_truncated)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress("Größe ungültig".encode()), {"content-encoding": "gzip"}),
        ("Größe ungültig".encode("latin-1"), {"content-type": "text/plain; charset=iso-8859-1"}),
    ],
    ids=["gzip", "latin-1"],
)
async def test_a_compressed_or_latin_1_response_body_is_shown_as_text_and_kept_as_bytes(
    api: WebhooksApi, receiver: Receiver, database: Database, body: bytes, headers: dict[str, str]
) -> None:
    await api.subscribe(receiver.url)
    receiver.default_answer = Answer(200, body=body, headers=headers)
    (attempt,) = (await deliver(api))["attempts"]
    assert attempt["response_body"] == "Größe ungültig"
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT last_response_body FROM webhooks.delivery") == body


async def test_the_list_can_be_filtered_by_status_and_paged(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    expected: dict[str, list[str]] = {"delivered": [], "failed": [], "retrying": []}
    async with start_worker(ONE_ATTEMPT):
        for status, answer in (("delivered", Answer()), ("failed", Answer(500))) * 5:
            receiver.default_answer = answer
            expected[status].append((await deliver(api))["delivery_id"])
    receiver.default_answer = Answer(500)
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "3600"}):
        for _ in range(3):
            expected["retrying"].append((await deliver(api))["delivery_id"])
    path = deliveries_of(subscription)
    for status, ids in expected.items():
        pages = await api.walk(f"{path}?status={status}", limit=2)
        assert [len(page) for page in pages] == ([2, 2, 1] if len(ids) == 5 else [2, 1])
        assert sorted(ids, reverse=True) == [item["delivery_id"] for page in pages for item in page]
        assert {item["status"] for page in pages for item in page} == {status}
    everything = [item["delivery_id"] for page in await api.walk(path, limit=4) for item in page]
    assert sorted([item for ids in expected.values() for item in ids], reverse=True) == everything
    for status in ("queued", "canceled"):
        assert (await api.get(f"{path}?status={status}"))["items"] == []


async def test_deliveries_without_an_attempt_are_listed_as_queued_page_by_page(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url, "order.created")
    before = await api.publish()
    subscription = await api.subscribe(receiver.url, "order.*", "user_1.born")
    await other_api.subscribe(receiver.url)
    await other_api.publish()
    wanted = [await api.publish(event_type=each) for each in ("order.created", "order.paid.late", "user_1.born") * 2]
    for unwanted in ("orders.created", "user.born", "userA1.born", "order"):
        await api.publish(event_type=unwanted)
    path = f"{deliveries_of(subscription)}?status=queued"
    pages = await api.walk(path, limit=4)
    assert [len(page) for page in pages] == [4, 2]
    listed = [item for page in pages for item in page]
    assert [item["event_id"] for item in listed] == wanted[::-1]
    for item in listed:
        event = await api.get(f"/events/{item['event_id']}")
        assert item in event["deliveries"]
    assert before not in {item["event_id"] for item in listed}
    cursor = (await api.get(f"{path}&limit=1"))["next_cursor"]
    problem = await api.refused(422, "GET", f"{deliveries_of(subscription)}?status=failed&cursor={cursor}")
    assert problem["code"] == "invalid_cursor"
    async with start_worker():
        for event_id in wanted:
            await api.settled(event_id)
    assert (await api.get(path))["items"] == []


async def test_a_delivery_is_queued_during_its_first_attempt_but_not_after_its_outcome(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answer_now = asyncio.Event()
    async with Receiver() as slow:
        slow.default_answer = Answer(until=answer_now)
        first, second = await api.subscribe(receiver.url), await api.subscribe(slow.url)
        async with start_worker():
            event_id = await api.publish()
            await slow.received(1)
            await receiver.received(1)
            while not (await api.get(deliveries_of(first)))["items"]:
                await asyncio.sleep(0)
            assert (await api.get(f"{deliveries_of(first)}?status=queued"))["items"] == []
            (item,) = (await api.get(f"{deliveries_of(second)}?status=queued"))["items"]
            assert (item["event_id"], item["status"], item["attempts"]) == (event_id, "queued", [])
            answer_now.set()
            await api.settled(event_id)


@pytest.mark.usefixtures("worker")
async def test_a_list_contains_only_the_deliveries_of_its_subscription(api: WebhooksApi, receiver: Receiver) -> None:
    first, second = await api.subscribe(receiver.url), await api.subscribe(receiver.url)
    await api.settled(await api.publish())
    for subscription in (first, second):
        (item,) = (await api.get(deliveries_of(subscription)))["items"]
        assert item["subscription_id"] == subscription["subscription_id"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status"),
        ("status=", "status"),
        ("status=FAILED", "status"),
        ("status=failed,delivered", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
    ],
)
async def test_the_problem_names_an_invalid_filter(api: WebhooksApi, query: str, field: str) -> None:
    subscription = await api.subscribe("https://example.com/hooks")
    problem = await api.refused(422, "GET", f"{deliveries_of(subscription)}?{query}")
    assert problem["field"] == field


async def test_failed_and_delivered_deliveries_can_be_retried(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(Answer(500))
    async with start_worker(ONE_ATTEMPT):
        delivery = await deliver(api)
        assert delivery["status"] == "failed"
        for attempts_made in (1, 2):
            response = await api.request("POST", retry_of(delivery))
            scheduled = response.json()
            assert response.status_code == 202
            assert scheduled == {
                "delivery_id": delivery["delivery_id"],
                "status": "retrying",
                "scheduled_at": scheduled["scheduled_at"],
            }
            (again,) = await api.settled(delivery["event_id"])
            assert (again["status"], again["attempt_count"]) == ("delivered", attempts_made + 1)
            assert again["attempts"][-1]["attempted_at"] >= scheduled["scheduled_at"]
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.requests}) == 1
    assert len(receiver.requests) == 3


@pytest.mark.usefixtures("worker")
async def test_a_manual_retry_sends_a_waiting_delivery_at_once(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(LATER)
    delivery = await deliver(api)
    assert (delivery["status"], delivery["waiting_reason"]) == ("waiting", "rate_limited")
    await api.done("POST", retry_of(delivery))
    (again,) = await api.settled(delivery["event_id"])
    assert (again["status"], again["attempt_count"], again["attempts_planned"]) == ("delivered", 2, 5)


@pytest.mark.usefixtures("worker")
async def test_a_delivery_in_progress_cannot_be_retried(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    may_answer = asyncio.Event()
    receiver.answers.extend([LATER, Answer(until=may_answer)])
    delivery = await deliver(api)
    await api.done("POST", retry_of(delivery))
    await receiver.received(2)
    assert (await api.get(f"/deliveries/{delivery['delivery_id']}"))["is_running"] is True
    problem = await api.refused(409, "POST", retry_of(delivery))
    assert (problem["code"], problem["is_retryable"]) == ("delivery_running", True)
    may_answer.set()
    await api.settled(delivery["event_id"])
    assert len(receiver.requests) == 2


async def test_a_queued_delivery_cannot_be_retried(api: WebhooksApi) -> None:
    await api.subscribe("https://example.com/hooks")
    (delivery,) = (await api.get(f"/events/{await api.publish()}"))["deliveries"]
    assert delivery["status"] == "queued"
    for method, path in (("POST", retry_of(delivery)), ("GET", f"/deliveries/{delivery['delivery_id']}")):
        assert (await api.refused(404, method, path))["code"] == "delivery_not_found"


@pytest.mark.parametrize("text", ["dlv_01h455vb4pex5vsknk084sn02q", "sub_01h455vb4pex5vsknk084sn02q", "dlv_", "1", "ü"])
async def test_an_unknown_or_malformed_delivery_id_is_not_found(api: WebhooksApi, text: str) -> None:
    await api.refused(404, "GET", f"/deliveries/{text}")
    await api.refused(404, "POST", f"/deliveries/{text}/retry")
