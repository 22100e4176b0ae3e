"""The errors of workflows that callers can get."""

from typing import Literal, TypeAlias

from ninefold.core.errors import InvalidInputError

ExpressionErrorKind: TypeAlias = Literal["lexing", "parsing", "evaluation"]
"""Where an expression fails: while it is split into tokens, while it is parsed, or while it is evaluated."""


class ExpressionError(InvalidInputError):
    """An expression can't be parsed or evaluated.

    Args:
        kind: which step fails.
        message: what is wrong, in GitHub's words.
        offset: the index of the character in the expression where it is wrong, from 0; None if there isn't one.
    """

    code = "invalid_expression"
    title = "Invalid expression"

    def __init__(self, kind: ExpressionErrorKind, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset


class InvalidPlanError(InvalidInputError):
    """A workflow can't be planned with the values that it has in this run: a matrix, a name, a concurrency group."""

    code = "invalid_plan"
    title = "The run can't be planned"


class InvalidDispatchError(InvalidInputError):
    """The inputs of a run that is started by hand, or by another workflow, don't match their declarations."""

    code = "invalid_inputs"
    title = "Invalid inputs"
