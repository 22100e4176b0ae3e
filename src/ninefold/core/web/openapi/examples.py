"""Generates examples from a JSON schema: a value that matches it, and the curl command that sends it.

The commands read the server's address and the API key from the same environment variables as the `ninefold` command.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

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


def curl_example(method: str, path: str, operation: Mapping[str, Any], components: Schemas) -> str:
    """Return a curl command that calls an operation with all that it requires."""
    address = path
    query = []
    for parameter in operation.get("parameters", []):
        value = quote(str(example_of(parameter["schema"], components)))
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", value)
        elif parameter["in"] == "query" and parameter["required"]:
            query.append(f"{parameter['name']}={value}")
    if query:
        address = f"{address}?{'&'.join(query)}"
    command = "curl" if method == "get" else f"curl -X {method.upper()}"
    lines = [f'{command} "$NINEFOLD_URL{address}"']
    schemes = {name for alternative in operation.get("security", [{"api_key": []}]) for name in alternative}
    if "api_key" in schemes:
        lines.append('-H "Authorization: Bearer $NINEFOLD_API_KEY"')
    elif "session" in schemes:
        lines.append("--cookie cookies.txt")
        if method != "get":
            lines.append('-H "X-CSRF-Token: $CSRF_TOKEN"')
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = json.dumps(example_of(schema, components), indent=2, ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', "-d '" + body.replace("'", "'\\''") + "'"]
    return " \\\n  ".join(lines)


def _example_of_object(schema: Mapping[str, Any], components: Schemas, *, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    return {
        name: example_of(inner, components, depth=depth)
        for name, inner in schema.get("properties", {}).items()
        if name in required or inner.get("examples")
    }
