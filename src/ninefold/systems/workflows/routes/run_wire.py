"""Runs, their jobs and what they have said, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.priorities import Priority, priority_of
from ninefold.systems.workflows.model.repositories import BRANCHES, REPOSITORY_PREFIX
from ninefold.systems.workflows.model.runs import (
    JOB_PREFIX,
    RUN_PREFIX,
    EventType,
    JobStatus,
    LoggedEvent,
    RunAnnotation,
    RunStatus,
)
from ninefold.systems.workflows.routes.wire import RepositoryIdText
from ninefold.systems.workflows.service.channels import run_channel
from ninefold.systems.workflows.service.runs.reading import ShownJob, ShownRun
from ninefold.systems.workflows.store.run_jobs import StepSummary

RunIdText = Annotated[str, msgspec.Meta(examples=[f"{RUN_PREFIX}_{EXAMPLE_ID}"])]
JobIdText = Annotated[str, msgspec.Meta(examples=[f"{JOB_PREFIX}_{EXAMPLE_ID}"])]
Why = Annotated[
    str, msgspec.Meta(description="Why it waits, or ended as it did; can be empty.", examples=["Needs build."])
]
JobKey = Annotated[
    str,
    msgspec.Meta(
        description="`build`, `test.1` (of a matrix), `call/test` (of a called workflow).", examples=["test.1"]
    ),
]
WorkflowFile = Annotated[str, msgspec.Meta(min_length=1, max_length=400, examples=[".github/workflows/ci.yml"])]
Json = Annotated[Mapping[str, Any], msgspec.Meta(examples=[{"key": "build", "status": "queued"}])]


class RunId(PathId):
    """The id of a run."""

    prefix = RUN_PREFIX


class JobId(PathId):
    """The id of a job of a run."""

    prefix = JOB_PREFIX


class RunWorkflowView(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow of a run."""

    file: WorkflowFile
    name: Annotated[str, msgspec.Meta(examples=["CI"])]


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run, with one of its attempts."""

    run_id: RunIdText
    repository_id: RepositoryIdText
    repository: Annotated[str, msgspec.Meta(examples=["kestrel-outdoor/storefront"])]
    workflow: RunWorkflowView
    number: Annotated[int, msgspec.Meta(description="Of the runs of the workflow.", examples=[17])]
    attempt: Annotated[int, msgspec.Meta(description="The one that is shown.", examples=[1])]
    attempts: Annotated[int, msgspec.Meta(description="How many there are.", examples=[1])]
    is_debug: bool
    title: Annotated[str, msgspec.Meta(examples=["Add a cart"])]
    event: Annotated[str, msgspec.Meta(examples=["push"])]
    ref: Annotated[str, msgspec.Meta(examples=["refs/heads/main"])]
    branch: Annotated[str | None, msgspec.Meta(description="Null for a tag.", examples=["main"])]
    head_sha: Annotated[str, msgspec.Meta(examples=["c0ffee254729296a45a3885639ac7e10f9d54979"])]
    actor: Annotated[str, msgspec.Meta(examples=["mia@example.com"])]
    priority: Annotated[Priority, msgspec.Meta(description="Among the jobs of your organisation.", examples=["normal"])]
    status: RunStatus
    why: Why
    concurrency_group: Annotated[str | None, msgspec.Meta(examples=["ci-main"])]
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    cancel_requested_at: Timestamp | None
    job_counts: Annotated[Mapping[str, int], msgspec.Meta(examples=[{"running": 1, "waiting": 2}])]
    live_channel: Annotated[str, msgspec.Meta(examples=[f"workflows.run:{RUN_PREFIX}_{EXAMPLE_ID}"])]


class RunStepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a job that has begun."""

    number: Annotated[int, msgspec.Meta(examples=[1])]
    name: Annotated[str, msgspec.Meta(examples=["Run make"])]
    status: JobStatus
    started_at: Timestamp | None
    ended_at: Timestamp | None


class RunJobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job of an attempt of a run."""

    job_id: JobIdText
    run_id: RunIdText
    attempt: Annotated[int, msgspec.Meta(examples=[1])]
    key: JobKey
    name: Annotated[str, msgspec.Meta(examples=["test (3.12)"])]
    needs: Annotated[
        Sequence[str],
        msgspec.Meta(
            description="The keys of the jobs that it needs. `test` also stands for all of its matrix (`test.0`, …) "
            "and of the workflow that it calls (`test/…`).",
            examples=[["build"]],
        ),
    ]
    status: JobStatus
    why: Why
    runner: Annotated[str | None, msgspec.Meta(description="Its name.", examples=["runner-1"])]
    labels: Annotated[Sequence[str], msgspec.Meta(examples=[["ubuntu-latest"]])]
    created_at: Timestamp
    queued_at: Timestamp | None
    started_at: Timestamp | None
    ended_at: Timestamp | None
    cancel_requested_at: Timestamp | None
    reused_job_id: Annotated[
        str | None,
        msgspec.Meta(
            description="The job of an earlier attempt that it is a copy of, if it wasn't run again.", examples=[None]
        ),
    ]
    steps: Sequence[RunStepView]
    annotation_counts: Annotated[Mapping[str, int], msgspec.Meta(examples=[{"error": 1}])]
    live_channel: Annotated[
        str, msgspec.Meta(description="Of its log.", examples=[f"workflows.log:{JOB_PREFIX}_{EXAMPLE_ID}"])
    ]


class RunEventView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a run's log."""

    sequence: Annotated[int, msgspec.Meta(examples=[3])]
    type: EventType
    attempt: Annotated[int, msgspec.Meta(examples=[1])]
    at: Timestamp
    job_id: JobIdText | None
    data: Json


