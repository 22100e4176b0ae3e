"""Examples that are made from schemas."""

from typing import Any

import pytest

from ninefold.core.web.examples import curl_example, example_of, resolve

COMPONENTS: dict[str, Any] = {
    "Node": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
            "note": {"type": "string"},
        },
        "required": ["name", "next"],
    }
}


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["order.created"]}, "order.created"),
        ({"const": "x"}, "x"),
        ({"type": "integer", "default": 7}, 7),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer"}, 1),
        ({"type": "boolean"}, True),
        ({"type": "string", "format": "date-time"}, "2026-01-31T12:00:00Z"),
        ({"type": "array", "items": {"type": "string"}}, ["text"]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "text"),
        ({}, {"any": "JSON"}),
        ({"type": "null"}, None),
    ],
)
def test_an_example_fits_its_schema(schema: dict[str, Any], example: Any) -> None:
    assert example_of(schema, {}) == example


def test_a_schema_that_holds_itself_ends() -> None:
    example = example_of({"$ref": "#/components/schemas/Node"}, COMPONENTS)

    assert example["name"] == "text"
    assert "note" not in example


def test_what_stands_next_to_a_reference_is_kept() -> None:
    resolved = resolve({"$ref": "#/components/schemas/Node", "description": "The first."}, COMPONENTS)

    assert resolved["description"] == "The first."
    assert resolved["type"] == "object"


def test_a_command_quotes_its_body_for_the_shell() -> None:
    operation = {"requestBody": {"content": {"application/json": {"schema": {"type": "string", "examples": ["it's"]}}}}}

    assert curl_example("post", "/x", operation, {}).endswith("-d '\"it'\\''s\"'")


def test_a_command_has_the_required_part_of_the_query_only() -> None:
    operation = {
        "security": [],
        "parameters": [
            {"name": "from", "in": "query", "required": True, "schema": {"type": "integer"}},
            {"name": "to", "in": "query", "required": False, "schema": {"type": "integer"}},
        ],
    }

    assert curl_example("get", "/x", operation, {}) == 'curl "$NINEFOLD_URL/x?from=1"'
