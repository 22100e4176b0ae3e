"""Evaluates templates: texts with `${{ }}` in them, and mappings and sequences of such texts."""

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.evaluator import evaluate
from ninefold.systems.workflows.expressions.parser import parse
from ninefold.systems.workflows.expressions.scope import Scope
from ninefold.systems.workflows.model.templates import (
    Insertion,
    Interpolation,
    Literal,
    Template,
    TemplateMapping,
    TemplateSequence,
)
from ninefold.systems.workflows.model.values import Object, Value, fold, kind_of, text_of


def interpolate(template: Template, scope: Scope) -> str:
    """Return a scalar template as text.

    Raises:
        ExpressionError: an expression can't be evaluated, or the value is an Array or an Object.
    """
    value = evaluate_template(template, scope)
    if isinstance(value, list | Object):
        kind = "sequence" if isinstance(value, list) else "mapping"
        raise ExpressionError("evaluation", f"A {kind} was not expected")
    return text_of(value)


def evaluate_template(template: Template, scope: Scope) -> Value:
    """Return the value of a template.

    A template that is one expression has its value, of any kind; in a longer text, its value as text.

    Raises:
        ExpressionError: an expression can't be evaluated, a key is there twice, or something else than an Object is
            inserted into a mapping.
    """
    match template:
        case Literal(value):
            return value
        case Interpolation():
            return _interpolation(template, scope)
        case TemplateSequence(items):
            return [evaluate_template(item, scope) for item in items]
        case TemplateMapping():
            return _mapping(template, scope)
        case Insertion():
            raise ExpressionError("evaluation", "The directive 'insert' is only allowed as a key")


def _interpolation(template: Interpolation, scope: Scope) -> Value:
    if len(template.parts) == 1 and not isinstance(template.parts[0], str):
        return evaluate(parse(template.parts[0].text), scope)
    return "".join(
        part if isinstance(part, str) else text_of(evaluate(parse(part.text), scope)) for part in template.parts
    )


def _mapping(template: TemplateMapping, scope: Scope) -> Object:
    items: list[tuple[str, Value]] = []
    for key, value in template.entries:
        if isinstance(key, Insertion):
            items.extend(_inserted(evaluate_template(value, scope)))
        else:
            items.append((interpolate(key, scope), evaluate_template(value, scope)))
    _check_keys([key for key, _ in items])
    return Object(items)


def _inserted(value: Value) -> list[tuple[str, Value]]:
    if not isinstance(value, Object):
        raise ExpressionError("evaluation", f"Expected a mapping to insert, but found {kind_of(value)}")
    return list(value.items())


def _check_keys(keys: list[str]) -> None:
    known = set()
    for key in keys:
        if (folded := fold(key)) in known:
            raise ExpressionError("evaluation", f"'{key}' is already defined")
        known.add(folded)
