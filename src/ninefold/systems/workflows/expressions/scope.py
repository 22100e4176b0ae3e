"""What an expression is evaluated with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from ninefold.systems.workflows.model.values import Json, Object, to_value

HashFiles: TypeAlias = Callable[[Sequence[str]], str]
"""Returns the hash of the files that match patterns; see `hash_files`."""

Conclusion: TypeAlias = Literal["success", "failure", "cancelled", "skipped"]
"""How a step or a job ended, for the functions of status."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What `success()`, `failure()`, `cancelled()` and `always()` answer."""

    conclusion: Conclusion = "success"
    """Of what went before: the steps of a job, or the jobs that a job needs, and those that they need."""
    jobs: Mapping[str, Conclusion] = {}
    """Of each job, for `success('job')` and `failure('job')`."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The contexts and the environment of an evaluation."""

    contexts: Object
    """By name; a context that isn't here is null."""
    status: Status | None = None
    """None if functions of status can't be used here."""
    hash_files: HashFiles | None = None
    """None if `hashFiles` can't be used here."""


def make_scope(
    contexts: Mapping[str, Json], *, status: Status | None = None, hash_files: HashFiles | None = None
) -> Scope:
    """Return a scope with contexts that are plain data, or values already."""
    return Scope(
        contexts=Object((name, to_value(context)) for name, context in contexts.items()),
        status=status,
        hash_files=hash_files,
    )
