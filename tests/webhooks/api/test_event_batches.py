"""Batches over the API: one result per event, in order, in one transaction."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import asyncpg
import msgspec
import pytest

from http_api import Json
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.webhooks.model import NewEvent
from ninefold.systems.webhooks.routes.events import BATCH_BODY_BYTES_MAX
from ninefold.systems.webhooks.routes.wire import BATCH_EVENTS_MAX
from ninefold.systems.webhooks.service import publishing
from ninefold.systems.webhooks.service.publishing import PAYLOAD_BYTES_MAX
from ninefold.systems.webhooks.store.events import event_insert_many
from webhooks.webhooks_api import WebhooksApi

PATH = "/events/batch"
URL = "https://example.com/hooks"


def event(payload: object = 1, **changes: object) -> Json:
    return {"event_type": "order.created", "payload": payload, **changes}


def batch_of(*events: object) -> Json:
    return {"events": events}


async def publish(api: WebhooksApi, *events: object) -> Json:
    response = await api.request("POST", PATH, json=batch_of(*events))
    assert response.status_code == 202, response.text
    answer: Json = response.json()
    assert answer.keys() == {"results", "accepted", "refused"}
    assert answer["accepted"] == [result["status"] for result in answer["results"]].count(202)
    assert answer["accepted"] + answer["refused"] == len(answer["results"]) == len(events)
    return answer


async def events_of(api: WebhooksApi) -> list[Json]:
    return [item for page in await api.walk("/events", limit=100) for item in page]


async def test_results_are_in_the_order_of_the_events_in_the_request(api: WebhooksApi) -> None:
    await api.subscribe(URL, "order.*")
    events = [event(number, event_type=f"{'order' if number % 2 else 'other'}.n{number}") for number in range(50)]
    answer = await publish(api, *events)
    assert [(result["status"], result["queued_deliveries"]) for result in answer["results"]] == [
        (202, 0),
        (202, 1),
    ] * 25
    for number, result in enumerate(answer["results"]):
        assert result.keys() == {"status", "event_id", "queued_deliveries"}
        shown = await api.get(f"/events/{result['event_id']}")
        assert (shown["payload"], shown["event_type"]) == (number, events[number]["event_type"])


async def test_payloads_of_a_batch_are_kept_byte_for_byte(api: WebhooksApi) -> None:
    payloads = [b'{"b":1.0,"a":2, "a":3}', b"1E+03", '"日本\\u00e9"'.encode(), b"[ ]"]
    content = b'{"events":[%b]}' % b" , ".join(b'{"event_type":"a","payload": %b }' % payload for payload in payloads)
    answer = await api.done("POST", PATH, content=content)
    for payload, result in zip(payloads, answer["results"], strict=True):
        shown = await api.request("GET", f"/events/{result['event_id']}")
        assert payload == bytes(msgspec.json.decode(shown.content, type=dict[str, msgspec.Raw])["payload"])


@pytest.mark.parametrize(
    ("bad", "status", "code", "field"),
    [
        (None, 422, "invalid_input", "events[1]"),
        (1, 422, "invalid_input", "events[1]"),
        ([], 422, "invalid_input", "events[1]"),
        ({}, 422, "invalid_input", "events[1].event_type"),
        ({"event_type": "a"}, 422, "invalid_input", "events[1].payload"),
        (event(event_type=1), 422, "invalid_input", "events[1].event_type"),
        (event(colour="red"), 422, "invalid_input", "events[1].colour"),
        (event(event_type="a b"), 422, "invalid_event_type", "events[1].event_type"),
        (event(event_type="a\0"), 422, "invalid_input", "events[1].event_type"),
        (event(idempotency_key=""), 422, "invalid_input", "events[1].idempotency_key"),
        (event(idempotency_key="x" * 256), 422, "invalid_input", "events[1].idempotency_key"),
        (event(idempotency_key="a\0"), 422, "invalid_input", "events[1].idempotency_key"),
        (event("x" * PAYLOAD_BYTES_MAX), 413, "event_too_large", "events[1].payload"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_if_one_event_is_refused_the_others_are_accepted(
    api: WebhooksApi, bad: object, status: int, code: str, field: str
) -> None:
    answer = await publish(api, event("first"), bad, event("third"))
    first, refused, third = answer["results"]
    assert (answer["accepted"], answer["refused"]) == (2, 1)
    assert refused.keys() == {"status", "problem"}
    problem = refused["problem"]
    assert (refused["status"], problem["status"], problem["code"], problem["field"]) == (status, status, code, field)
    assert problem["detail"]
    assert problem["remedy"]
    assert problem["request_id"].startswith("req_")
    assert {item["event_id"] for item in await events_of(api)} == {first["event_id"], third["event_id"]}


async def test_every_event_of_a_batch_can_be_refused(api: WebhooksApi) -> None:
    answer = await publish(api, 1, event(event_type=""), {})
    assert [result["status"] for result in answer["results"]] == [422, 422, 422]
    assert await events_of(api) == []


async def test_the_largest_batch_is_accepted(api: WebhooksApi) -> None:
    answer = await publish(api, *(event(number) for number in range(BATCH_EVENTS_MAX)))
    assert answer["accepted"] == BATCH_EVENTS_MAX == 1_000
    assert len({result["event_id"] for result in answer["results"]}) == BATCH_EVENTS_MAX


async def test_a_batch_with_one_event_more_than_the_limit_is_refused(api: WebhooksApi) -> None:
    body = batch_of(*(event(number) for number in range(BATCH_EVENTS_MAX + 1)))
    problem = await api.refused(422, "POST", PATH, json=body)
    assert problem["field"] == "events"
    assert f"at most {BATCH_EVENTS_MAX:,} items" in problem["detail"]
    assert await events_of(api) == []


async def test_an_empty_batch_is_refused(api: WebhooksApi) -> None:
    assert (await api.refused(422, "POST", PATH, json=batch_of()))["field"] == "events"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "events"), ({"events": None}, "events"), ({"events": {}}, "events"), ({"events": [1], "x": 1}, "x")],
)
async def test_a_malformed_batch_is_refused(api: WebhooksApi, body: Json, field: str) -> None:
    assert (await api.refused(422, "POST", PATH, json=body))["field"] == field


async def test_a_batch_of_five_mebibytes_is_accepted_and_of_one_byte_more_refused(api: WebhooksApi) -> None:
    payload = "x" * (PAYLOAD_BYTES_MAX - 100)
    body = msgspec.json.encode(batch_of(*(event(payload) for _ in range(5))))
    largest = body + b" " * (BATCH_BODY_BYTES_MAX - len(body))
    assert len(largest) == 5 * 1024 * 1024
    assert (await api.done("POST", PATH, content=largest))["accepted"] == 5
    assert (await api.refused(413, "POST", PATH, content=largest + b" "))["code"] == "payload_too_large"
    assert len(await events_of(api)) == 5


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        (b"{", "events[1].payload", "isn't JSON"),
        (b'"', "events[1].payload", "ends too early"),
        (b"1}", "events[1]", "isn't JSON"),
        (b"NaN", "events[1].payload", "invalid character (byte 70, at events[1].payload)"),
        (b"01", "events[1].payload", "isn't JSON"),
        (b'["\xff"]', "events[1].payload[0]", "isn't UTF-8"),
        (b'"\\ud83d"', "events[1].payload", "unpaired surrogate \\ud83d"),
        (b"[" * 5_000 + b"]" * 5_000, "events[1].payload[0]", "nested more than 500 levels deep"),
    ],
    ids=["object", "string", "bracket", "not a number", "leading zero", "no text", "half a character", "deep"],
)
async def test_a_batch_that_cannot_be_decoded_is_refused_and_the_problem_names_the_position(
    api: WebhooksApi, payload: bytes, field: str | None, reason: str
) -> None:
    content = b'{"events":[{"event_type":"a","payload":1},{"event_type":"a","payload":%b}]}' % payload
    problem = await api.refused(400, "POST", PATH, content=content)
    assert (problem["code"], problem.get("field")) == ("bad_json", field)
    assert reason in problem["detail"]
    assert await events_of(api) == []


async def test_if_one_event_is_nested_too_deeply_the_others_are_accepted(api: WebhooksApi) -> None:
    payloads = [b"1", b"[" * 500 + b"]" * 500, b"[" * 499 + b"]" * 499]
    content = b'{"events":[%b]}' % b",".join(b'{"event_type":"a","payload":%b}' % payload for payload in payloads)
    first, bad, last = (await api.done("POST", PATH, content=content))["results"]
    assert (first["status"], bad["status"], last["status"]) == (202, 400, 202)
    assert bad["problem"]["field"].startswith("events[1].payload")
    assert "nested more than 500 levels deep" in bad["problem"]["detail"]


async def test_a_payload_is_accepted_up_to_the_nesting_limit(api: WebhooksApi) -> None:
    deepest, too_deep = (b"[" * levels + b"]" * levels for levels in (499, 500))
    event_id = await api.publish(deepest)
    assert deepest in (await api.request("GET", f"/events/{event_id}")).content
    content = b'{"event_type":"a","payload":%b}' % too_deep
    assert "500 levels" in (await api.refused(400, "POST", "/events", content=content))["detail"]


async def test_the_same_key_twice_in_a_batch_creates_one_event(api: WebhooksApi) -> None:
    answer = await publish(
        api,
        event(idempotency_key="k"),
        event(idempotency_key="other"),
        event(idempotency_key="k"),
        event(2, idempotency_key="k"),
        event(event_type="order.paid", idempotency_key="k"),
    )
    first, _, same, conflict, other_conflict = answer["results"]
    assert same == {**first, "is_replay": True}
    assert (conflict["status"], conflict["problem"]["field"]) == (409, "events[3].payload")
    assert (other_conflict["status"], other_conflict["problem"]["field"]) == (409, "events[4].event_type")
    assert (answer["accepted"], answer["refused"]) == (3, 2)
    assert len(await events_of(api)) == 2


async def test_a_repeated_batch_returns_the_same_events(api: WebhooksApi) -> None:
    events = [event(number, idempotency_key=f"k{number}") for number in range(10)]
    first = await publish(api, *events)
    again = await publish(api, *events, event("new"))
    assert again["results"][:-1] == [{**result, "is_replay": True} for result in first["results"]]
    assert "is_replay" not in again["results"][-1]
    assert len(await events_of(api)) == 11


async def test_batches_and_single_publishes_share_their_idempotency_keys(api: WebhooksApi) -> None:
    single = await api.done("POST", "/events", json=event(idempotency_key="k"))
    (replayed,) = (await publish(api, event(idempotency_key="k")))["results"]
    assert replayed == {"status": 202, **single, "is_replay": True}


async def test_concurrent_batches_with_the_same_keys_in_different_orders_all_succeed(api: WebhooksApi) -> None:
    events = [event(number, idempotency_key=f"k{number}") for number in range(BATCH_EVENTS_MAX)]
    answers = await asyncio.gather(*(publish(api, *(events if turn % 2 else reversed(events))) for turn in range(4)))
    assert [answer["refused"] for answer in answers] == [0] * 4
    assert len(await events_of(api)) == BATCH_EVENTS_MAX


async def test_an_error_during_the_insert_rolls_back_the_whole_batch(
    api: WebhooksApi, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def insert_half_then_fail(connection: Connection, *, events: Sequence[NewEvent]) -> NoReturn:
        assert len(await event_insert_many(connection, events=events[:2])) == 2
        raise asyncpg.AdminShutdownError("terminating connection due to administrator command")

    monkeypatch.setattr(publishing, "event_insert_many", insert_half_then_fail)
    events = [event(number, idempotency_key=f"k{number}") for number in range(4)]
    problem = await api.refused(503, "POST", PATH, json=batch_of(*events))
    assert (problem["code"], problem["is_retryable"]) == ("database_unavailable", True)
    monkeypatch.undo()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM webhooks.event") == 0
    answer = await publish(api, *events)
    assert not any("is_replay" in result for result in answer["results"])


async def test_an_error_after_the_insert_rolls_back_the_whole_batch(
    api: WebhooksApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "event_find_earlier", fail)
        problem = await api.refused(
            500, "POST", PATH, json=batch_of(event(idempotency_key="k"), event(idempotency_key="k"), event())
        )
    assert "ZeroDivision" not in str(problem)
    assert await events_of(api) == []
