"""Runs and jobs as the API answers, as far as the commands read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec


class RunWorkflowAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow of a run."""

    file: str
    name: str


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A run, with one of its attempts."""

    run_id: str
    repository: str
    workflow: RunWorkflowAnswer
    number: int
    attempt: int
    attempts: int
    title: str
    event: str
    ref: str
    head_sha: str
    actor: str
    priority: str
    status: str
    why: str
    concurrency_group: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    job_counts: Mapping[str, int]


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a job."""

    number: int
    name: str
    status: str


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A job of an attempt of a run."""

    job_id: str
    key: str
    name: str
    status: str
    why: str
    runner: str | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    steps: Sequence[StepAnswer]


class AnnotationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a run."""

    level: str
    message: str
    file: str | None
    line: int | None
    column: int | None
    remedy: str | None
    job: str | None


class AnnotationsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of a run."""

    items: Sequence[AnnotationAnswer]
