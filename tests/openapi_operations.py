"""The operations of an OpenAPI document, for tests that call each of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from openapi_examples import example_of


class Operation(NamedTuple):
    """One method of one path."""

    operation_id: str
    method: str
    path: str
    path_examples: Mapping[str, str]
    """For each parameter of the path, an id that doesn't exist."""
    query_parameters: Sequence[str]
    body: Any
    """A body that matches the schema; None if the operation has none."""
    is_authenticated: bool
    is_for_people: bool = False
    """Whether only a session is accepted, and no API key."""
    not_audited: str | None = None
    """Why there is no entry in the audit log."""

    @property
    def is_audited(self) -> bool:
        """Whether there is an entry in the audit log."""
        return self.method != "GET" and self.not_audited is None

    def address(self, ids: Mapping[str, str]) -> str:
        """Return the path with each of its parameters filled in."""
        unknown = self.path_examples.keys() - ids.keys()
        assert not unknown, (
            f"{self.operation_id} has path parameters that the sample data can't fill: {sorted(unknown)}. Create "
            "a sample in the system's samples.py and add its id, so that the operation is tested like the others."
        )
        return self.path.format_map(ids)

    def body_with(self, ids: Mapping[str, str]) -> Any:
        """Return the body, with the sample's ids in the fields that have their names."""
        if not isinstance(self.body, Mapping):
            return self.body
        return {name: ids.get(name, value) for name, value in self.body.items()}

    @property
    def unknown_address(self) -> str:
        """The path with ids that don't exist."""
        return self.address(self.path_examples)


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    """Return every operation of a document."""
    components = document["components"]["schemas"]
    return [
        _operation(path, method, description, components)
        for path, methods in document["paths"].items()
        for method, description in methods.items()
    ]


def _operation(path: str, method: str, description: Mapping[str, Any], components: Mapping[str, Any]) -> Operation:
    content = description.get("requestBody", {}).get("content", {})
    parameters = description.get("parameters", [])
    return Operation(
        operation_id=description["operationId"],
        method=method.upper(),
        path=path,
        path_examples={
            parameter["name"]: str(example_of(parameter["schema"], components))
            for parameter in parameters
            if parameter["in"] == "path"
        },
        query_parameters=[parameter["name"] for parameter in parameters if parameter["in"] == "query"],
        body=example_of(content["application/json"]["schema"], components) if "application/json" in content else None,
        is_authenticated=description["security"] != [],
        is_for_people={name for scheme in description["security"] for name in scheme} == {"session"},
        not_audited=description.get("x-not-audited"),
    )
