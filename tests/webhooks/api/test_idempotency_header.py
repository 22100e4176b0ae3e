"""The `Idempotency-Key` header: honoured like the field of a publish, and never ignored."""

from collections.abc import Sequence

import pytest

from http_api import Json, problem_of
from ninefold.systems.webhooks.service.publishing import IDEMPOTENCY_KEY_LENGTH_MAX
from webhooks.webhooks_api import WebhooksApi

HEADER = "Idempotency-Key"
UNKNOWN_ID = "01h455vb4pex5vsknk084sn02q"


def valid(**changes: object) -> Json:
    return {"event_type": "order.created", "payload": {"n": 1}, **changes}


async def count_events(api: WebhooksApi) -> int:
    return len((await api.get("/events"))["items"])


@pytest.mark.parametrize("name", [HEADER, HEADER.lower(), HEADER.upper()])
async def test_the_same_key_in_the_header_creates_no_second_event(api: WebhooksApi, name: str) -> None:
    first = await api.request("POST", "/events", json=valid(), headers={name: "k"})
    again = await api.request("POST", "/events", json=valid(), headers={name: "k"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await api.get(f"/events/{first.json()['event_id']}"))["idempotency_key"] == "k"


async def test_the_header_and_the_field_share_their_keys(api: WebhooksApi) -> None:
    first = await api.done("POST", "/events", json=valid(idempotency_key="k"))
    in_header = await api.done("POST", "/events", json=valid(), headers={HEADER: "k"})
    in_both = await api.done("POST", "/events", json=valid(idempotency_key="k"), headers={HEADER: "k"})

    assert first == in_header == in_both
    assert await count_events(api) == 1


async def test_a_key_in_the_header_with_different_content_is_a_conflict(api: WebhooksApi) -> None:
    await api.done("POST", "/events", json=valid(), headers={HEADER: "k"})
    problem = await api.refused(409, "POST", "/events", json=valid(payload=2), headers={HEADER: "k"})

    assert (problem["code"], problem["field"]) == ("idempotency_conflict", "payload")


async def test_different_keys_in_the_header_and_in_the_field_are_refused(api: WebhooksApi) -> None:
    problem = await api.refused(400, "POST", "/events", json=valid(idempotency_key="a"), headers={HEADER: "b"})

    assert (problem["code"], problem["field"]) == ("idempotency_keys_differ", "idempotency_key")
    assert problem["remedy"] == "Send the key once, in the header or in the field."
    assert await count_events(api) == 0


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ([b"k", b"k"], 202, None),
        ([b"null"], 202, None),
        ([b"a", b"b"], 400, "idempotency_keys_differ"),
        (["ü".encode()], 400, "bad_request"),
        (["ü".encode("latin-1")], 400, "bad_request"),
        ([b""], 422, "invalid_input"),
        ([b"x" * IDEMPOTENCY_KEY_LENGTH_MAX], 202, None),
        ([b"x" * (IDEMPOTENCY_KEY_LENGTH_MAX + 1)], 422, "invalid_input"),
    ],
)
async def test_an_unusual_header_is_honoured_or_refused(
    api: WebhooksApi, values: Sequence[bytes], status: int, code: str | None
) -> None:
    headers = [("Authorization", f"Bearer {api.api_key}"), *[(HEADER, value) for value in values]]
    response = await api.http.post("/api/v1/events", json=valid(), headers=headers)  # type: ignore[arg-type]  # str and bytes mix.

    assert response.status_code == status
    if code is not None:
        problem = problem_of(response, status=status)
        assert (problem["code"], problem["field"]) == (code, "idempotency_key" if status == 422 else HEADER)
        assert problem["remedy"]


@pytest.mark.parametrize(
    ("path", "body", "remedy"),
    [
        ("/events/batch", {"events": [valid()]}, "keys are per event"),
        ("/subscriptions", {"url": "https://example.com", "event_types": ["*"]}, "List the subscriptions"),
        (f"/subscriptions/sub_{UNKNOWN_ID}/rotate-secret", {}, "rotate again"),
        (f"/deliveries/dlv_{UNKNOWN_ID}/retry", None, "Show the delivery"),
    ],
)
async def test_a_request_that_does_not_support_the_header_is_refused(
    api: WebhooksApi, path: str, body: object, remedy: str
) -> None:
    problem = await api.refused(400, "POST", path, json=body, headers={HEADER: "k"})

    assert (problem["code"], problem["field"]) == ("bad_request", HEADER)
    assert remedy in problem["remedy"]
    assert await count_events(api) == 0
    assert (await api.get("/subscriptions"))["items"] == []


async def test_the_header_is_in_the_document_of_a_publish_only(api: WebhooksApi) -> None:
    document = (await api.http.get("/openapi.json")).json()
    described = {
        (path, parameter["in"], parameter["required"])
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == HEADER
    }

    assert described == {("/api/v1/events", "header", False)}
