"""Reads nodes into templates by a grammar, and reports what the grammar doesn't allow."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ninefold.systems.workflows.expressions import allowed_of_grammar
from ninefold.systems.workflows.model.templates import (
    Insertion,
    Interpolation,
    Literal,
    Position,
    Template,
    TemplateMapping,
    TemplateSequence,
)
from ninefold.systems.workflows.model.values import fold, text_of
from ninefold.systems.workflows.reading.definitions import Definition, Grammar, MappingRule
from ninefold.systems.workflows.reading.problems import Problems
from ninefold.systems.workflows.reading.texts import read_text
from ninefold.systems.workflows.reading.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode

UNSUPPORTED_KEYS: Final = frozenset({"background", "wait", "wait-all", "cancel"})
"""Keys of steps that run beside others. The grammar has them, and GitHub's own reader refuses them by default."""

_NOT_ALLOWED: Final = "A template expression is not allowed in this context"


class _Place(NamedTuple):
    """A definition where it is used."""

    definition: Definition
    context: tuple[str, ...]
    """What expressions may use, from the definition and from those around it."""


class TemplateReader:
    """Reads the nodes of one file."""

    def __init__(self, grammar: Grammar, problems: Problems) -> None:
        self._grammar = grammar
        self._problems = problems

    def read(self, node: Node, type_name: str) -> Template:
        """Return a node as a template. If `problems` gets new ones, the template isn't complete."""
        return self._read(node, self._place(type_name, ()))

    def _place(self, type_name: str, context: tuple[str, ...]) -> _Place:
        definition = self._grammar[type_name]
        return _Place(definition, tuple(dict.fromkeys([*context, *definition.context])))

    def _read(self, node: Node, place: _Place) -> Template:
        match node:
            case ScalarNode():
                return self._validated(self._scalar(node, place), place)
            case SequenceNode():
                return self._sequence(node, place)
            case MappingNode():
                return self._mapping(node, place)

    def _scalar(self, node: ScalarNode, place: _Place) -> Literal | Interpolation | Insertion:
        if not isinstance(node.value, str):
            return Literal(node.value, node.position)
        return read_text(node.value, node.position, allowed=allowed_of_grammar(place.context), problems=self._problems)

    def _validated(self, template: Literal | Interpolation | Insertion, place: _Place) -> Template:
        if isinstance(template, Insertion):
            self._problems.add("Unexpected value '${{ insert }}'", template.position)
        elif isinstance(template, Interpolation):
            if not place.context:
                self._problems.add(_NOT_ALLOWED, template.position)
        else:
            return self._validated_literal(template, place)
        return template

    def _validated_literal(self, literal: Literal, place: _Place) -> Literal:
        scalars = place.definition.scalars
        if any(rule.matches(literal.value) for rule in scalars):
            return literal
        text = text_of(literal.value)
        if not isinstance(literal.value, str) and any(rule.matches(text) for rule in scalars):
            return Literal(text, literal.position)
        self._problems.add(f"Unexpected value '{text}'", literal.position, remedy=_expected(place.definition))
        return literal

    def _sequence(self, node: SequenceNode, place: _Place) -> Template:
        if place.definition.item_type is None:
            self._problems.add("A sequence was not expected", node.position, remedy=_expected(place.definition))
            return TemplateSequence((), node.position)
        item = self._place(place.definition.item_type, place.context)
        return TemplateSequence(tuple(self._read(each, item) for each in node.items), node.position)

    def _mapping(self, node: MappingNode, place: _Place) -> Template:
        if not place.definition.mappings:
            self._problems.add("A mapping was not expected", node.position, remedy=_expected(place.definition))
            return TemplateMapping((), node.position)
        return _MappingReading(self, self._problems, place).read(node)


