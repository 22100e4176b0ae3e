"""The OpenAPI document of all systems says what a generated client needs."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from http_api import Json
from in_process import Applications
from ninefold.edge.systems import CORE, SYSTEMS
from openapi_operations import operations_of


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Json:
    """The application's own document."""
    found: Json = (await http.get("/openapi.json")).json()
    return found


async def test_every_operation_belongs_to_a_system_or_to_people_and_is_therefore_tested(
    document: Json, applications: Applications
) -> None:
    known = await applications.operations_of_people()
    for system in (CORE, *SYSTEMS):
        known += await applications.operations_of(system)
    assert {operation.operation_id for operation in operations_of(document)} == {
        operation.operation_id for operation in known
    }


def test_every_reference_leads_somewhere(document: Json) -> None:
    references = list(values_of(document, "$ref"))
    assert references
    assert {reference.rpartition("/")[2] for reference in references} <= document["components"]["schemas"].keys()


def test_every_time_has_its_format(document: Json) -> None:
    times = {
        f"{name}.{field}": schema
        for name, kind in document["components"]["schemas"].items()
        for field, schema in kind.get("properties", {}).items()
        if field.endswith("_at")
    }
    assert len(times) >= 10
    assert [name for name, schema in times.items() if "date-time" not in values_of(schema, "format")] == []


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
