"""The errors of workflows that callers can get."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ninefold.core.errors import ForbiddenError, InvalidInputError, UnavailableError

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


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a file, and where; lines and columns count from 1."""

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    """None if the whole file is wrong."""
    remedy: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class InvalidFileError(InvalidInputError):
    """A workflow file or an action can't be read.

    Args:
        problems: what is wrong in it, at least one and at most ten, in the order of the file.
    """

    code = "invalid_workflow"
    title = "Invalid workflow"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class IsolationRefusedError(ForbiddenError):
    """A job whose code isn't trusted can't run on this machine, because it isn't isolated well enough.

    Nothing of the job was run.
    """

    code = "isolation_refused"
    title = "The job isn't isolated well enough"


class IsolationFailedError(UnavailableError):
    """The sandbox of a job couldn't be started. Nothing of the job was run."""

    code = "isolation_failed"
    title = "The sandbox couldn't be started"
