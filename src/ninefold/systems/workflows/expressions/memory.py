"""Counts the memory that an evaluation takes, roughly as GitHub's runner does, and refuses to take more.

A result's memory belongs to its depth in the expression. Once a node has a text or a number as its result, what its
operands took is free again.
"""

from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.model.values import FilteredArray, Object, Value

MEMORY_MAX: Final = 1_048_576
"""Bytes of an evaluation, and of each text or filtered Array while it is built."""

TEXT_OVERHEAD: Final = 26
OBJECT_SIZE: Final = 24
POINTER_SIZE: Final = 8


def text_size(text: str) -> int:
    """Return the bytes that a text counts."""
    return TEXT_OVERHEAD + 2 * len(text)


class Memory:
    """The memory of one evaluation."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._by_depth: list[int] = []

    def take(self, depth: int, result: Value) -> None:
        """Count the result of a node, at its depth in the expression, which begins at 0.

        Raises:
            ExpressionError: it is too much.
        """
        by_depth = self._by_depth
        while len(by_depth) <= depth:
            by_depth.append(0)
        if not isinstance(result, list | Object):
            del by_depth[depth + 1 :]
        by_depth[depth] += _size(result)
        self.check(sum(by_depth))

    def check(self, size: int) -> None:
        """Raise an `ExpressionError` if so many bytes are too many."""
        if size > MEMORY_MAX:
            message = "The maximum allowed memory size was exceeded while evaluating the following expression"
            raise ExpressionError("evaluation", f"{message}: {self._expression}")


def _size(value: Value) -> int:
    if isinstance(value, str):
        return text_size(value)
    return OBJECT_SIZE + (POINTER_SIZE * len(value) if isinstance(value, FilteredArray) else 0)


class TextBuilder:
    """Builds a text from pieces, and refuses to build one that is too long."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        """Append a piece.

        Raises:
            ExpressionError: the text would be too long.
        """
        self._size += text_size(piece)
        self._memory.check(self._size)
        self._pieces.append(piece)

    def build(self) -> str:
        """Return the text."""
        return "".join(self._pieces)
