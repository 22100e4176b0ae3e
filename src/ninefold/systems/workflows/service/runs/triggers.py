"""Starts runs: reads the workflow files at a commit, and creates a run for each that an event starts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import (
    InvalidFileError,
    Problem,
    TooManyRunsError,
    WorkflowNotFoundError,
)
from ninefold.systems.workflows.model.repositories import BRANCHES, Repository
from ninefold.systems.workflows.model.run_sources import RunSource, TriggerEvent
from ninefold.systems.workflows.model.runs import RunAnnotation, RunEvent
from ninefold.systems.workflows.model.values import to_json_data
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.planning import (
    PlannedConcurrency,
    RunContexts,
    dispatch_inputs,
    run_concurrency,
    run_name,
)
from ninefold.systems.workflows.service.channels import Changed, merge
from ninefold.systems.workflows.service.runs import files as workflow_files
from ninefold.systems.workflows.service.runs import groups
from ninefold.systems.workflows.service.runs.changing import RunChange
from ninefold.systems.workflows.service.runs.contexts import github_context, whole_payload
from ninefold.systems.workflows.service.runs.files import ReadWorkflow, RepositoryFiles
from ninefold.systems.workflows.service.runs.planners import make_contexts
from ninefold.systems.workflows.service.runs.schedules import set_schedules
from ninefold.systems.workflows.store import runs as store

RUNS_MAX: Final = 500
"""Runs that a repository can start within `RUNS_INTERVAL`, as on GitHub."""

RUNS_INTERVAL: Final = timedelta(seconds=10)

TITLE_LENGTH_MAX: Final = 250

_SKIPS: Final = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
_SKIPPED_EVENTS: Final = frozenset({"push", "pull_request"})


async def start_runs(
    connection: Connection,
    repository: Repository,
    event: TriggerEvent,
    files: RepositoryFiles,
    *,
    at: datetime,
    variables: Mapping[str, str] = {},
) -> Changed:
    """Start the workflows that an event starts.

    A push to the default branch also sets the schedules of its files. A workflow file that can't be read becomes a run
    that has failed and says why, so that it isn't overlooked.

    Args:
        connection: in the caller's transaction.
        repository: where it happened.
        event: what happened.
        files: the contents of the repository.
        at: when the runs are created.
        variables: the context `vars`.

    Raises:
        TooManyRunsError: the repository has started too many within a few seconds.
    """
    reads = await workflow_files.read_all(files, event.sha)
    if event.name == "push" and event.ref == f"{BRANCHES}{repository.default_branch}":
        await set_schedules(connection, repository, reads, at=at)
    if is_skipped(event):
        return Changed()
    started = await workflow_files.match_files(files, event, reads)
    return await create_runs(connection, repository, event, started, at=at, variables=variables)


async def dispatch_run(
    connection: Connection,
    repository: Repository,
    event: TriggerEvent,
    files: RepositoryFiles,
    *,
    at: datetime,
    variables: Mapping[str, str] = {},
    priority: int | None = None,
) -> Changed:
    """Start one workflow, by hand or by its schedule (`event.workflow_file`).

    Args:
        connection: in the caller's transaction.
        repository: whose workflow it is.
        event: what happened.
        files: the contents of the repository.
        at: when the run is created.
        variables: the context `vars`.
        priority: of the run; None for the default of the repository.

    Raises:
        WorkflowNotFoundError: there is no such file.
        InvalidFileError: it, or a file that it calls, can't be read.
        InvalidInputError: it has no `workflow_dispatch`, or the inputs don't match its declarations.
        TooManyRunsError: the repository has started too many within a few seconds.
    """
    assert event.workflow_file is not None, "it is one workflow"
    read = await workflow_files.read_one(files, event.sha, event.workflow_file)
    if read is None:
        raise WorkflowNotFoundError(
            f"There is no workflow {event.workflow_file} at {event.ref}.", remedy="Name the path of a file there."
        )
    read = await workflow_files.follow_calls(files, event.sha, read)
    if read.workflow is None and event.name == "workflow_dispatch":
        raise InvalidFileError(read.problems)
    if read.workflow is not None and event.name == "workflow_dispatch" and read.workflow.triggers.dispatch is None:
        raise InvalidInputError(
            "The workflow has no `workflow_dispatch`.", field="workflow", remedy="Add it to `on` of the workflow."
        )
    return await create_runs(connection, repository, event, [read], at=at, variables=variables, priority=priority)


async def create_runs(
    connection: Connection,
    repository: Repository,
    event: TriggerEvent,
    reads: Sequence[ReadWorkflow],
    *,
    at: datetime,
    variables: Mapping[str, str],
    priority: int | None = None,
) -> Changed:
    """Create a run for each of these workflows, and plan its first jobs."""
    if not reads:
        return Changed()
    created = await store.run_count_since(
        connection, repository_id=repository.repository_id, since=at - RUNS_INTERVAL, limit=RUNS_MAX
    )
    if created + len(reads) > RUNS_MAX:
        raise TooManyRunsError(
            f"{repository.full_name} has started {created} runs within {RUNS_INTERVAL.seconds} seconds; "
            f"{RUNS_MAX} are allowed.",
            retry_after_s=RUNS_INTERVAL.seconds,
            remedy="Wait a few seconds.",
        )
    payload = whole_payload(event, full_name=repository.full_name, default_branch=repository.default_branch)
    whole = msgspec.structs.replace(event, payload=payload)
    return merge(
        [
            await _create_run(connection, repository, whole, read, at=at, variables=variables, priority=priority)
            for read in sorted(reads, key=lambda each: each.file)
        ]
    )


def is_skipped(event: TriggerEvent) -> bool:
    """Return whether the message of a commit says that nothing is started."""
    return event.name in _SKIPPED_EVENTS and any(each in event.message for each in _SKIPS)


async def _create_run(
    connection: Connection,
    repository: Repository,
    event: TriggerEvent,
    read: ReadWorkflow,
    *,
    at: datetime,
    variables: Mapping[str, str],
    priority: int | None = None,
) -> Changed:
    numbers = await store.workflow_take_number(connection, repository_id=repository.repository_id, file=read.file)
    name = read.file if read.workflow is None else read.workflow.name
    source = _source(repository, event, read, variables)
    github = github_context(
        source,
        workflow_file=read.file,
        workflow_name=name,
        numeric_id=numbers.numeric_id,
        number=numbers.number,
        attempt=1,
        triggering_actor=event.actor,
    )
    contexts = make_contexts(source, github)
    run = await store.run_insert(
        connection,
        run_id=new_id(),
        organisation_id=repository.organisation_id,
        repository_id=repository.repository_id,
        workflow_file=read.file,
        workflow_name=name,
        title=_title(read.workflow, contexts, event),
        numbers=numbers,
        source=source,
        priority=repository.default_priority if priority is None else priority,
        created_at=at,
    )
    if read.workflow is None:
        change = RunChange(connection, run, at=at)
        fail_run(change, read.problems)
        return await change.save()
    return await begin_attempt(connection, await RunChange.plan(connection, run, at=at), read.workflow, contexts)


async def begin_attempt(
    connection: Connection, change: RunChange, workflow: Workflow, contexts: RunContexts
) -> Changed:
    """Plan the first jobs of an attempt, or let it wait for the concurrency group of the run."""
    created = RunEvent(type="attempt_created", data={"attempt": change.run.attempt})
    try:
        concurrency = run_concurrency(workflow, contexts)
    except InvalidInputError as error:
        fail_run(change, [Problem(file=workflow.file, message=str(error))])
        return await change.save()
    if concurrency is None or await _enter(connection, change, concurrency):
        await change.begin(created)
    else:
        change.log(created)
    return await change.save()


def fail_run(change: RunChange, problems: Sequence[Problem]) -> None:
    """End a run that can't be planned, and say why in its annotations."""
    change.log(RunEvent(type="attempt_created", data={"attempt": change.run.attempt}))
    for each in problems:
        annotation = RunAnnotation(
            level="error" if each.severity == "error" else "warning",
            message=each.message,
            file=each.file,
            line=each.line,
            column=each.column,
            remedy=each.remedy,
        )
        change.log(RunEvent(type="annotation", data=_without_nulls(annotation)))
    change.set_status("failed", str(problems[0]) if problems else "The workflow file can't be read.")


