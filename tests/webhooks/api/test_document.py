"""The OpenAPI document says of the webhooks' API what a generated client needs."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from http_api import Json
from ninefold.systems.webhooks.rules.advice import advise
from openapi_examples import example_of
from openapi_operations import Operation, operations_of


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Json:
    """The application's own document."""
    found: Json = (await http.get("/openapi.json")).json()
    return found


@pytest.fixture
def operations(document: Json) -> dict[str, Operation]:
    """Its operations by their id."""
    return {operation.operation_id: operation for operation in operations_of(document)}


def test_events_subscriptions_and_deliveries_are_lists_of_pages(operations: dict[str, Operation]) -> None:
    assert len(operations) >= 13
    for name in ("list_events", "list_subscriptions", "list_deliveries"):
        assert {"cursor", "limit"} <= set(operations[name].query_parameters)


def test_a_batch_has_events_as_they_are_published_one_by_one(document: Json) -> None:
    batch = document["components"]["schemas"]["PublishEventBatch"]["properties"]["events"]
    assert batch["items"] == {"$ref": "#/components/schemas/PublishEvent"}
    assert (batch["minItems"], batch["maxItems"]) == (1, 1_000)


def test_a_publish_says_how_a_replay_is_told(document: Json) -> None:
    accepted = document["paths"]["/api/v1/events"]["post"]["responses"]["202"]
    assert accepted["headers"].keys() == {"Idempotency-Replayed"}


def is_json(operation: Json) -> bool:
    """Return whether a successful answer is JSON, and not a download."""
    return any(
        "schema" in answer.get("content", {}).get("application/json", {})
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    )


def answer_example(document: Json, method: str, path: str) -> Any:
    """Return the example of a successful answer, as generated from its schema; of several, they have the same one."""
    responses = document["paths"][path][method]["responses"]
    answer, *_ = (response for status, response in responses.items() if status.startswith("2"))
    return example_of(answer["content"]["application/json"]["schema"], document["components"]["schemas"])


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value that isn't an object or a list."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value


def test_no_example_of_an_answer_has_a_placeholder(document: Json) -> None:
    placeholders = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "204" not in operation["responses"] and is_json(operation):
                found = set(leaves(answer_example(document, method, path))) & {"text", "JSON", 1.5}
                placeholders += [(method, path, value) for value in found]
    assert placeholders == []


def test_the_example_of_a_delivery_could_be_real(document: Json) -> None:
    delivery = answer_example(document, "get", "/api/v1/deliveries/{delivery_id}")
    (attempt,) = delivery["attempts"]
    assert (delivery["status"], delivery["finished_at"]) == ("retrying", None)
    assert delivery["next_attempt_at"] > attempt["attempted_at"]
    assert attempt["attempt_number"] == delivery["attempt_count"] < delivery["attempts_planned"]
    assert delivery["advice"] == advise(attempt["error_class"])
    assert str(attempt["response_code"]) in attempt["error_detail"]


def test_the_example_of_a_retry_is_retrying(document: Json) -> None:
    assert answer_example(document, "post", "/api/v1/deliveries/{delivery_id}/retry")["status"] == "retrying"


def test_the_example_of_an_event_has_as_many_deliveries_as_it_counts(document: Json) -> None:
    event = answer_example(document, "get", "/api/v1/events/{event_id}")
    assert event["queued_deliveries"] == len(event["deliveries"])
    batch = answer_example(document, "post", "/api/v1/events/batch")
    assert batch["results"] == [{"status": 202, "event_id": event["event_id"], "queued_deliveries": 1}]
    assert (batch["accepted"], batch["refused"]) == (1, 0)
