"""The names of jobs, as people see them."""

from collections.abc import Sequence
from typing import Final

from ninefold.systems.workflows.expressions import Scope, interpolate
from ninefold.systems.workflows.model.templates import Literal, Template, is_literal
from ninefold.systems.workflows.model.values import text_of

NAME_LENGTH_MAX: Final = 100
"""Characters of a name; longer ones end with three dots."""


def job_name(template: Template | None, job_id: str, *, matrix_names: Sequence[str], scope: Scope) -> str:
    """Return the name of a job; that of a matrix has its values in brackets unless the name has expressions.

    Raises:
        ExpressionError: the name can't be evaluated.
    """
    name = (interpolate(template, scope) if template is not None else "") or job_id
    has_brackets = bool(matrix_names) and (template is None or is_literal(template))
    return shorten(f"{name} ({', '.join(matrix_names)})" if has_brackets else name)


def written_name(template: Template | None, job_id: str) -> str:
    """Return the name of a job that isn't planned yet: as it is written, or its id if expressions decide it."""
    text = text_of(template.value) if isinstance(template, Literal) else ""
    return shorten(text or job_id)


def shorten(name: str) -> str:
    """Return a name with at most as many characters as are allowed."""
    return name if len(name) <= NAME_LENGTH_MAX else f"{name[: NAME_LENGTH_MAX - 3]}..."
