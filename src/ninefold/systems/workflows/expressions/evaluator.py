"""Evaluates parsed expressions."""

from collections.abc import Callable, Mapping
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import coercion
from ninefold.systems.workflows.expressions.filters import get_all, get_item, make_key
from ninefold.systems.workflows.expressions.functions import FUNCTIONS, Arguments
from ninefold.systems.workflows.expressions.memory import Memory
from ninefold.systems.workflows.expressions.scope import Scope
from ninefold.systems.workflows.expressions.syntax import (
    Call,
    Comparison,
    Constant,
    Context,
    Expression,
    Index,
    Logical,
    Node,
    Not,
)
from ninefold.systems.workflows.model.values import Value


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Return the value of an expression.

    Raises:
        ExpressionError: it can't be evaluated, or takes too much memory; the kind is `evaluation`.
    """
    if expression.root is None:
        return None
    try:
        return _Evaluation(scope, Memory(expression.text)).value(expression.root, 0)
    except RecursionError as error:
        # Contexts can come from payloads that are nested as deeply as their sender likes.
        raise ExpressionError("evaluation", "A value is nested too deeply to be written as JSON") from error


class _Evaluation:
    def __init__(self, scope: Scope, memory: Memory) -> None:
        self._scope = scope
        self._memory = memory

    def value(self, node: Node, depth: int) -> Value:
        """Return the value of a node, at its depth in the expression."""
        value = self._compute(node, depth)
        self._memory.take(depth, value)
        return value

    def _compute(self, node: Node, depth: int) -> Value:
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Context):
            return next(iter(self._scope.contexts.lookup(node.name, node.folded)), None)
        if isinstance(node, Index):
            return self._index(node, depth + 1)
        if isinstance(node, Call):
            return self._call(node, depth + 1)
        return self._operation(node, depth + 1)

    def _operation(self, node: Comparison | Not | Logical, depth: int) -> Value:
        if isinstance(node, Comparison):
            return _COMPARISONS[node.operator](self.value(node.left, depth), self.value(node.right, depth))
        if isinstance(node, Not):
            return not coercion.is_truthy(self.value(node.operand, depth))
        return self._logical(node, depth)

    def _index(self, node: Index, depth: int) -> Value:
        target = self.value(node.target, depth)
        if node.key is None:
            return get_all(target)
        return get_item(target, make_key(self.value(node.key, depth)))

    def _call(self, node: Call, depth: int) -> Value:
        def read(index: int) -> Value:
            return self.value(node.arguments[index], depth)

        arguments = Arguments(len(node.arguments), read, scope=self._scope, memory=self._memory)
        return FUNCTIONS[node.name](arguments)

    def _logical(self, node: Logical, depth: int) -> Value:
        """Return the first operand that decides, or the last one."""
        value: Value = None
        for operand in node.operands:
            value = self.value(operand, depth)
            if coercion.is_truthy(value) is (node.operator == "||"):
                break
        return value


def _not_equal(left: Value, right: Value) -> bool:
    return not coercion.equal(left, right)


def _less_or_equal(left: Value, right: Value) -> bool:
    return coercion.equal(left, right) or coercion.less(left, right)


def _greater_or_equal(left: Value, right: Value) -> bool:
    return coercion.equal(left, right) or coercion.greater(left, right)


_COMPARISONS: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "==": coercion.equal,
    "!=": _not_equal,
    "<": coercion.less,
    "<=": _less_or_equal,
    ">": coercion.greater,
    ">=": _greater_or_equal,
}
