"""No organisation can see or change what is another's, through any operation of the OpenAPI document."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from openapi_operations import Operation
from receivers import Answer, Receiver
from webhooks_api import Api, Json, StartWorker, problem_of

SECRET_TEXT = "only-acme-knows-this"
PAYLOAD = f'{{"note":"{SECRET_TEXT}"}}'.encode()
KEY = "order-1-created"


class Estate:
    """What an organisation has: one thing of each kind that a path can name, and more than a page of each."""

    def __init__(self, api: Api, ids: Mapping[str, str]) -> None:
        self.api = api
        self.ids = ids

    async def snapshot(self, operations: list[Operation]) -> dict[str, Json]:
        """Return what every GET shows to the owner."""
        return {
            operation.operation_id: await self.api.get(_path(operation, self.ids))
            for operation in operations
            if operation.method == "GET"
        }


@pytest.fixture
async def estate(api: Api, receiver: Receiver, start_worker: StartWorker) -> Estate:
    """Acme's things: two subscriptions, a delivery that was made, and one that waits for its retry."""
    created = await api.done(
        "POST",
        "/subscriptions",
        json={"url": f"{receiver.url}/{SECRET_TEXT}", "event_types": ["*"], "description": SECRET_TEXT},
    )
    await api.subscribe(f"{receiver.url}/second", "invoice.*")
    receiver.answers.extend([Answer(), Answer(503, headers={"retry-after": "3600"})])
    async with start_worker():
        await api.settled(await api.publish(PAYLOAD))
        content = b'{"event_type":"order.created","payload":%b,"idempotency_key":"%b"}' % (PAYLOAD, KEY.encode())
        event_id = (await api.done("POST", "/events", content=content))["event_id"]
        (delivery,) = await api.dispatched(event_id)
    return Estate(
        api,
        {
            "subscription_id": created["subscription_id"],
            "event_id": event_id,
            "delivery_id": delivery["delivery_id"],
        },
    )


@pytest.fixture
async def unchanged(estate: Estate, operations: list[Operation]) -> AsyncIterator[None]:
    """Whatever the test does, the owner sees afterwards what was there before."""
    before = await estate.snapshot(operations)
    assert SECRET_TEXT in str(before)
    yield
    assert before == await estate.snapshot(operations)


async def test_the_owner_reaches_each_thing_that_a_path_names(estate: Estate, operations: list[Operation]) -> None:
    # Otherwise the 404s below would prove nothing.
    last = "delete_subscription"
    for operation in sorted(operations, key=lambda operation: operation.operation_id == last):
        response = await _call(estate.api, operation, estate.ids)
        assert response.is_success, (operation.operation_id, response.text)


@pytest.mark.usefixtures("unchanged")
async def test_every_operation_on_anothers_thing_answers_404_and_changes_nothing(
    other_api: Api, estate: Estate, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.path_parameters:
            response = await _call(other_api, operation, estate.ids)
            assert response.status_code == 404, (operation.operation_id, response.text)
            problem_of(response, status=404)
            assert SECRET_TEXT not in response.text, operation.operation_id


async def test_anothers_thing_is_told_like_one_that_never_was(
    api: Api, other_api: Api, estate: Estate, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.path_parameters:
            foreign = problem_of(await _call(other_api, operation, estate.ids), status=404)
            ids = {name: f"{text.partition('_')[0]}_01h455vb4pex5vsknk084sn02q" for name, text in estate.ids.items()}
            unknown = problem_of(await _call(api, operation, ids), status=404)
            assert _without_ids(foreign, estate.ids) == _without_ids(unknown, ids), operation.operation_id


@pytest.mark.usefixtures("unchanged")
async def test_no_list_shows_anothers_things_even_with_its_cursor(
    other_api: Api, estate: Estate, operations: list[Operation]
) -> None:
    await other_api.publish(b'"mine"')
    lists = [
        operation
        for operation in operations
        if operation.method == "GET" and "cursor" in operation.query_parameters and not operation.path_parameters
    ]
    assert {operation.operation_id for operation in lists} >= {"list_events", "list_subscriptions"}
    for operation in lists:
        path = _path(operation, {})
        owners_page = await estate.api.get(f"{path}?limit=1")
        assert owners_page["next_cursor"] is not None, operation.operation_id
        for query in ("limit=100", f"limit=100&cursor={owners_page['next_cursor']}"):
            shown = str(await other_api.get(f"{path}?{query}"))
            assert SECRET_TEXT not in shown, operation.operation_id
            assert not [text for text in estate.ids.values() if text in shown], operation.operation_id


@pytest.mark.usefixtures("unchanged")
async def test_a_call_that_names_nothing_of_anothers_changes_nothing_of_it(
    other_api: Api, operations: list[Operation]
) -> None:
    for operation in operations:
        if not operation.path_parameters:
            response = await _call(other_api, operation, {})
            assert response.is_success, (operation.operation_id, response.text)
            assert SECRET_TEXT not in response.text, operation.operation_id


@pytest.mark.usefixtures("unchanged", "worker")
async def test_an_event_of_one_organisation_reaches_no_subscriber_of_another(
    other_api: Api, receiver: Receiver
) -> None:
    before = len(receiver.requests)
    event = {"event_type": "order.created", "payload": "from globex", "idempotency_key": KEY}
    single = await other_api.done("POST", "/events", json=event)
    batch = await other_api.done("POST", "/events/batch", json={"events": [event, {**event, "idempotency_key": "2"}]})
    assert [single["queued_deliveries"], *(result["queued_deliveries"] for result in batch["results"])] == [0, 0, 0]
    assert batch["results"][0]["is_replay"] is True
    # Its own subscriber gets the event, so the worker has had the time to send it to others.
    await other_api.subscribe(f"{receiver.url}/own", "*")
    await other_api.settled(await other_api.publish())
    assert [request.path for request in receiver.requests[before:]] == [b"/hooks/own"]


async def test_an_idempotency_key_leads_each_organisation_to_its_own_event(api: Api, other_api: Api) -> None:
    event = {"event_type": "order.created", "payload": 1, "idempotency_key": KEY}
    # Of two rows with the key, a search of both organisations' would answer the same to both.
    first, second = [(await caller.done("POST", "/events", json=event))["event_id"] for caller in (api, other_api)]
    assert (await api.done("POST", "/events", json=event))["event_id"] == first
    assert (await other_api.done("POST", "/events", json=event))["event_id"] == second
    assert first != second


async def _call(api: Api, operation: Operation, ids: Mapping[str, str]) -> httpx.Response:
    return await api.request(operation.method, _path(operation, ids), json=operation.body)


def _path(operation: Operation, ids: Mapping[str, str]) -> str:
    return operation.address(ids).removeprefix("/api/v1")


def _without_ids(problem: Json, ids: Mapping[str, str]) -> Json:
    text = problem["detail"]
    for value in ids.values():
        text = text.replace(value, "…")
    return {**problem, "detail": text, "request_id": "…"}
