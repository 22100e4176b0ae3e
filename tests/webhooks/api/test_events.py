"""Events over the API: publish, keep payloads byte for byte, create once per idempotency key, list and show."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from http_api import Json, problem_of
from ninefold.systems.webhooks.routes.events import EVENT_BODY_BYTES_MAX
from ninefold.systems.webhooks.rules.event_types import EVENT_TYPE_LENGTH_MAX
from ninefold.systems.webhooks.service.publishing import IDEMPOTENCY_KEY_LENGTH_MAX, PAYLOAD_BYTES_MAX
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"
KEY = "order-1-created"


def valid(**changes: object) -> Json:
    return {"event_type": "order.created", "payload": {"n": 1}, **changes}


def body_of(payload: bytes) -> bytes:
    return b'{"event_type":"order.created","payload":%b}' % payload


def payload_shown(response: httpx.Response) -> bytes:
    """Return the bytes of the payload in a response."""
    return bytes(msgspec.json.decode(response.content, type=dict[str, msgspec.Raw])["payload"])


async def count_events(api: WebhooksApi) -> int:
    return sum(len(page) for page in await api.walk("/events", limit=100))


async def test_an_accepted_event_returns_202_with_its_id_and_the_number_of_deliveries(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    response = await api.request("POST", "/events", json=valid())
    answer = response.json()
    assert response.status_code == 202
    assert answer == {"event_id": answer["event_id"], "queued_deliveries": 1}
    assert answer["event_id"].startswith("evt_")
    assert "Idempotency-Replayed" not in response.headers


@pytest.mark.parametrize(
    ("event_type", "matching"),
    [
        ("order.created", 4),
        ("order", 1),
        ("order.created.late", 3),
        ("orders.created", 1),
        ("Order.created", 1),
        ("x", 1),
    ],
)
async def test_queued_deliveries_counts_the_matching_subscriptions(
    api: WebhooksApi, event_type: str, matching: int
) -> None:
    await api.subscribe(URL, "*")
    await api.subscribe(URL, "order.*")
    await api.subscribe(URL, "order.created")
    await api.subscribe(URL, "invoice.paid", "order.*", "order.created")
    answer = await api.done("POST", "/events", json=valid(event_type=event_type))
    assert answer["queued_deliveries"] == matching


async def test_an_event_without_matching_subscriptions_is_dispatched_at_once(api: WebhooksApi) -> None:
    answer = await api.done("POST", "/events", json=valid())
    assert answer["queued_deliveries"] == 0
    event = await api.get(f"/events/{answer['event_id']}")
    assert (event["status"], event["deliveries"]) == ("dispatched", [])


async def test_queued_deliveries_reflects_subscription_changes_immediately(api: WebhooksApi) -> None:
    subscription = await api.subscribe(URL, "invoice.paid")
    path = f"/subscriptions/{subscription['subscription_id']}"
    counts = []
    for event_types in (["order.*"], ["invoice.*"], ["*"]):
        await api.done("PATCH", path, json={"event_types": event_types})
        counts.append((await api.done("POST", "/events", json=valid()))["queued_deliveries"])
    await api.request("DELETE", path)
    counts.append((await api.done("POST", "/events", json=valid()))["queued_deliveries"])
    assert counts == [1, 0, 1, 0]


async def test_an_event_is_shown_with_its_payload_and_its_queued_deliveries(api: WebhooksApi) -> None:
    subscription = await api.subscribe(URL)
    event_id = (await api.done("POST", "/events", json=valid(idempotency_key=KEY)))["event_id"]
    event = await api.get(f"/events/{event_id}")
    (delivery,) = event.pop("deliveries")
    assert event == {
        "event_id": event_id,
        "event_type": "order.created",
        "idempotency_key": KEY,
        "status": "queued",
        "queued_deliveries": 1,
        "accepted_at": event["accepted_at"],
        "dispatched_at": None,
        "tier": "standard",
        "ordering_key": None,
        "payload": {"n": 1},
    }
    assert (delivery["subscription_id"], delivery["status"], delivery["attempts"]) == (
        subscription["subscription_id"],
        "queued",
        [],
    )


async def test_the_list_shows_events_newest_first_without_payloads(api: WebhooksApi) -> None:
    published = [await api.publish(b'"private"') for _ in range(5)]
    pages = await api.walk("/events", limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(published, reverse=True) == [item["event_id"] for page in pages for item in page]
    assert "private" not in str(pages)


@pytest.mark.parametrize(
    "payload",
    [
        b"null",
        b"true",
        b"false",
        b"0",
        b"-0",
        b"-0.0",
        b"1.0",
        b"1.50",
        b"1e3",
        b"1E+03",
        b"1e400",
        b"-1e-400",
        b"123456789012345678901234567890",
        b"0.1000000000000000055511151231257827021181583404541015625",
        b'""',
        b'"text"',
        '"日本 Grüße 🎈 \u2028"'.encode(),
        b'"\\u65e5\\u672c \\u00fc \\ud83c\\udf88"',
        b'"\\u0000 \\b\\f\\n\\r\\t\\/\\"\\\\"',
        b'"\x7f"',
        b"[]",
        b"[ ]",
        b"[1 ,\n\t2\r\n]",
        b"{}",
        b'{"b":1,"a":2}',
        b'{ "a" : 1 }',
        b'{"a":1,"a":2}',
        b'{"":0}',
        b'{"__proto__":{"constructor":1},"payload":{"event_type":"x"}}',
        b"[" * 200 + b"]" * 200,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
    ids=lambda payload: payload[:24].decode(),
)
async def test_a_payload_is_kept_byte_for_byte(api: WebhooksApi, payload: bytes) -> None:
    event_id = await api.publish(payload)
    assert payload == payload_shown(await api.request("GET", f"/events/{event_id}"))


async def test_whitespace_around_a_payload_is_dropped(api: WebhooksApi) -> None:
    event_id = await api.publish(b' \n\t{"a": 1}\r ')
    assert payload_shown(await api.request("GET", f"/events/{event_id}")) == b'{"a": 1}'


async def test_the_last_of_two_payload_fields_is_used(api: WebhooksApi) -> None:
    event_id = await api.publish(b'1,"payload":2')
    assert payload_shown(await api.request("GET", f"/events/{event_id}")) == b"2"


async def test_a_repeated_publish_returns_the_same_response_and_a_replay_header(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    first = await api.request("POST", "/events", json=valid(idempotency_key=KEY))
    await api.subscribe(URL)
    again = await api.request("POST", "/events", json=valid(idempotency_key=KEY))
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await count_events(api) == 1


async def test_a_replay_can_format_the_rest_of_the_body_differently(api: WebhooksApi) -> None:
    first = await api.done("POST", "/events", json=valid(idempotency_key=KEY))
    content = b' { "idempotency_key": "%b",\n"payload" : {"n":1} , "event_type":"order.created"}' % KEY.encode()
    again = await api.request("POST", "/events", content=content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first


@pytest.mark.parametrize(
    ("change", "named", "field"),
    [
        ({"payload": {"n": 2}}, "payload is different", "payload"),
        ({"payload": {"n": 1.0}}, "payload is different", "payload"),
        ({"event_type": "order.paid"}, "event_type is different", "event_type"),
        ({"event_type": "order.paid", "payload": 2}, "event_type and payload are different", "event_type"),
    ],
)
async def test_a_key_reused_with_different_content_is_a_conflict_that_names_what_differs(
    api: WebhooksApi, change: Json, named: str, field: str
) -> None:
    first = await api.done("POST", "/events", json=valid(idempotency_key=KEY))
    problem = await api.refused(409, "POST", "/events", json=valid(idempotency_key=KEY, **change))
    assert (problem["code"], problem["field"]) == ("idempotency_conflict", field)
    assert named in problem["detail"]
    assert first["event_id"] in problem["detail"]
    assert await count_events(api) == 1


async def test_a_key_belongs_to_its_organisation(api: WebhooksApi, other_api: WebhooksApi) -> None:
    first = await api.done("POST", "/events", json=valid(idempotency_key=KEY))
    other = await other_api.request("POST", "/events", json=valid(idempotency_key=KEY, payload=2))
    assert other.status_code == 202
    assert other.json()["event_id"] != first["event_id"]
    assert "Idempotency-Replayed" not in other.headers


async def test_repeated_publishes_without_a_key_create_separate_events(api: WebhooksApi) -> None:
    for key in (None, None):
        await api.done("POST", "/events", json=valid(idempotency_key=key))
    await api.done("POST", "/events", json=valid())
    assert await count_events(api) == 3


async def test_concurrent_publishes_with_one_key_create_one_event(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    answers = await asyncio.gather(
        *(api.request("POST", "/events", json=valid(idempotency_key=KEY)) for _ in range(20))
    )
    assert [answer.status_code for answer in answers] == [202] * 20
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False] + [True] * 19
    assert await count_events(api) == 1


async def test_of_concurrent_publishes_with_one_key_and_different_content_one_wins(api: WebhooksApi) -> None:
    answers = await asyncio.gather(
        *(api.request("POST", "/events", json=valid(idempotency_key=KEY, payload=number)) for number in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert await count_events(api) == 1


@pytest.mark.parametrize("key", ["k", "x" * IDEMPOTENCY_KEY_LENGTH_MAX, "ü" * IDEMPOTENCY_KEY_LENGTH_MAX, " ", "a\nb"])
async def test_a_valid_key_is_kept(api: WebhooksApi, key: str) -> None:
    event_id = (await api.done("POST", "/events", json=valid(idempotency_key=key)))["event_id"]
    assert (await api.get(f"/events/{event_id}"))["idempotency_key"] == key


@pytest.mark.parametrize("key", ["", "x" * (IDEMPOTENCY_KEY_LENGTH_MAX + 1), "a\0b", 1, ["k"]])
async def test_an_invalid_key_is_refused(api: WebhooksApi, key: object) -> None:
    problem = await api.refused(422, "POST", "/events", json=valid(idempotency_key=key))
    assert problem["field"] == "idempotency_key"
    assert await count_events(api) == 0


async def test_a_payload_of_one_mebibyte_is_accepted(api: WebhooksApi) -> None:
    payload = b'"%b"' % (b"x" * (PAYLOAD_BYTES_MAX - 2))
    event_id = await api.publish(payload)
    assert payload_shown(await api.request("GET", f"/events/{event_id}")) == payload


async def test_a_payload_one_byte_over_the_limit_is_refused(api: WebhooksApi) -> None:
    payload = b'"%b"' % (b"x" * (PAYLOAD_BYTES_MAX - 1))
    problem = await api.refused(413, "POST", "/events", content=body_of(payload))
    assert (problem["code"], problem["field"]) == ("event_too_large", "payload")
    assert str(PAYLOAD_BYTES_MAX) in problem["remedy"]
    assert await count_events(api) == 0


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_over_the_limit_is_refused_with_and_without_content_length(
    api: WebhooksApi, *, is_chunked: bool
) -> None:
    content = body_of(b'"%b"' % (b"x" * EVENT_BODY_BYTES_MAX))
    problem = await api.refused(413, "POST", "/events", content=chunks(content) if is_chunked else content)
    assert problem["code"] == "payload_too_large"
    assert await count_events(api) == 0


async def test_a_chunked_body_is_accepted(api: WebhooksApi) -> None:
    response = await api.request("POST", "/events", content=chunks(body_of(b'"%b"' % (b"x" * 200_000))))
    assert response.status_code == 202


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"not json",
        body_of(b"")[:-1],
        body_of(b"{"),
        body_of(b"01"),
        body_of(b"1."),
        body_of(b".5"),
        body_of(b"+1"),
        body_of(b"NaN"),
        body_of(b"Infinity"),
        body_of(b"undefined"),
        body_of(b"'text'"),
        body_of(b"[1,]"),
        body_of(b'{"a":1,}'),
        body_of(b"{a:1}"),
        body_of(b'"\n"'),
        body_of(b'"\\x"'),
        body_of(b'"\\u12"'),
        body_of(b"1 /* comment */"),
        body_of(b"1") + b"{}",
        b"\xef\xbb\xbf" + body_of(b"1"),
        body_of(b"1").decode().encode("utf-16"),
        body_of(b'"\xff"'),
        body_of(b'"\xc3"'),
        body_of(b'"\xed\xa0\x80"'),
        body_of(b'"\xc0\x80"'),
        b'{"event_type":"\xff","payload":1}',
    ],
    ids=repr,
)
async def test_a_body_that_is_not_json_in_utf8_is_refused(api: WebhooksApi, content: bytes) -> None:
    problem = await api.refused(400, "POST", "/events", content=content, headers={"Content-Type": "application/json"})
    assert problem["code"] == "bad_json"
    assert problem["remedy"]
    assert await count_events(api) == 0


# JSON can contain an escaped lone surrogate, which isn't a character. Subscribers couldn't decode it, so it is refused.
@pytest.mark.parametrize(
    "text", [b"\\ud800", b"\\ud800 ", b"\\udc00", b"\\ud800\\ud800", b"\\ud800\\u0041", b"\\uD83C"]
)
async def test_a_lone_surrogate_is_refused_anywhere_in_the_body(api: WebhooksApi, text: bytes) -> None:
    for content in (
        body_of(b'"%b"' % text),
        body_of(b'{"%b":1}' % text),
        body_of(b'[[{"a":"%b"}]]' % text),
        b'{"event_type":"%b","payload":1}' % text,
        b'{"event_type":"a","payload":1,"idempotency_key":"%b"}' % text,
    ):
        assert (await api.refused(400, "POST", "/events", content=content))["code"] == "bad_json"
    assert await count_events(api) == 0


async def test_an_extremely_nested_payload_is_refused(api: WebhooksApi) -> None:
    content = body_of(b"[" * 100_000 + b"]" * 100_000)
    assert (await api.refused(400, "POST", "/events", content=content))["code"] == "bad_json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json"])
async def test_another_content_type_is_refused(api: WebhooksApi, content_type: str) -> None:
    problem = await api.refused(415, "POST", "/events", json=valid(), headers={"Content-Type": content_type})
    assert problem["code"] == "unsupported_media_type"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"])
async def test_every_valid_content_type_for_json_is_accepted(api: WebhooksApi, content_type: str) -> None:
    response = await api.request("POST", "/events", json=valid(), headers={"Content-Type": content_type})
    assert response.status_code == 202


@pytest.mark.parametrize(
    "event_type",
    [
        "",
        ".",
        "order.",
        ".created",
        "order..created",
        "order.*",
        "*",
        "order created",
        "geändert",
        "order/created",
        "order.created\n",
        "x" * (EVENT_TYPE_LENGTH_MAX + 1),
    ],
)
async def test_a_malformed_event_type_is_refused(api: WebhooksApi, event_type: str) -> None:
    problem = await api.refused(422, "POST", "/events", json=valid(event_type=event_type))
    assert (problem["code"], problem["field"]) == ("invalid_event_type", "event_type")


@pytest.mark.parametrize("event_type", ["a", "A-1_b.2.c", "x" * EVENT_TYPE_LENGTH_MAX])
async def test_a_valid_event_type_is_accepted(api: WebhooksApi, event_type: str) -> None:
    await api.done("POST", "/events", json=valid(event_type=event_type))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"payload": 1}, "event_type"),
        ({"event_type": "a"}, "payload"),
        (valid(event_id="evt_mine"), "event_id"),
        (valid(event_type=1), "event_type"),
        (valid(event_type=None), "event_type"),
        (valid(event_type="a\0"), "event_type"),
        (valid(idempotency_key={}), "idempotency_key"),
    ],
)
async def test_the_problem_names_an_invalid_field(api: WebhooksApi, body: Json, field: str) -> None:
    assert (await api.refused(422, "POST", "/events", json=body))["field"] == field
    assert await count_events(api) == 0


@pytest.mark.parametrize("text", ["evt_01h455vb4pex5vsknk084sn02q", "sub_01h455vb4pex5vsknk084sn02q", "evt_", "1"])
async def test_an_unknown_or_malformed_event_id_is_not_found(api: WebhooksApi, text: str) -> None:
    await api.refused(404, "GET", f"/events/{text}")


async def test_a_problem_contains_the_callers_request_id(api: WebhooksApi) -> None:
    response = await api.request(
        "POST", "/events", json=valid(payload=1, x=1), headers={"X-Request-Id": "my-request-1"}
    )
    assert problem_of(response, status=422)["request_id"] == "my-request-1"


async def chunks(content: bytes, *, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