async def _enter(connection: Connection, change: RunChange, concurrency: PlannedConcurrency) -> bool:
    """Let a run be in its concurrency group; False if it waits or never can be."""
    entry = await groups.enter(connection, change.run, concurrency)
    change.set(concurrency_group=concurrency.group)
    change.note_background(entry.has_background)
    if entry.state == "waiting":
        change.set_status("waiting", entry.why)
    elif entry.state == "refused":
        change.set_status("canceled", entry.why)
    return entry.state == "in"


def _source(repository: Repository, event: TriggerEvent, read: ReadWorkflow, variables: Mapping[str, str]) -> RunSource:
    inputs: Mapping[str, Any] = {}
    if event.name == "workflow_dispatch" and read.workflow is not None:
        typed = dispatch_inputs(read.workflow.triggers.dispatch or {}, event.inputs)
        inputs = {name: to_json_data(value) for name, value in typed.items()}
        event = msgspec.structs.replace(event, payload={**event.payload, "inputs": inputs, "workflow": read.file})
    return RunSource(
        event=event,
        repository=repository.full_name,
        text=read.text,
        calls=read.calls,
        inputs=inputs,
        variables=variables,
    )


def _title(workflow: Workflow | None, contexts: RunContexts, event: TriggerEvent) -> str:
    name = workflow.name if workflow is not None else ""
    # `text.partition` and not `splitlines`: the message can be empty.
    default = event.title or event.message.strip().partition("\n")[0].strip() or name or event.name
    title = default if workflow is None else run_name(workflow, contexts, default=default)
    return " ".join(title.replace("\0", "").split())[:TITLE_LENGTH_MAX] or event.name


def _without_nulls(annotation: RunAnnotation) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(annotation).items() if value is not None}
