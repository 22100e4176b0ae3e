"""The OpenAPI document says of the webhooks' API what a generated client needs."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from webhooks_api import Json


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Json:
    """The application's own document."""
    found: Json = (await http.get("/openapi.json")).json()
    return found


def test_a_batch_has_events_as_they_are_published_one_by_one(document: Json) -> None:
    batch = document["components"]["schemas"]["PublishEventBatch"]["properties"]["events"]
    assert batch["items"] == {"$ref": "#/components/schemas/PublishEvent"}
    assert (batch["minItems"], batch["maxItems"]) == (1, 1_000)


def test_every_reference_leads_somewhere(document: Json) -> None:
    references = list(values_of(document, "$ref"))
    assert references
    assert {reference.rpartition("/")[2] for reference in references} <= document["components"]["schemas"].keys()


def test_every_time_says_its_format(document: Json) -> None:
    times = {
        f"{name}.{field}": schema
        for name, kind in document["components"]["schemas"].items()
        for field, schema in kind.get("properties", {}).items()
        if field.endswith("_at")
    }
    assert len(times) >= 10
    assert [name for name, schema in times.items() if "date-time" not in values_of(schema, "format")] == []


def test_a_publish_says_how_a_replay_is_told(document: Json) -> None:
    accepted = document["paths"]["/api/v1/events"]["post"]["responses"]["202"]
    assert accepted["headers"].keys() == {"Idempotency-Replayed"}


def values_of(node: Any, key: str) -> Iterator[Any]:
    """Yield every value that has this key, at any depth."""
    match node:
        case dict():
            if key in node:
                yield node[key]
            for inner in node.values():
                yield from values_of(inner, key)
        case list():
            for inner in node:
                yield from values_of(inner, key)
