"""Workflow files of a repository, and what starts runs by hand, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from ninefold.systems.workflows.errors import Problem
from ninefold.systems.workflows.model.priorities import Priority
from ninefold.systems.workflows.model.triggers import Input
from ninefold.systems.workflows.model.values import text_of
from ninefold.systems.workflows.routes.run_wire import RunView, WorkflowFile, show_run
from ninefold.systems.workflows.service.runs.files import ReadWorkflow
from ninefold.systems.workflows.service.runs.reading import ShownRun

Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=400, examples=["main"])]

_INPUTS_MAX: Final = 25


class DispatchWorkflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run by hand, of a workflow with `workflow_dispatch`."""

    workflow: WorkflowFile
    """The path of its file, or only the file's name."""
    ref: Ref | None = None
    """A branch or a tag; by default, the default branch."""
    inputs: Annotated[Mapping[str, Any], msgspec.Meta(max_length=_INPUTS_MAX, examples=[{"environment": "test"}])] = {}
    priority: Priority | None = None
    """Among the jobs of your organisation; by default, that of the repository."""


class DispatchRepository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event of your own, for workflows with `repository_dispatch`."""

    event_type: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["new-price-list"])]
    client_payload: Annotated[Mapping[str, Any], msgspec.Meta(max_length=10, examples=[{"currency": "EUR"}])] = {}


class StartedRunsView(msgspec.Struct, frozen=True, kw_only=True):
    """The runs that an event has started."""

    items: Sequence[RunView]


class InputView(msgspec.Struct, frozen=True, kw_only=True):
    """An input of `workflow_dispatch`."""

    name: Annotated[str, msgspec.Meta(examples=["environment"])]
    type: Literal["string", "boolean", "number", "choice", "environment"]
    description: Annotated[str | None, msgspec.Meta(examples=["Where to deploy to."])]
    required: bool
    default: Annotated[str | None, msgspec.Meta(description="As text.", examples=["test"])]
    options: Annotated[Sequence[str], msgspec.Meta(examples=[["test", "production"]])]


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a workflow file."""

    message: Annotated[str, msgspec.Meta(examples=["Unexpected value 'stepz'"])]
    line: Annotated[int | None, msgspec.Meta(examples=[7])]
    column: Annotated[int | None, msgspec.Meta(examples=[5])]
    remedy: Annotated[str | None, msgspec.Meta(examples=["Did you mean `steps`?"])]
    severity: Literal["error", "warning"]


class WorkflowView(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow file of the default branch."""

    file: WorkflowFile
    name: Annotated[str, msgspec.Meta(examples=["CI"])]
    state: Annotated[
        Literal["readable", "broken"],
        msgspec.Meta(description="A broken file starts failed runs only.", examples=["readable"]),
    ]
    problems: Sequence[ProblemView]
    events: Annotated[Sequence[str], msgspec.Meta(description="What starts it.", examples=[["push"]])]
    has_dispatch: bool
    inputs: Sequence[InputView]
    last_run: RunView | None


class WorkflowsView(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow files of the default branch."""

    items: Sequence[WorkflowView]


def show_workflow(read: ReadWorkflow, last_run: ShownRun | None) -> WorkflowView:
    """Return a workflow file as the API shows it."""
    workflow = read.workflow
    dispatch = None if workflow is None else workflow.triggers.dispatch
    return WorkflowView(
        file=read.file,
        name=read.file if workflow is None else workflow.name,
        state="broken" if workflow is None else "readable",
        problems=[_show_problem(each) for each in (*read.problems, *(() if workflow is None else workflow.warnings))],
        events=_events(read),
        has_dispatch=dispatch is not None,
        inputs=[_show_input(name, each) for name, each in (dispatch or {}).items()],
        last_run=None if last_run is None else show_run(last_run),
    )


def _events(read: ReadWorkflow) -> list[str]:
    if read.workflow is None:
        return []
    triggers = read.workflow.triggers
    others = {
        "schedule": bool(triggers.schedules),
        "workflow_dispatch": triggers.dispatch is not None,
        "workflow_call": triggers.call is not None,
    }
    return sorted([*triggers.events, *(name for name, is_there in others.items() if is_there)])


def _show_problem(problem: Problem) -> ProblemView:
    return ProblemView(
        message=problem.message,
        line=problem.line,
        column=problem.column,
        remedy=problem.remedy,
        severity=problem.severity,
    )


def _show_input(name: str, declared: Input) -> InputView:
    default = getattr(declared.default, "value", None)
    return InputView(
        name=name,
        type=declared.type,
        description=declared.description,
        required=declared.required,
        default=None if default is None else text_of(default),
        options=list(declared.options),
    )
