"""`ninefold workflows runs …` and `ninefold workflows dispatch`."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from cyclopts import App, Parameter
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_gap,
    print_json_text,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    state_text,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.repositories import repository_path
from ninefold.systems.workflows.commands.run_answers import AnnotationsAnswer, JobAnswer, RunAnswer
from ninefold.systems.workflows.model.priorities import Priority
from ninefold.systems.workflows.model.runs import ENDED, JOB_PREFIX, RUN_PREFIX, RunStatus

RUNS: Final = "/api/v1/workflows/runs"

POLL_S: Final = 0.5
"""Seconds between two looks at a run that is watched."""

_JOBS_SHOWN_MAX: Final = 100
_GOOD: Final = frozenset({"succeeded", "skipped"})

runs = App(name="runs", help="View, watch, cancel and repeat runs of workflows.")


@runs.command(name="list")
def list_runs(
    *,
    repository: str | None = None,
    workflow: str | None = None,
    branch: str | None = None,
    status: RunStatus | None = None,
    event: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List runs, latest first.

    Args:
        repository: List only runs of this repository: its name or its id.
        workflow: List only runs of this workflow file, such as .github/workflows/ci.yml.
        branch: List only runs of this branch.
        status: List only runs with this status.
        event: List only runs of this event, such as push.
        limit: Maximum number of runs to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(
            RUNS,
            repository_id=None if repository is None else repository_path(client, repository).rpartition("/")[2],
            workflow=workflow,
            branch=branch,
            status=status,
            event=event,
            limit=limit,
            cursor=cursor,
        )
        show_answer(answer, Page[RunAnswer], api=api, show=_show_runs)


@runs.command(name="show")
def show_run(run_id: str, *, attempt: int | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a run with its jobs and what is wrong with it.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        attempt: Show this attempt instead of the last one.
        api: The server and API key to use.
    """
    path = _run_path(run_id)
    with api.client() as client:
        answer = client.get(path, attempt=attempt)
        if api.json:
            print_json_text(answer.content)
            return
        _print_run(answer.read(RunAnswer))
        print_gap()
        jobs = _jobs_of(client, path, attempt)
        _print_jobs(jobs)
        _print_annotations(client.get(f"{path}/annotations", attempt=attempt).read(AnnotationsAnswer), jobs)


