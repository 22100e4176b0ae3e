"""The OpenAPI document says of the webhooks' API what a generated client needs."""

import httpx
import pytest

from http_api import Json
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
