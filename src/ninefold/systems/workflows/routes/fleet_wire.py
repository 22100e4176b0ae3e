"""The wire types of the queue, runners, and what was used."""

from datetime import date, datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.fleet import RUNNER_PREFIX, Blocker, Runner
from ninefold.systems.workflows.model.priorities import Priority, priority_of
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from ninefold.systems.workflows.routes.run_wire import JobIdText, RunIdText
from ninefold.systems.workflows.service.fleet.explaining import ExplainedJob, is_online
from ninefold.systems.workflows.service.fleet.logs import ShownLine
from ninefold.systems.workflows.store.queue_entries import UsageDay

RunnerIdText = Annotated[str, msgspec.Meta(examples=[f"{RUNNER_PREFIX}_{EXAMPLE_ID}"])]

RunnerStatus: TypeAlias = Literal["online", "busy", "draining", "lost", "offline"]
"""`lost`: it isn't connected, and still has jobs. `offline`: it isn't connected."""

EXAMPLE_TOKEN: Final = "nfreg_01h455vb_…"  # noqa: S105 - an example.


class RunnerId(PathId):
    """The id of a runner."""

    prefix = RUNNER_PREFIX


class QueuedJobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job that waits for a runner."""

    job_id: JobIdText
    run_id: RunIdText
    key: Annotated[str, msgspec.Meta(examples=["test.1"])]
    name: Annotated[str, msgspec.Meta(examples=["test (3.12)"])]
    repository: Annotated[str, msgspec.Meta(examples=["kestrel-outdoor/storefront"])]
    workflow_name: Annotated[str, msgspec.Meta(examples=["CI"])]
    run_number: Annotated[int, msgspec.Meta(examples=[42])]
    labels: Annotated[list[str], msgspec.Meta(examples=[["ubuntu-latest"]])]
    position: Annotated[int, msgspec.Meta(examples=[3])]
    """From 1, among those of your organisation that a connected runner can take."""
    priority: Annotated[Priority, msgspec.Meta(examples=["normal"])]
    """That of its run: high comes first, low last."""
    why: Annotated[str, msgspec.Meta(examples=["2 jobs of your organisation come first."])]
    blocker: Blocker
    queued_at: Timestamp
    estimated_start_at: Timestamp | None
    """Null if nothing is known, for example because too few jobs have begun lately."""


class RunnerView(msgspec.Struct, frozen=True, kw_only=True):
    """A runner."""

    runner_id: RunnerIdText
    name: Annotated[str, msgspec.Meta(examples=["builder-1"])]
    labels: Annotated[list[str], msgspec.Meta(examples=[["self-hosted", "linux", "ubuntu-latest", "x64"]])]
    runner_group: Annotated[str | None, msgspec.Meta(examples=[None])]
    status: RunnerStatus
    jobs_max: Annotated[int, msgspec.Meta(examples=[2])]
    """How many jobs it runs at once."""
    job_count: Annotated[int, msgspec.Meta(examples=[1])]
    is_shared: bool
    """Whether it runs jobs of all organisations; then only the operator can remove it."""
    is_ephemeral: bool
    version: Annotated[str | None, msgspec.Meta(examples=["0.1.0"])]
    last_seen_at: Timestamp
    created_at: Timestamp


class RegistrationView(msgspec.Struct, frozen=True, kw_only=True):
    """A token with which runners register."""

    token: Annotated[str, msgspec.Meta(examples=[EXAMPLE_TOKEN])]
    expires_at: Timestamp


class UsageDayView(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs used on a day."""

    day: Annotated[date, msgspec.Meta(examples=["2026-11-27"])]
    """In UTC; a job counts for the day on which it ended."""
    jobs: Annotated[int, msgspec.Meta(examples=[120])]
    minutes: Annotated[float, msgspec.Meta(examples=[345.5])]
    queue_p50_s: Annotated[float | None, msgspec.Meta(examples=[0.05])]
    queue_p95_s: Annotated[float | None, msgspec.Meta(examples=[0.4])]


class UsageView(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation's jobs used, oldest day first; days without jobs are absent."""

    items: list[UsageDayView]


class ShareView(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation gets of the runners. The operator of the installation sets it."""

    weight: Annotated[int, msgspec.Meta(examples=[1])]
    """Jobs that it starts in a round, in which each organisation has its turn."""
    jobs_max: Annotated[int, msgspec.Meta(examples=[100])]
    """Jobs that it can run at once."""


class LogLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a job's log."""

    line: Annotated[int, msgspec.Meta(examples=[128])]
    """From 1, of the whole job."""
    step: Annotated[int, msgspec.Meta(examples=[3])]
    """The number of its step."""
    at: Timestamp
    text: Annotated[str, msgspec.Meta(examples=["##[group]Run make test"])]


class LogPageView(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of a job's log."""

    items: list[LogLineView]
    is_complete: bool
    """Whether no line will come any more."""
    last_line: Annotated[int, msgspec.Meta(examples=[128])]
    """The number of the last line that there is; 0 if there is none."""


def show_queued(job: ExplainedJob) -> QueuedJobView:
    """Return a queued job as the API shows it."""
    entry = job.entry
    return QueuedJobView(
        job_id=format_id(JOB_PREFIX, entry.job_id),
        run_id=format_id(RUN_PREFIX, entry.run_id),
        key=entry.key,
        name=entry.name,
        repository=entry.repository,
        workflow_name=entry.workflow_name,
        run_number=entry.run_number,
        labels=list(entry.labels),
        position=job.position,
        priority=priority_of(entry.priority),
        why=job.why,
        blocker=job.blocker,
        queued_at=entry.queued_at,
        estimated_start_at=job.estimated_start_at,
    )


def show_runner(runner: Runner, job_count: int, *, now: datetime) -> RunnerView:
    """Return a runner as the API shows it."""
    return RunnerView(
        runner_id=format_id(RUNNER_PREFIX, runner.runner_id),
        name=runner.name,
        labels=list(runner.labels),
        runner_group=runner.runner_group or None,
        status=_status(runner, job_count, now=now),
        jobs_max=runner.jobs_max,
        job_count=job_count,
        is_shared=runner.organisation_id is None,
        is_ephemeral=runner.is_ephemeral,
        version=runner.version or None,
        last_seen_at=runner.seen_at,
        created_at=runner.created_at,
    )


def show_usage(day: UsageDay) -> UsageDayView:
    """Return a day as the API shows it."""
    return UsageDayView(**msgspec.structs.asdict(day))


def show_line(line: ShownLine) -> LogLineView:
    """Return a line as the API shows it."""
    return LogLineView(line=line.line, step=line.step, at=line.at, text=line.text)


def _status(runner: Runner, job_count: int, *, now: datetime) -> RunnerStatus:
    if not is_online(runner, now=now):
        return "lost" if job_count else "offline"
    if runner.draining_since is not None:
        return "draining"
    return "busy" if job_count else "online"
