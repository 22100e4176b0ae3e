"""The inputs of a run: typed, with defaults, by what the workflow declares."""

from collections.abc import Mapping
from typing import Final

from ninefold.systems.workflows.errors import InvalidDispatchError
from ninefold.systems.workflows.expressions import Scope, evaluate_template, text_of
from ninefold.systems.workflows.model.triggers import Input
from ninefold.systems.workflows.model.values import Object, Value, fold

_EMPTY: Final[Mapping[str, Value]] = {"boolean": False, "number": 0.0}
"""The values of inputs that weren't given and have no default; of other types, the empty text."""


def dispatch_inputs(declared: Mapping[str, Input], given: Mapping[str, str]) -> Object:
    """Return the inputs of a run that is started by hand.

    Args:
        declared: the inputs of the workflow.
        given: texts, as people write them.

    Raises:
        InvalidDispatchError: one is missing, unknown, or has a wrong value.
    """
    return _typed_inputs(declared, dict(given), Scope(contexts=Object()))


def call_inputs(declared: Mapping[str, Input], given: Mapping[str, Value], scope: Scope) -> Object:
    """Return the inputs of a called workflow.

    Args:
        declared: the inputs of the workflow.
        given: what the caller passes.
        scope: what the expressions of defaults are evaluated with.

    Raises:
        InvalidDispatchError: one is missing, unknown, or has a wrong value.
        ExpressionError: a default can't be evaluated.
    """
    return _typed_inputs(declared, given, scope)


def _typed_inputs(declared: Mapping[str, Input], given: Mapping[str, Value], scope: Scope) -> Object:
    by_name = {fold(name): value for name, value in given.items()}
    unknown = [name for name in given if fold(name) not in {fold(each) for each in declared}]
    if unknown:
        remedy = f"Declared are: {', '.join(declared) or 'none'}."
        raise InvalidDispatchError(
            f"Unexpected inputs provided: {', '.join(unknown)}.", field=unknown[0], remedy=remedy
        )
    return Object(
        (name, _value(name, each, by_name.get(fold(name)), scope, is_given=fold(name) in by_name))
        for name, each in declared.items()
    )


def _value(name: str, declared: Input, given: Value, scope: Scope, *, is_given: bool) -> Value:
    if not is_given:
        if declared.default is not None:
            return _typed(name, declared, evaluate_template(declared.default, scope))
        if declared.required:
            raise InvalidDispatchError(f"Required input '{name}' not provided.", field=name)
        return _EMPTY.get(declared.type, "")
    return _typed(name, declared, given)


def _typed(name: str, declared: Input, value: Value) -> Value:
    text = text_of(value)
    if declared.type == "boolean":
        if isinstance(value, bool) or text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise _wrong(name, text, "true or false")
    if declared.type == "number":
        return _number(name, value, text)
    if declared.type == "choice" and text not in declared.options:
        raise _wrong(name, text, f"one of {', '.join(declared.options)}")
    return text


def _number(name: str, value: Value, text: str) -> float:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value
    try:
        return float(text)
    except ValueError as error:
        raise _wrong(name, text, "a number") from error


def _wrong(name: str, text: str, expected: str) -> InvalidDispatchError:
    return InvalidDispatchError(f"The input '{name}' can't be '{text}'.", field=name, remedy=f"Give {expected}.")
