"""What runners and the server say to each other, as JSON below `/api/v1/workflows/runner`.

A runner registers once, claims jobs, and of each job sends `start`, then reports, then `finish`. Each message about a
job carries the number of its lease. Whatever is sent again because an answer was lost changes nothing a second time:
`start` and `finish` are known by the lease, reports by the number of their batch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec

from ninefold.systems.workflows.execution.report import Annotation, JobResult, StepInfo, StepResult
from ninefold.systems.workflows.model.fleet import LABEL_LENGTH_MAX, LABELS_MAX
from ninefold.systems.workflows.service.runs.orders import OrderedJob

RUNNER_PATH: Final = "/api/v1/workflows/runner"

WAIT_S_MAX: Final = 50.0
"""How long a claim waits for a job."""

JOBS_MAX: Final = 256
"""Jobs of one runner at once."""

BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of a report's body: a summary of 1 MiB, each character of which takes six bytes in JSON, fits."""

BATCH_LINES_MAX: Final = 20_000
BATCH_MESSAGES_MAX: Final = 2_000

STEPS_MAX: Final = 100_000
"""The highest number of a step."""

LINE_BYTES_MAX: Final = 64 * 1024
"""Of a line's text; what is beyond is cut off."""

RESULT_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of the body of `finish`: outputs have up to 1 MiB."""


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """A new runner, with a registration token as credential."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    labels: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=LABEL_LENGTH_MAX)]],
        msgspec.Meta(max_length=LABELS_MAX),
    ] = []
    """Besides those that every runner has."""
    runner_group: Annotated[str, msgspec.Meta(max_length=100)] = ""
    jobs_max: Annotated[int, msgspec.Meta(ge=1, le=JOBS_MAX)] = 1
    is_ephemeral: bool = False
    version: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The new runner's id, and the token that it uses from now on."""

    runner_id: str
    token: str
    labels: Sequence[str]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for jobs; waits if there is none."""

    slots: Annotated[int, msgspec.Meta(ge=0, le=JOBS_MAX)]
    holding: Annotated[list[str], msgspec.Meta(max_length=JOBS_MAX)] = []
    """The ids of the jobs that the runner knows to have."""
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=WAIT_S_MAX)] = WAIT_S_MAX


class ClaimedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that the runner has from now on."""

    job_id: str
    lease_number: int


class ClaimAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs that the runner has got."""

    jobs: Sequence[ClaimedJob]
    is_draining: bool
    """Whether it gets no further jobs, and leaves when it has none."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The runner begins a job now, as soon as this is answered."""

    lease_number: int


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """All that a runner needs to run a job."""

    job_id: str
    lease_number: int
    lease_s: float
    organisation_id: str
    uid_number: int
    """A small number of the organisation."""
    is_trusted: bool
    """Whether the code can be run without a sandbox: there is one organisation, and the code isn't from a fork."""
    is_from_fork: bool
    results_token: str
    server_url: str | None
    """Where jobs reach the server, by a name that official actions accept; None for where the runner does."""
    order: OrderedJob


class StepStarted(msgspec.Struct, frozen=True, kw_only=True, tag="step_started"):
    """A step has begun."""

    step: StepInfo
    at: datetime


class StepEnded(msgspec.Struct, frozen=True, kw_only=True, tag="step_ended"):
    """A step has ended, or was skipped."""

    result: StepResult


class AnnotationMade(msgspec.Struct, frozen=True, kw_only=True, tag="annotation"):
    """A message about a file, or about the run."""

    annotation: Annotation


class Summarised(msgspec.Struct, frozen=True, kw_only=True, tag="summary"):
    """What a step has written into its summary."""

    step: StepInfo
    markdown: str


JobMessage: TypeAlias = StepStarted | StepEnded | AnnotationMade | Summarised
"""What a job says besides lines."""


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line of a job's log."""

    step: Annotated[int, msgspec.Meta(ge=1, le=STEPS_MAX)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a job has said; it also renews the lease, even if it is empty."""

    lease_number: int
    batch: Annotated[int, msgspec.Meta(ge=1)]
    """From 1, without gaps."""
    messages: Annotated[list[JobMessage], msgspec.Meta(max_length=BATCH_MESSAGES_MAX)] = []
    lines: Annotated[list[Line], msgspec.Meta(max_length=BATCH_LINES_MAX)] = []


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The lease is renewed."""

    is_cancel_requested: bool


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """How a job has ended; all its reports were answered before."""

    lease_number: int
    result: JobResult


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """The runner stops: jobs that it hasn't begun are queued again, others are lost."""

    is_removed: bool
    """Whether it never comes back; its token is refused from then on."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    is_done: bool = True
