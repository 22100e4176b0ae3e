"""The functions of expressions. They evaluate only those of their arguments that they need."""

from collections.abc import Callable, Mapping
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.coercion import equal, is_primitive
from ninefold.systems.workflows.expressions.formatting import format_text
from ninefold.systems.workflows.expressions.json_texts import read_json, write_json
from ninefold.systems.workflows.expressions.memory import Memory, TextBuilder
from ninefold.systems.workflows.expressions.scope import Conclusion, Scope, Status
from ninefold.systems.workflows.model.values import Value, fold, text_of


class Arguments:
    """The arguments of a call, which are evaluated when they are read.

    Args:
        count: how many there are.
        read: evaluates one of them, by its index.
        scope: of the evaluation.
        memory: of the evaluation.
    """

    def __init__(self, count: int, read: Callable[[int], Value], *, scope: Scope, memory: Memory) -> None:
        self.count = count
        self.value = read
        self.scope = scope
        self.memory = memory

    def text(self, index: int) -> str:
        """Return an argument as text."""
        return text_of(self.value(index))


def _case(arguments: Arguments) -> Value:
    for index in range(0, arguments.count - 1, 2):
        predicate = arguments.value(index)
        if not isinstance(predicate, bool):
            raise ExpressionError("evaluation", "case predicate must evaluate to a boolean value")
        if predicate:
            return arguments.value(index + 1)
    return arguments.value(arguments.count - 1)


def _contains(arguments: Arguments) -> Value:
    left, right = arguments.value(0), arguments.value(1)
    if isinstance(left, list):
        return any(equal(item, right) for item in left)
    return is_primitive(left) and is_primitive(right) and fold(text_of(right)) in fold(text_of(left))


def _starts_with(arguments: Arguments) -> Value:
    left, right = arguments.value(0), arguments.value(1)
    return is_primitive(left) and is_primitive(right) and fold(text_of(left)).startswith(fold(text_of(right)))


def _ends_with(arguments: Arguments) -> Value:
    left, right = arguments.value(0), arguments.value(1)
    return is_primitive(left) and is_primitive(right) and fold(text_of(left)).endswith(fold(text_of(right)))


def _format(arguments: Arguments) -> Value:
    text = TextBuilder(arguments.memory)
    format_text(arguments.text(0), arguments.count - 1, lambda index: arguments.text(index + 1), text)
    return text.build()


def _join(arguments: Arguments) -> Value:
    items = arguments.value(0)
    if not isinstance(items, list):
        return text_of(items) if is_primitive(items) else ""
    separator = arguments.value(1) if arguments.count > 1 else ","
    text = TextBuilder(arguments.memory)
    for index, item in enumerate(items):
        if index:
            text.add(text_of(separator) if is_primitive(separator) else ",")
        text.add(text_of(item))
    return text.build()


def _to_json(arguments: Arguments) -> Value:
    text = TextBuilder(arguments.memory)
    write_json(arguments.value(0), text)
    return text.build()


def _from_json(arguments: Arguments) -> Value:
    return read_json(arguments.text(0))


def _always(_: Arguments) -> Value:
    return True


def _cancelled(arguments: Arguments) -> Value:
    return _status(arguments, "cancelled").conclusion == "cancelled"


def _success(arguments: Arguments) -> Value:
    status = _status(arguments, "success")
    return all(each == "success" for each in _conclusions(arguments, status))


def _failure(arguments: Arguments) -> Value:
    status = _status(arguments, "failure")
    return any(each == "failure" for each in _conclusions(arguments, status))


def _conclusions(arguments: Arguments, status: Status) -> list[Conclusion | None]:
    """Return the conclusions of the jobs that a call names, or that of all."""
    if arguments.count == 0:
        return [status.conclusion]
    return [status.jobs.get(arguments.text(index)) for index in range(arguments.count)]


def _status(arguments: Arguments, function: str) -> Status:
    if arguments.scope.status is None:
        raise ExpressionError("evaluation", f"{function}() can't be used here")
    return arguments.scope.status


def _hash_files(arguments: Arguments) -> Value:
    if arguments.scope.hash_files is None:
        raise ExpressionError("evaluation", "hashFiles() can't be used here")
    return arguments.scope.hash_files([arguments.text(index) for index in range(arguments.count)])


FUNCTIONS: Final[Mapping[str, Callable[[Arguments], Value]]] = {
    "always": _always,
    "cancelled": _cancelled,
    "case": _case,
    "contains": _contains,
    "endswith": _ends_with,
    "failure": _failure,
    "format": _format,
    "fromjson": _from_json,
    "hashfiles": _hash_files,
    "join": _join,
    "startswith": _starts_with,
    "success": _success,
    "tojson": _to_json,
}
"""By their names in lower case."""
