"""Conditions: `if` of jobs, steps and actions. Without a function of status, they also require `success()`."""

from typing import Final

from ninefold.systems.workflows.expressions.coercion import is_truthy
from ninefold.systems.workflows.expressions.evaluator import evaluate
from ninefold.systems.workflows.expressions.parser import parse
from ninefold.systems.workflows.expressions.scope import Scope
from ninefold.systems.workflows.expressions.syntax import Call, Node, children_of
from ninefold.systems.workflows.expressions.templates import evaluate_template
from ninefold.systems.workflows.model.templates import ExpressionPart, Interpolation, Literal, Template

STATUS_FUNCTIONS: Final = frozenset({"always", "cancelled", "failure", "success"})


def is_met(condition: Template | None, scope: Scope) -> bool:
    """Return whether a condition is met; None is `success()`.

    Raises:
        ExpressionError: it can't be evaluated.
    """
    if not asks_status(condition) and not evaluate(parse("success()"), scope):
        return False
    return condition is None or is_truthy(evaluate_template(condition, scope))


def asks_status(condition: Template | None) -> bool:
    """Return whether a condition calls a function of status."""
    if not isinstance(condition, Interpolation):
        return False
    expressions = [parse(part.text) for part in condition.parts if isinstance(part, ExpressionPart)]
    return any(_calls_status(each.root) for each in expressions if each.root is not None)


def _calls_status(node: Node) -> bool:
    if isinstance(node, Call) and node.name in STATUS_FUNCTIONS:
        return True
    return any(map(_calls_status, children_of(node)))


def condition_of_text(literal: Literal) -> Template | None:
    """Return a condition that was written without `${{ }}` as a template; None if it is empty."""
    text = literal.value.strip() if isinstance(literal.value, str) else ""
    return Interpolation((ExpressionPart(text, literal.position),), literal.position) if text else None