class RunEventsView(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of a run's log, oldest first."""

    items: Sequence[RunEventView]
    last_sequence: Annotated[int, msgspec.Meta(description="Of the whole log.", examples=[3])]


class AnnotationView(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a step, or about the workflow file."""

    level: Literal["notice", "warning", "error"]
    message: Annotated[str, msgspec.Meta(examples=["assert 2 == 3"])]
    title: Annotated[str | None, msgspec.Meta(examples=["test_cart"])]
    file: Annotated[str | None, msgspec.Meta(examples=["tests/test_cart.py"])]
    line: Annotated[int | None, msgspec.Meta(examples=[12])]
    end_line: Annotated[int | None, msgspec.Meta(examples=[None])]
    column: Annotated[int | None, msgspec.Meta(examples=[5])]
    end_column: Annotated[int | None, msgspec.Meta(examples=[None])]
    remedy: Annotated[str | None, msgspec.Meta(examples=[None])]
    job: Annotated[str | None, msgspec.Meta(description="The key of the job.", examples=["test.1"])]
    step: Annotated[int | None, msgspec.Meta(description="The number of the step.", examples=[2])]


class AnnotationsView(msgspec.Struct, frozen=True, kw_only=True):
    """The annotations of an attempt, oldest first, at most 1,000."""

    items: Sequence[AnnotationView]


class StepSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """What a step has written into its summary."""

    job_id: JobIdText
    key: JobKey
    name: Annotated[str, msgspec.Meta(description="Of the job.", examples=["test (3.12)"])]
    step: Annotated[int, msgspec.Meta(description="The number of the step.", examples=[2])]
    step_name: Annotated[str, msgspec.Meta(examples=["Run make"])]
    markdown: Annotated[str, msgspec.Meta(examples=["## 12 tests"])]


class StepSummariesView(msgspec.Struct, frozen=True, kw_only=True):
    """The summaries of an attempt, at most 200."""

    items: Sequence[StepSummaryView]


class RerunRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs are run again."""

    jobs: Annotated[
        Literal["all", "failed"] | Annotated[list[JobIdText], msgspec.Meta(max_length=256)],
        msgspec.Meta(
            description="`all`, `failed` (with those that were canceled), or ids of jobs of the last attempt; jobs "
            "that need them are run again too.",
            examples=["failed"],
        ),
    ] = "all"
    is_debug: bool = False
    """Whether logs have debug messages."""
    priority: Priority | None = None
    """By default, that of the attempt before."""


class UpdateRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is changed of a run."""

    priority: Annotated[Priority, msgspec.Meta(examples=["high"])]
    """High comes first, low last, among the jobs of your organisation."""


def show_run(shown: ShownRun) -> RunView:
    """Return a run as the API shows it."""
    run, attempt = shown.run, shown.attempt
    is_last = attempt.attempt == run.attempt
    return RunView(
        run_id=format_id(RUN_PREFIX, run.run_id),
        repository_id=format_id(REPOSITORY_PREFIX, run.repository_id),
        repository=shown.repository,
        workflow=RunWorkflowView(file=run.workflow_file, name=run.workflow_name),
        number=run.number,
        attempt=attempt.attempt,
        attempts=run.attempt,
        is_debug=attempt.is_debug,
        title=run.title,
        event=run.event,
        ref=run.ref,
        branch=run.ref.removeprefix(BRANCHES) if run.ref.startswith(BRANCHES) else None,
        head_sha=run.head_sha,
        actor=run.actor,
        priority=priority_of(run.priority),
        status=attempt.status,
        why=attempt.why,
        concurrency_group=run.concurrency_group,
        created_at=run.created_at if attempt.attempt == 1 else attempt.created_at,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        cancel_requested_at=run.cancel_requested_at if is_last else None,
        job_counts=shown.job_counts,
        live_channel=run_channel(run.run_id),
    )


def show_job(shown: ShownJob) -> RunJobView:
    """Return a job as the API shows it."""
    job = shown.job
    job_id = format_id(JOB_PREFIX, job.job_id)
    reused = None if job.reused_job_id is None else format_id(JOB_PREFIX, job.reused_job_id)
    return RunJobView(
        job_id=job_id,
        run_id=format_id(RUN_PREFIX, job.run_id),
        attempt=job.attempt,
        key=job.key,
        name=job.name,
        needs=list(job.needs),
        status=job.status,
        why=job.why,
        runner=job.runner_name,
        labels=list(job.labels),
        created_at=job.created_at,
        queued_at=job.queued_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        cancel_requested_at=job.cancel_requested_at,
        reused_job_id=reused,
        steps=[
            RunStepView(
                number=step.number,
                name=step.name,
                status=step.status,
                started_at=step.started_at,
                ended_at=step.ended_at,
            )
            for step in shown.steps
        ],
        annotation_counts=shown.annotation_counts,
        live_channel=f"workflows.log:{reused or job_id}",
    )


def show_event(event: LoggedEvent) -> RunEventView:
    """Return an entry of a log as the API shows it."""
    return RunEventView(
        sequence=event.sequence,
        type=event.type,
        attempt=event.attempt,
        at=event.at,
        job_id=None if event.job_id is None else format_id(JOB_PREFIX, event.job_id),
        data=msgspec.json.decode(event.data),
    )


def show_annotation(annotation: RunAnnotation) -> AnnotationView:
    """Return an annotation as the API shows it."""
    return AnnotationView(**msgspec.structs.asdict(annotation))


def show_summary(summary: StepSummary) -> StepSummaryView:
    """Return a summary as the API shows it."""
    return StepSummaryView(
        job_id=format_id(JOB_PREFIX, summary.job_id),
        key=summary.key,
        name=summary.name,
        step=summary.step_number,
        step_name=summary.step_name,
        markdown=summary.markdown,
    )