class _MappingReading:
    """Reads one mapping. Each key rules out those of the possible mappings that don't have it."""

    def __init__(self, reader: TemplateReader, problems: Problems, place: _Place) -> None:
        self._reader = reader
        self._problems = problems
        self._place = place
        self._rules = list(place.definition.mappings)
        self._known: set[str] = set()
        self._has_expression_key = False

    def read(self, node: MappingNode) -> TemplateMapping:
        """Return the mapping as a template."""
        entries = []
        for key, value in node.entries:
            if entry := self._entry(key, value):
                entries.append(entry)
        self._check_rules(node.position)
        return TemplateMapping(tuple(entries), node.position)

    def _entry(self, key: Node, value: Node) -> tuple[Template, Template] | None:
        if not isinstance(key, ScalarNode):
            self._problems.add("Expected a scalar value as a key", key.position)
            return None
        scalar = self._reader._scalar(key, self._place)  # noqa: SLF001 - both read the same file.
        if not isinstance(scalar, Literal):
            return self._expression_entry(scalar, value)
        name = Literal(text_of(scalar.value), scalar.position)
        return self._named_entry(name, text_of(scalar.value), value)

    def _expression_entry(self, key: Template, value: Node) -> tuple[Template, Template] | None:
        self._has_expression_key = True
        if not self._place.context:
            self._problems.add(_NOT_ALLOWED, key.position)
            return None
        loose_type = self._rules[0].loose_value_type if self._is_loose() and not isinstance(key, Insertion) else None
        return key, self._value(value, loose_type or "any")

    def _named_entry(self, key: Literal, name: str, value: Node) -> tuple[Template, Template] | None:
        if name and fold(name) in self._known:
            self._problems.add(f"'{name}' is already defined", key.position, remedy="Keys ignore the case.")
            return None
        self._known.add(fold(name))
        if type_name := self._known_type(name):
            return key, self._value(value, type_name)
        if (loose_key := self._rules[0].loose_key_type) and (loose_value := self._rules[0].loose_value_type):
            self._reader._validated_literal(key, self._reader._place(loose_key, self._place.context))  # noqa: SLF001
            return key, self._value(value, loose_value)
        self._unexpected_key(key, name)
        return None

    def _value(self, node: Node, type_name: str) -> Template:
        return self._reader._read(node, self._reader._place(type_name, self._place.context))  # noqa: SLF001

    def _is_loose(self) -> bool:
        return len(self._rules) == 1 and not self._rules[0].properties

    def _known_type(self, name: str) -> str | None:
        """Return the type of a known key, and keep only those of the mappings that have it."""
        if name in UNSUPPORTED_KEYS and any(name in rule.properties for rule in self._rules):
            # An action's or an event's key of the same name isn't in a mapping with `background`.
            return None if any("background" in rule.properties for rule in self._rules) else self._filtered(name)
        return self._filtered(name)

    def _filtered(self, name: str) -> str | None:
        having = [rule for rule in self._rules if name in rule.properties]
        if not having:
            return None
        self._rules = having
        return having[-1].properties[name].type

    def _unexpected_key(self, key: Literal, name: str) -> None:
        self._problems.add(f"Unexpected value '{name}'", key.position, remedy=_known_keys(name, self._rules))

    def _check_rules(self, position: Position) -> None:
        if len(self._rules) > 1:
            names = ", ".join(_distinguishing(self._rules))
            message = f"There's not enough info to determine what you meant. Add one of these properties: {names}"
            self._problems.add(message, position)
        elif not self._has_expression_key:
            for name, each in self._rules[0].properties.items():
                if each.is_required and fold(name) not in self._known:
                    self._problems.add(f"Required property is missing: {name}", position)


def _distinguishing(rules: Sequence[MappingRule]) -> list[str]:
    """Return the keys that only one of several mappings has."""
    names = [name for rule in rules for name in rule.properties if name not in UNSUPPORTED_KEYS]
    return sorted(name for name in set(names) if names.count(name) == 1)


def _known_keys(name: str, rules: Sequence[MappingRule]) -> str | None:
    if name == "<<":
        return "Merge keys aren't supported; use an alias for the whole value."
    if name in UNSUPPORTED_KEYS:
        return "Steps beside others aren't supported."
    names = sorted({each for rule in rules for each in rule.properties} - UNSUPPORTED_KEYS)
    return f"Known here: {', '.join(names)}." if names else None


def _expected(definition: Definition) -> str | None:
    """Return what is valid at a place, if that is short to say."""
    constants = [rule.constant for rule in definition.scalars if rule.constant is not None]
    if constants and len(constants) <= _CONSTANTS_SHOWN_MAX:
        return f"Expected {', '.join(constants)}."
    forms: list[str] = [rule.kind for rule in definition.scalars if rule.constant is None and rule.kind != "null"]
    forms += ["sequence"] if definition.item_type else []
    forms += ["mapping"] if definition.mappings else []
    return f"Expected a {' or a '.join(dict.fromkeys(forms))}." if forms else None


_CONSTANTS_SHOWN_MAX: Final = 12
"""Values that a remedy lists."""
