"""What becomes of callbacks: verified, quarantined, duplicate; and how they are verified and passed on again."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from callbacks.callbacks_api import SECRET, CallbacksApi
from http_api import Json
from ninefold.systems.callbacks.service import callbacks as service
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
EVERYTHING = "callback.*"

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
async def subscribed(api: CallbacksApi, receiver: Receiver) -> Receiver:
    """A receiver of every callback."""
    await WebhooksApi(api.http, api.api_key).subscribe(receiver.url, EVERYTHING)
    return receiver


async def published(api: CallbacksApi) -> list[Json]:
    """Return all events, oldest first."""
    return [event for page in await api.walk("/events", limit=100) for event in page][::-1]


async def test_a_forged_callback_is_quarantined_with_the_reason_and_never_passed_on(api: CallbacksApi) -> None:
    source = await api.create_source()

    await api.call(source, secret="wrong")

    (callback,) = await api.judged(1, source=source)
    assert callback["status"] == "quarantined"
    assert callback["reason"] == "signature_mismatch"
    assert callback["detail"].endswith(".")
    assert SECRET not in str(callback)
    assert (callback["event_id"], callback["type"]) == (None, None)
    problem = await api.refused(409, "POST", f"/callbacks/{callback['callback_id']}/replay")
    assert (problem["code"], "reverify" in problem["remedy"]) == ("callback_not_verified", True)
    assert await published(api) == []


async def test_a_truncated_callback_is_quarantined(api: CallbacksApi) -> None:
    source = await api.create_source()
    body = b'{"action":"opened"}'

    await api.call(source, body[:-3], headers={})
    await api.http.post(
        source["ingest_url"],
        content=body[:-3],
        headers={"x-hub-signature-256": "sha256=" + "0" * 64, "x-github-event": "issues"},
    )

    callbacks = await api.judged(2, source=source)
    # The first one is signed as it is, so it is genuine, although it isn't JSON.
    assert [callback["status"] for callback in callbacks] == ["quarantined", "verified"]


async def test_quarantined_callbacks_are_verified_again_after_the_secret_was_corrected(
    api: CallbacksApi, subscribed: Receiver
) -> None:
    source = await api.create_source(secrets=["a secret with a typo"])
    other = await api.create_source(secrets=["a secret with a typo"])
    for number in range(3):
        await api.call(source, b'{"number":%d}' % number, event="issues")
    await api.call(source, b"forged", secret="wrong")
    await api.call(other)
    assert {each["status"] for each in await api.judged(4, source=source)} == {"quarantined"}

    await api.done("PATCH", f"/sources/{source['source_id']}", json={"secrets": ["a secret with a typo", SECRET]})
    accepted = await api.done("POST", "/callbacks/reverify", json={"source_id": source["source_id"]})

    assert accepted["job_id"].startswith("job_")
    requests = await subscribed.received(3)
    assert sorted(json.loads(request.body)["body"]["number"] for request in requests) == [0, 1, 2]
    statuses = [each["status"] for each in await api.judged(4, source=source)]
    assert sorted(statuses) == ["quarantined", "verified", "verified", "verified"]
    assert [each["status"] for each in await api.judged(1, source=other)] == ["quarantined"]


async def test_both_secrets_verify_while_they_are_rotated(api: CallbacksApi) -> None:
    source = await api.create_source(secrets=["old", "new"])

    await api.call(source, b"1", secret="old")
    await api.call(source, b"2", secret="new")

    assert {each["status"] for each in await api.judged(2, source=source)} == {"verified"}


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"delivery": DELIVERY, "body": b'{"n":2}'}, id="same id"),
        # GitHub doesn't sign the id, so anyone who has seen a callback could send it again with a new one.
        pytest.param({"delivery": "another", "body": b'{"n":1}'}, id="same signed content"),
    ],
)
async def test_a_callback_that_comes_again_is_a_duplicate(api: CallbacksApi, second: dict[str, object]) -> None:
    source = await api.create_source()
    await api.call(source, b'{"n":1}', event="issues", delivery=DELIVERY)
    (first,) = await api.judged(1, source=source)

    await api.call(source, event="issues", **second)  # type: ignore[arg-type]

    duplicate, _ = await api.judged(2, source=source)
    assert (duplicate["status"], duplicate["duplicate_of"]) == ("duplicate", first["callback_id"])
    assert duplicate["type"] == "issues"
    assert [event["event_type"] for event in await published(api)] == ["callback.github.issues"]
    problem = await api.refused(409, "POST", f"/callbacks/{duplicate['callback_id']}/replay")
    assert "duplicate_of" in problem["remedy"]


async def test_duplicates_that_arrive_together_pass_on_one(api: CallbacksApi) -> None:
    source = await api.create_source()

    await asyncio.gather(*[api.call(source, b'{"n":1}', delivery=DELIVERY) for _ in range(20)])

    callbacks = await api.judged(20, source=source)
    (verified,) = [each for each in callbacks if each["status"] == "verified"]
    assert {each["duplicate_of"] for each in callbacks if each is not verified} == {verified["callback_id"]}
    assert len(await published(api)) == 1


async def test_a_forged_callback_does_not_make_the_genuine_one_a_duplicate(api: CallbacksApi) -> None:
    source = await api.create_source()

    await api.call(source, b'{"n":1}', secret="wrong", delivery=DELIVERY)
    await api.judged(1, source=source)
    await api.call(source, b'{"n":1}', delivery=DELIVERY)

    newest, _ = await api.judged(2, source=source)
    assert newest["status"] == "verified"


@pytest.mark.parametrize("is_one_batch", [True, False])
async def test_a_repetition_with_the_id_of_a_later_callback_does_not_make_that_one_a_duplicate(
    api: CallbacksApi, *, is_one_batch: bool
) -> None:
    source = await api.create_source()
    calls = [(b'{"n":1}', "first"), (b'{"n":1}', "second"), (b'{"n":2}', "second"), (b'{"n":3}', "second")]
    for number, (body, delivery) in enumerate(calls, 1):
        await api.call(source, body, delivery=delivery)
        if not is_one_batch:
            await api.judged(number, source=source)

    again, genuine, repeated, first = await api.judged(4, source=source)

    assert [each["status"] for each in (first, repeated, genuine, again)] == [
        "verified",
        "duplicate",
        "verified",
        "duplicate",
    ]
    assert again["duplicate_of"] == genuine["callback_id"]


async def test_with_a_password_only_the_id_counts(api: CallbacksApi) -> None:
    options = {"username": "shop", "event_id": "{header X-Delivery}"}
    source = await api.create_source(provider="basic", secrets=["password"], options=options)
    for delivery in ("1", "2", "2"):
        headers = {"x-delivery": delivery}
        await api.http.post(source["ingest_url"], content=b"{}", headers=headers, auth=("shop", "password"))

    statuses = [each["status"] for each in await api.judged(3, source=source)]

    assert statuses == ["duplicate", "verified", "verified"]


async def test_the_same_callback_at_two_sources_is_no_duplicate(api: CallbacksApi, other_api: CallbacksApi) -> None:
    sources = [await api.create_source(), await api.create_source()]
    foreign = await other_api.create_source()

    for source in sources:
        await api.call(source, delivery=DELIVERY)
    await other_api.call(foreign, delivery=DELIVERY)

    for source in sources:
        assert [each["status"] for each in await api.judged(1, source=source)] == ["verified"]
    assert [each["status"] for each in await other_api.judged(1, source=foreign)] == ["verified"]


async def test_a_verified_callback_is_replayed_as_a_new_event(api: CallbacksApi, subscribed: Receiver) -> None:
    source = await api.create_source()
    await api.call(source, b'{"n":1}', event="issues")
    (callback,) = await api.judged(1, source=source)

    replayed = await api.done("POST", f"/callbacks/{callback['callback_id']}/replay")

    first, second = [json.loads(request.body) for request in await subscribed.received(2)]
    assert replayed["event_id"] != callback["event_id"]
    assert (first["is_replay"], second["is_replay"]) == (False, True)
    assert {**first, "is_replay": True} == second
    assert (await api.get(f"/callbacks/{callback['callback_id']}"))["replay_count"] == 1


async def test_many_callbacks_are_replayed_in_their_order(api: CallbacksApi) -> None:
    source, other = await api.create_source(), await api.create_source()
    for number in range(25):
        await api.call(source, b'{"number":%d}' % number, event="issues" if number else "push")
    await api.call(source, b"forged", secret="wrong")
    await api.call(other)
    await api.judged(26, source=source)
    await api.judged(1, source=other)

    await api.done(
        "POST",
        "/callbacks/replay",
        json={"source_id": source["source_id"], "since": "2026-01-01T00:00:00Z", "type": "issues"},
    )

    async with asyncio.timeout(10):
        while len(await published(api)) < 26 + 24:
            await asyncio.sleep(0.02)
    counts = {each["type"]: each["replay_count"] for each in await api.judged(26, source=source)}
    assert counts == {"issues": 1, "push": 0, None: 0}


async def test_a_replay_after_the_last_callback_replays_nothing(api: CallbacksApi) -> None:
    source = await api.create_source()
    await api.call(source)
    await api.judged(1, source=source)

    await api.done("POST", "/callbacks/replay", json={"since": datetime.now(UTC).isoformat()})
    await api.done("POST", "/callbacks/reverify", json={})

    await api.call(source, b"later")
    await api.judged(2, source=source)
    assert len(await published(api)) == 2


@pytest.mark.parametrize("path", ["/callbacks/replay", "/callbacks/reverify"])
@pytest.mark.parametrize(("source_id", "status"), [("src_01h455vb4pex5vsknk084sn02q", 404), ("nonsense", 422)])
async def test_jobs_of_an_unknown_source_are_refused(api: CallbacksApi, path: str, source_id: str, status: int) -> None:
    body = {"source_id": source_id} | ({"since": "2026-01-01T00:00:00Z"} if path.endswith("replay") else {})

    await api.refused(status, "POST", path, json=body)


@pytest.mark.parametrize("path", ["/callbacks/replay", "/callbacks/reverify"])
async def test_jobs_touch_nothing_of_another_organisation(
    api: CallbacksApi, other_api: CallbacksApi, path: str
) -> None:
    source = await api.create_source()
    await api.call(source)
    await api.call(source, b"forged", secret="wrong")
    before = await api.judged(2, source=source)
    body = {"since": "2026-01-01T00:00:00Z"} if path.endswith("replay") else {}

    await other_api.refused(404, "POST", path, json={**body, "source_id": source["source_id"]})
    await other_api.done("POST", path, json=body)

    # Its own callback afterwards, so that the job has had the time to run.
    own = await other_api.create_source()
    await other_api.call(own)
    await other_api.judged(1, source=own)
    assert await api.judged(2, source=source) == before
    assert len(await published(api)) == 1


async def test_callbacks_are_listed_by_source_status_provider_and_type(api: CallbacksApi) -> None:
    source, other = await api.create_source(), await api.create_source()
    await api.call(source, b"1", event="issues")
    await api.call(source, b"2", event="push")
    await api.call(source, b"3", secret="wrong")
    await api.call(other, b"4", event="issues")
    await api.judged(3, source=source)
    await api.judged(1, source=other)

    async def count(query: str) -> int:
        return len((await api.get(f"/callbacks{query}"))["items"])

    assert await count("") == 4
    assert await count(f"?source_id={source['source_id']}") == 3
    assert await count(f"?source_id={source['source_id']}&status=quarantined") == 1
    assert await count("?type=issues") == 2
    assert await count("?type=issues&provider=github&status=verified") == 2
    assert await count("?provider=stripe") == 0
    assert await count(f"?type=issues&source_id={other['source_id']}") == 1
    assert await count("?status=quarantined&provider=github") == 1
    assert await count("?status=quarantined&provider=stripe") == 0
    assert await count(f"?source_id={source['source_id']}&provider=stripe") == 0
    assert [len(page) for page in await api.walk("/callbacks?status=verified", limit=2)] == [2, 1]
    everything = [each for page in await api.walk("/callbacks", limit=1) for each in page]
    for query in ("provider=github", "provider=github&status=verified", "type=issues", "status=quarantined"):
        found = [each for page in await api.walk(f"/callbacks?{query}", limit=1) for each in page]
        wanted = dict(part.split("=") for part in query.split("&"))
        assert found == [each for each in everything if all(each[name] == value for name, value in wanted.items())]
    await api.refused(422, "GET", "/callbacks?status=lost")


async def test_a_list_looks_at_a_number_of_callbacks_and_says_how_far_back(
    api: CallbacksApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare, source = await api.create_source(), await api.create_source()
    await api.call(rare, b"0", event="issues")
    await api.judged(1, source=rare)
    for number in range(1, 6):
        await api.call(source, b"%d" % number, event="issues")
    callbacks = await api.judged(5, source=source)
    monkeypatch.setattr(service, "LOOKED_AT_MAX", 3)

    query = f"/callbacks?type=issues&source_id={rare['source_id']}"
    first = await api.get(query)
    second = await api.get(f"{query}&cursor={first['next_cursor']}")

    assert first["items"] == []
    assert first["searched_back_to"][:23] == callbacks[2]["received_at"][:23]
    assert [each["source_id"] for each in second["items"]] == [rare["source_id"]]
    assert (second["next_cursor"] is None) == (second["searched_back_to"] is None)


@pytest.mark.parametrize(
    "query", ["", "?status=verified", "?type=issues", "?provider=github", "?provider=github&status=verified"]
)
async def test_a_list_that_is_limited_shows_everything_page_by_page(
    api: CallbacksApi, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    source = await api.create_source()
    for number in range(5):
        await api.call(source, b"%d" % number, event="issues")
    callbacks = await api.judged(5, source=source)
    monkeypatch.setattr(service, "LOOKED_AT_MAX", 2)

    pages = await api.walk(f"/callbacks{query}", limit=4)

    assert [each for page in pages for each in page] == callbacks


async def test_a_secret_in_a_request_is_never_shown_but_verified(api: CallbacksApi) -> None:
    options = {"query_parameter": "key"}
    source = await api.create_source(provider="api_key", secrets=["s3cret of the shop"], options=options)
    path = source["ingest_url"].removeprefix("http://ninefold.test")

    await api.http.post(
        f"{path}?a=1&key=s3cret%20of+the%20shop", headers={"authorization": "Bearer s3cret of the shop"}
    )

    (listed,) = await api.judged(1, source=source)
    shown = await api.get(f"/callbacks/{listed['callback_id']}")
    assert (listed["status"], listed["query"], shown["query"]) == ("verified", "a=1&key=***", "a=1&key=***")
    assert {"name": "authorization", "value": "***"} in shown["headers"]
    assert "s3cret" not in str([listed, shown])


async def test_users_can_not_publish_events_of_callbacks(api: CallbacksApi) -> None:
    event = {"event_type": "callback.github.push", "payload": {}}

    problem = await api.refused(422, "POST", "/events", json=event)
    (result,) = (await api.done("POST", "/events/batch", json={"events": [event]}))["results"]

    assert (problem["field"], "POST /api/v1/sources" in problem["remedy"]) == ("event_type", True)
    assert (result["status"], result["problem"]["field"]) == (422, "events[0].event_type")
    assert await published(api) == []


async def test_one_callback_is_shown_raw_and_parsed(api: CallbacksApi) -> None:
    source = await api.create_source()
    body = b'{"price": 1.50, "name": "\xc3\xbc"}'
    await api.call(source, body)
    await api.call(source, b"a=1&a=2&b=", headers={"content-type": "application/x-www-form-urlencoded"})
    await api.call(source, b"\xff\0")
    await api.judged(3, source=source)

    binary, form, document = [
        await api.request("GET", f"/callbacks/{each['callback_id']}") for each in await api.judged(3, source=source)
    ]

    assert document.json()["body_json"] == {"price": 1.5, "name": "ü"}
    assert document.json()["body_text"] == body.decode()
    # The text of the JSON is passed on as it is.
    assert body in document.content
    assert form.json()["body_form"] == {"a": ["1", "2"], "b": [""]}
    assert (binary.json()["body_text"], binary.json()["body_base64"]) == (None, "/wA=")


async def test_a_body_too_large_for_an_event_is_passed_on_without_it(api: CallbacksApi, subscribed: Receiver) -> None:
    source = await api.create_source()
    body = b'{"text":"%b"}' % (b"x" * 1_100_000)

    await api.call(source, body, event="push")

    (request,) = await subscribed.received(1)
    event = json.loads(request.body)
    assert (event["is_body_omitted"], "body" in event) == (True, False)
    shown = await api.get(f"/callbacks/{event['callback_id']}")
    assert (shown["is_body_omitted"], shown["body_text"]) == (True, None)
    assert (await api.request("GET", f"/callbacks/{event['callback_id']}/body")).content == body


async def test_what_a_deleted_source_has_received_is_still_passed_on(api: CallbacksApi, subscribed: Receiver) -> None:
    source = await api.create_source()
    await asyncio.gather(*[api.call(source, b"%d" % number) for number in range(50)])

    await api.request("DELETE", f"/sources/{source['source_id']}")

    await subscribed.received(50)


@pytest.mark.parametrize(
    ("period", "field"),
    [
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"since": "9999-12-31T23:59:59-14:00"}, "since"),
        ({"since": "2020-01-01T00:00:00"}, "since"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00"}, "until"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"since": "2020-01-01T00:00:00Z", "until": "0001-01-01T00:00:00+14:00"}, "until"),
    ],
)
async def test_a_period_that_cannot_be_replayed_is_refused(
    api: CallbacksApi, period: dict[str, str], field: str
) -> None:
    problem = await api.refused(422, "POST", "/callbacks/replay", json=period)

    assert problem["field"] == field


async def test_a_period_may_end_in_the_future(api: CallbacksApi) -> None:
    period = {"since": "2020-01-01T00:00:00+02:00", "until": "9999-12-31T23:59:59-14:00"}

    assert (await api.done("POST", "/callbacks/replay", json=period))["job_id"].startswith("job_")


async def test_github_has_the_same_type_if_it_sends_a_form(api: CallbacksApi) -> None:
    source = await api.create_source()
    form = {"content-type": "application/x-www-form-urlencoded"}
    await api.call(source, b"payload=%7B%22action%22%3A%22closed%22%7D", event="issues", headers=form)
    [callback] = await api.judged(1, source=source)
    assert (callback["type"], callback["event_type"]) == ("issues.closed", "callback.github.issues.closed")
