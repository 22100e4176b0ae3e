"""How jobs ended, and what other jobs see of it."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from ninefold.systems.workflows.expressions import Conclusion, Object, Value

JobConclusion: TypeAlias = Literal["success", "failure", "cancelled", "skipped", "timed_out"]
"""How a job ended, in GitHub's words."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended."""

    conclusion: JobConclusion
    outputs: Mapping[str, str] = {}


def result_of(conclusion: JobConclusion) -> Conclusion:
    """Return a conclusion as `needs.<job>.result` has it: a timeout is a failure."""
    return "failure" if conclusion == "timed_out" else conclusion


def combined(conclusions: Iterable[Conclusion]) -> Conclusion:
    """Return the conclusion of several jobs: the worst of failure, cancelled and success; skipped if all are."""
    found = set(conclusions)
    for conclusion in ("failure", "cancelled", "success"):
        if conclusion in found:
            return conclusion
    return "skipped" if found else "success"


def status_of(conclusions: Iterable[Conclusion]) -> Conclusion:
    """Return what `success()` and `failure()` ask of the jobs before: it isn't success if one was skipped."""
    found = set(conclusions)
    for conclusion in ("failure", "cancelled", "skipped"):
        if conclusion in found:
            return conclusion
    return "success"


def needs_entry(result: Conclusion, outputs: Mapping[str, str]) -> Value:
    """Return a job as the context `needs` has it."""
    return Object([("result", result), ("outputs", Object(dict(outputs)))])