@runs.command(name="jobs")
def list_jobs(
    run_id: str,
    *,
    attempt: int | None = None,
    limit: Limit = 100,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List the jobs of a run.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        attempt: List those of this attempt instead of the last one.
        limit: Maximum number of jobs to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    path = f"{_run_path(run_id)}/jobs"
    with api.client() as client:
        answer = client.get(path, attempt=attempt, limit=limit, cursor=cursor)
        show_answer(answer, Page[JobAnswer], api=api, show=_show_jobs)


@runs.command(name="watch")
def watch_run(run_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Watch a run until it ends. The exit code is 0 if it has succeeded.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = _run_path(run_id)
    with api.client() as client:
        run = _watch(client, path)
        if api.json:
            print_json_text(client.get(path).content)
    if run.status not in _GOOD:
        sys.exit(1)


@runs.command(name="cancel")
def cancel_run(run_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Cancel a run. Jobs with always() still run.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = _run_path(run_id)
    with api.client() as client:
        show_answer(client.post(f"{path}/cancel"), RunAnswer, api=api, show=_print_run)


@runs.command(name="prioritise")
def prioritise_run(run_id: str, priority: Priority, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Change the priority of a run: of its jobs that no runner has yet, among those of your organisation.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        priority: High comes first, low last.
        api: The server and API key to use.
    """
    path = _run_path(run_id)
    with api.client() as client:
        show_answer(client.patch(path, {"priority": priority}), RunAnswer, api=api, show=_print_run)


@runs.command(name="rerun")
def rerun_run(
    run_id: str,
    *,
    failed: Annotated[bool, Parameter(negative="")] = False,
    job: Annotated[Sequence[str], Parameter(negative="", consume_multiple=False)] = (),
    debug: Annotated[bool, Parameter(negative="")] = False,
    priority: Priority | None = None,
    watch: Annotated[bool, Parameter(negative="")] = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Run a run again: all of its jobs, those that failed, or chosen ones, with the jobs that need them.

    Args:
        run_id: The run's id, such as wrun_01h455vb4pex5vsknk084sn02q.
        failed: Only the jobs that failed or were canceled.
        job: Only this job: its id, such as wjob_01h455vb4pex5vsknk084sn02q; can be repeated.
        debug: Write debug messages into the logs.
        priority: Among the jobs of your organisation; by default, as before.
        watch: Watch it until it ends.
        api: The server and API key to use.
    """
    if failed and job:
        raise InvalidInputError("--failed and --job exclude each other.", remedy="Give one of them.")
    for each in job:
        parse_argument_id(JOB_PREFIX, each, shown_by="ninefold workflows runs jobs")
    path = _run_path(run_id)
    jobs: str | list[str] = list(job) or ("failed" if failed else "all")
    with api.client() as client:
        body = {"jobs": jobs, "is_debug": debug, "priority": priority}
        answer = client.post(f"{path}/rerun", body)
        show_answer(answer, RunAnswer, api=api, show=_print_run)
        if watch and _watch(client, path).status not in _GOOD:
            sys.exit(1)


def dispatch_workflow(
    repository: str,
    workflow: str,
    *,
    ref: str | None = None,
    input_: Annotated[Sequence[str], Parameter(name="--input", negative="", consume_multiple=False)] = (),
    priority: Priority | None = None,
    watch: Annotated[bool, Parameter(negative="")] = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Start a workflow with workflow_dispatch by hand.

    Args:
        repository: The repository: its name or its id.
        workflow: The workflow's file, such as deploy.yml.
        ref: The branch or tag; by default, the default branch.
        input_: An input, as name=value; can be repeated.
        priority: Among the jobs of your organisation; by default, that of the repository.
        watch: Watch the run until it ends; the exit code is 0 if it has succeeded.
        api: The server and API key to use.
    """
    inputs = {}
    for text in input_:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise InvalidInputError(f"'{text}' isn't name=value.")
        inputs[name] = value
    body = {"workflow": workflow, "inputs": inputs, "ref": ref, "priority": priority}
    with api.client() as client:
        answer = client.post(f"{repository_path(client, repository)}/dispatches", body)
        show_answer(answer, RunAnswer, api=api, show=_print_run)
        run = answer.read(RunAnswer)
        if watch and _watch(client, _run_path(run.run_id)).status not in _GOOD:
            sys.exit(1)


def _run_path(run_id: str) -> str:
    parse_argument_id(RUN_PREFIX, run_id, shown_by="ninefold workflows runs list")
    return f"{RUNS}/{run_id}"


def _watch(client: ApiClient, path: str) -> RunAnswer:
    """Draw a run on standard error until it ends, and return it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return _watch_lines(client, path)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            run = client.get(path).read(RunAnswer)
            live.update(_drawing(run, _jobs_of(client, path, None)), refresh=True)
            if run.status in ENDED:
                return run
            time.sleep(POLL_S)


def _watch_lines(client: ApiClient, path: str) -> RunAnswer:
    """Print a line for each job that changes."""
    seen: dict[str, str] = {}
    while True:
        run = client.get(path).read(RunAnswer)
        for job in _jobs_of(client, path, None):
            if seen.get(job.job_id) != job.status:
                seen[job.job_id] = job.status
                print_note(f"{job.status}  {job.name}" + (f"  {job.why}" if job.why else ""))
        if run.status in ENDED:
            print_note(f"The run has ended: {run.status}." + (f" {run.why}" if run.why else ""))
            return run
        time.sleep(POLL_S)


def _drawing(run: RunAnswer, jobs: Sequence[JobAnswer]) -> Group:
    table = Table(box=None, pad_edge=False)
    for name in ("Job", "Status", "Time", "Step"):
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    for job in jobs:
        running = [step.name for step in job.steps if step.status == "running"]
        table.add_row(job.name, state_text(job.status), _duration_text(job), running[-1] if running else job.why)
    title = Text.assemble(f"{run.workflow.name} #{run.number}  {run.title}  ", state_text(run.status))
    return Group(title, Text(""), table)


def _jobs_of(client: ApiClient, path: str, attempt: int | None) -> Sequence[JobAnswer]:
    return client.get(f"{path}/jobs", attempt=attempt, limit=_JOBS_SHOWN_MAX).read(Page[JobAnswer]).items


def _show_runs(page: Page[RunAnswer]) -> None:
    print_table(
        ["Run", "Repository", "Workflow", "Number", "Title", "Event", "Status", "Created at"],
        [
            [
                run.run_id,
                run.repository,
                run.workflow.name,
                run.number,
                run.title,
                run.event,
                state_text(run.status),
                run.created_at,
            ]
            for run in page.items
        ],
        empty="No runs yet. Push a repository with a workflow: ninefold workflows repositories create storefront",
    )
    print_next_page(page)


def _print_run(run: RunAnswer) -> None:
    print_fields(
        {
            "run_id": run.run_id,
            "repository": run.repository,
            "workflow": f"{run.workflow.name} #{run.number}, {run.workflow.file}",
            "title": run.title,
            "attempt": f"{run.attempt} of {run.attempts}",
            "status": state_text(run.status),
            "priority": run.priority,
            "why": run.why or None,
            "event": f"{run.event}, by {run.actor}",
            "ref": f"{run.ref} at {run.head_sha[:12]}",
            "concurrency_group": run.concurrency_group,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
        }
    )


def _show_jobs(page: Page[JobAnswer]) -> None:
    _print_jobs(page.items)
    print_next_page(page)


def _print_jobs(jobs: Sequence[JobAnswer]) -> None:
    print_table(
        ["Job", "Name", "Status", "Time", "Runner", "Why"],
        [[job.job_id, job.name, state_text(job.status), _duration_text(job), job.runner, job.why] for job in jobs],
        empty="No jobs.",
    )


def _print_annotations(annotations: AnnotationsAnswer, jobs: Sequence[JobAnswer]) -> None:
    if not annotations.items:
        return
    names = {job.key: job.name for job in jobs}
    print_gap()
    print_table(
        ["Level", "Where", "Message"],
        [
            [
                each.level,
                _place(each.file, each.line, each.column) or names.get(each.job or "", each.job),
                _with_remedy(each.message, each.remedy),
            ]
            for each in annotations.items
        ],
        empty="",
    )


def _place(file: str | None, line: int | None, column: int | None) -> str | None:
    return file if file is None or line is None else f"{file}:{line}" + ("" if column is None else f":{column}")


def _with_remedy(message: str, remedy: str | None) -> str:
    return message if remedy is None else f"{message} ({remedy})"


def _duration_text(job: JobAnswer) -> str:
    if job.started_at is None:
        return "-"
    ended_at = job.ended_at or datetime.now(UTC)
    return f"{max(0, round((ended_at - job.started_at).total_seconds()))} s"
