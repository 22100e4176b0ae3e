"""Generates an example from a JSON schema: a value that matches it."""

from collections.abc import Mapping
from typing import Any, Final

_DEPTH_MAX: Final = 6
_BY_TYPE: Final[Mapping[str, Any]] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
_BY_FORMAT: Final[Mapping[str, str]] = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
}

Schemas = Mapping[str, Mapping[str, Any]]


def resolve(schema: Mapping[str, Any], components: Schemas) -> Mapping[str, Any]:
    """Return the schema that a reference refers to, merged with the keys next to the reference."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if not name:
        return schema
    siblings = {key: value for key, value in schema.items() if key != "$ref"}
    return {**components[name], **siblings}


def example_of(schema: Mapping[str, Any], components: Schemas, *, depth: int = 0) -> Any:
    """Return a value that matches a schema: its first example, if it has one."""
    match resolve(schema, components):
        case {"examples": [first, *_]} | {"const": first} | {"enum": [first, *_]}:
            example = first
        case {"default": value} if value is not None:
            example = value
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            example = example_of(first, components, depth=depth)
        case {"type": "object"} as kind if depth < _DEPTH_MAX:
            example = _example_of_object(kind, components, depth=depth + 1)
        case {"type": "array", **rest} if depth < _DEPTH_MAX:
            example = [example_of(rest.get("items") or {}, components, depth=depth + 1)]
        case {"type": "string", "format": kind}:
            example = _BY_FORMAT.get(kind, _BY_TYPE["string"])
        case {"type": "integer" | "number", "minimum": minimum}:
            example = minimum
        case {"type": str(name)}:
            example = _BY_TYPE.get(name)
        case _:
            example = {"any": "JSON"}
    return example


def _example_of_object(schema: Mapping[str, Any], components: Schemas, *, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    return {
        name: example_of(inner, components, depth=depth)
        for name, inner in schema.get("properties", {}).items()
        if name in required or inner.get("examples")
    }
