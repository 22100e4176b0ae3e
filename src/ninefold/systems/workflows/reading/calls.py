"""Reads the workflows that a workflow calls, and checks what it passes to them."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from ninefold.systems.workflows.model.templates import Literal, Template
from ninefold.systems.workflows.model.triggers import CallTrigger, Input
from ninefold.systems.workflows.model.values import fold, text_of
from ninefold.systems.workflows.model.workflow import CallJob, Workflow
from ninefold.systems.workflows.reading.entries import entries_of
from ninefold.systems.workflows.reading.problems import Problems
from ninefold.systems.workflows.reading.workflow_files import read_workflow

FILES_MAX: Final = 51
"""Files of a run: that of the workflow, and those that it calls."""

DEPTH_MAX: Final = 4
"""Nested calls below the first workflow."""

_REMOTE: Final = re.compile(r"([^/@]+/[^/@]+)/([^@]+)@(.+)")
_LOCAL: Final = ("./", "$/")

ReadFile = Callable[[str], str | None]
"""Returns the contents of `./path` or `owner/repository/path@ref`, or None if there is no such file."""


def resolve_reference(uses: str, *, caller: str) -> str:
    """Return what a call refers to: `./path` in a file of another repository is a file of that repository.

    Args:
        uses: as it was written.
        caller: the reference of the file in which it was written; `./path` for the repository of the run.
    """
    match = _REMOTE.fullmatch(caller)
    if not uses.startswith(_LOCAL):
        return uses
    path = uses[2:]
    return f"{match[1]}/{path}@{match[3]}" if match else f"./{path}"


def read_calls(workflow: Workflow, read_file: ReadFile, *, skips_missing: bool = False) -> Mapping[str, Workflow]:
    """Return all workflows that a workflow calls, and those that they call, by their references.

    Args:
        workflow: the first workflow; its file is a path in the repository of the run.
        read_file: returns the contents of files.
        skips_missing: whether references to other repositories that aren't there are no problem.

    Raises:
        InvalidFileError: one of them is missing, can't be read, or is called with wrong inputs or secrets.
    """
    calls = _Calls(read_file, skips_missing=skips_missing)
    calls.follow(workflow, f"./{workflow.file}", 0)
    return calls.found


class _Calls:
    def __init__(self, read_file: ReadFile, *, skips_missing: bool) -> None:
        self._read_file = read_file
        self._skips_missing = skips_missing
        self.found: dict[str, Workflow] = {}

    def follow(self, workflow: Workflow, reference: str, depth: int) -> None:
        """Read what a workflow calls, at its depth below the first one."""
        problems = Problems(workflow.file)
        for job in workflow.jobs.values():
            if isinstance(job, CallJob):
                self._follow_call(job, resolve_reference(job.uses, caller=reference), depth + 1, problems)
        problems.check()

    def _follow_call(self, job: CallJob, reference: str, depth: int, problems: Problems) -> None:
        if depth > DEPTH_MAX:
            problems.add(f"Nested reusable workflow depth exceeded {DEPTH_MAX}.", job.position)
            return
        called = self._load(job, reference, problems)
        if called is None:
            return
        check_call(job, called.triggers.call, problems)
        self.follow(called, reference, depth)

    def _load(self, job: CallJob, reference: str, problems: Problems) -> Workflow | None:
        if reference in self.found:
            return self.found[reference]
        if len(self.found) + 1 >= FILES_MAX:
            problems.add(f"The maximum file count of {FILES_MAX} has been exceeded", job.position)
            return None
        text = self._read_file(reference)
        if text is None:
            if reference.startswith("./") or not self._skips_missing:
                problems.add("Unable to find reusable workflow", job.position, remedy=f"There is no {reference}.")
            return None
        self.found[reference] = read_workflow(text, file=reference.removeprefix("./"))
        return self.found[reference]


def check_call(job: CallJob, declared: CallTrigger | None, problems: Problems) -> None:
    """Add what is wrong with the inputs and secrets that a job passes to a workflow."""
    if declared is None:
        problems.add("workflow_call key is not defined in the referenced workflow.", job.position)
        return
    _check_inputs(job, entries_of(job.with_), declared.inputs, problems)
    if not job.inherits_secrets:
        required = {name for name, secret in declared.secrets.items() if secret.required}
        _check_names("secret", job, entries_of(job.secrets), set(declared.secrets), required, problems)


def _check_inputs(
    job: CallJob, given: Mapping[str, Template], declared: Mapping[str, Input], problems: Problems
) -> None:
    required = {name for name, each in declared.items() if each.required}
    _check_names("input", job, given, set(declared), required, problems)
    by_name = {fold(name): each for name, each in declared.items()}
    for name, value in given.items():
        if (declaration := by_name.get(fold(name))) and not _fits(value, declaration):
            remedy = f"The input is a {declaration.type}."
            problems.add(f"Unexpected value '{_text(value)}'", value.position, remedy=remedy)


def _check_names(  # noqa: PLR0917 - each is of another type.
    kind: str, job: CallJob, given: Mapping[str, Template], declared: set[str], required: set[str], problems: Problems
) -> None:
    given_names = set(map(fold, given))
    for name in sorted(required):
        if fold(name) not in given_names:
            message = f"{kind.capitalize()} {name} is required, but not provided while calling."
            problems.add(message, job.position)
    declared_names = set(map(fold, declared))
    for name, value in given.items():
        if fold(name) not in declared_names:
            message = f"Invalid {kind}, {name} is not defined in the referenced workflow."
            problems.add(message, value.position)


def _fits(value: Template, declaration: Input) -> bool:
    if not isinstance(value, Literal) or declaration.type not in {"boolean", "number"}:
        return True
    if declaration.type == "boolean":
        return isinstance(value.value, bool)
    return isinstance(value.value, float | int) and not isinstance(value.value, bool)


def _text(value: Template) -> str:
    return text_of(value.value) if isinstance(value, Literal) else ""
