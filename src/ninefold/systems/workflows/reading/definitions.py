"""GitHub's grammar of workflow files and actions, as data.

The JSON files in `grammar/` are those of actions/languageservices, unchanged, with their licence. A
definition says which mappings, sequences and scalars are valid at a place, and which contexts can be used there.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

ScalarKind: TypeAlias = Literal["null", "boolean", "number", "string"]


class Property(NamedTuple):
    """A key of a mapping."""

    type: str
    is_required: bool


class MappingRule(NamedTuple):
    """A mapping: keys that are known, and the types of other keys and their values if they are allowed."""

    properties: Mapping[str, Property]
    loose_key_type: str | None
    loose_value_type: str | None


class ScalarRule(NamedTuple):
    """A scalar; a constant, or a text that isn't empty."""

    kind: ScalarKind
    constant: str | None = None
    is_non_empty: bool = False

    def matches(self, value: bool | float | str | None) -> bool:  # noqa: FBT001 - a scalar is its only argument.
        """Return whether a value is valid."""
        if not isinstance(value, _TYPES[self.kind]) or (self.kind == "number" and isinstance(value, bool)):
            return False
        return (self.constant is None or value == self.constant) and not (self.is_non_empty and value == "")


_TYPES: Final[Mapping[ScalarKind, type | tuple[type, ...]]] = {
    "null": type(None),
    "boolean": bool,
    "number": (float, int),
    "string": str,
}


class Definition(NamedTuple):
    """What is valid at a place, in each of the forms that a value can have there."""

    scalars: tuple[ScalarRule, ...]
    item_type: str | None
    """Of a sequence's items; None if no sequence is valid."""
    mappings: tuple[MappingRule, ...]
    context: tuple[str, ...]
    """What its expressions may use besides what those around it may."""


_NULL_TOO: Final = frozenset({"workflow-dispatch-inputs", "workflow-dispatch-input", "workflow-call-inputs"})
"""Mappings that can also be empty. GitHub runs such files, though its published grammar doesn't say so."""

_BUILT_IN: Final[Mapping[str, Mapping[str, Any]]] = {
    "null": {"null": {}},
    "boolean": {"boolean": {}},
    "number": {"number": {}},
    "string": {"string": {}},
    "sequence": {"sequence": {"item-type": "any"}},
    "mapping": {"mapping": {"loose-key-type": "string", "loose-value-type": "any"}},
    "any": {"one-of": ["null", "boolean", "number", "string", "sequence", "mapping"]},
}


class Grammar:
    """The definitions of a grammar, by their names.

    Args:
        definitions: as the grammar's file has them.
    """

    # Definitions are any JSON.
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._raw = {**_BUILT_IN, **definitions}
        self._built: dict[str, Definition] = {}

    def __getitem__(self, name: str) -> Definition:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> Definition:
        raw = self._raw[name]
        nested = [self[each] for each in raw.get("one-of", ())]
        own_mapping = [_mapping_rule(raw["mapping"])] if "mapping" in raw else []
        item_types = [raw["sequence"]["item-type"]] if "sequence" in raw else [each.item_type for each in nested]
        return Definition(
            scalars=(*_scalar_rules(name, raw), *(rule for each in nested for rule in each.scalars)),
            item_type=next(filter(None, item_types), None),
            mappings=(*own_mapping, *(rule for each in nested for rule in each.mappings)),
            context=tuple(raw.get("context", ())),
        )


def _scalar_rules(name: str, raw: Mapping[str, Any]) -> Iterator[ScalarRule]:
    if name in _NULL_TOO:
        yield ScalarRule("null")
    if "string" in raw:
        text = raw["string"]
        yield ScalarRule("string", text.get("constant"), is_non_empty=text.get("require-non-empty", False))
    for kind in ("null", "boolean", "number"):
        if kind in raw:
            yield ScalarRule(kind)
    for constant in raw.get("allowed-values", ()):
        yield ScalarRule("string", constant)


def _mapping_rule(raw: Mapping[str, Any]) -> MappingRule:
    return MappingRule(
        properties={name: _property(each) for name, each in raw.get("properties", {}).items()},
        loose_key_type=raw.get("loose-key-type"),
        loose_value_type=raw.get("loose-value-type"),
    )


def _property(raw: str | Mapping[str, Any]) -> Property:
    return (
        Property(raw, is_required=False) if isinstance(raw, str) else Property(raw["type"], raw.get("required", False))
    )


@cache
def workflow_grammar() -> Grammar:
    """Return the grammar of workflow files; its root is `workflow-root-strict`."""
    return _load("workflow-v1.0.json")


@cache
def action_grammar() -> Grammar:
    """Return the grammar of actions; its roots are `action-root`, and `action-root-strict` for checks."""
    return _load("action-v1.0.json")


def _load(name: str) -> Grammar:
    file = files("ninefold.systems.workflows.reading") / "grammar" / name
    return Grammar(msgspec.json.decode(file.read_bytes())["definitions"])
