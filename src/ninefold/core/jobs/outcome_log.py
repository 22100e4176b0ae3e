"""Logs the outcome of each attempt once it is recorded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs.model import JOB_PREFIX, AttemptEnding, AttemptOutcome, JobState

_LOST: Final = "lost"
_WARNINGS: Final = {AttemptEnding.RETRYING.value, AttemptEnding.FAILED.value, _LOST}

log = structlog.get_logger(__name__)


class AttemptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The logged fields of an attempt. The event's name says how it ended; the payload is never logged."""

    job_id: str
    kind: str
    attempt: int
    duration_ms: float
    organisation_id: str | None = None
    error: str | None = None
    retry_in_s: float | None = None


def log_outcomes(outcomes: Sequence[AttemptOutcome], states: Mapping[UUID, JobState]) -> None:
    """Log `jobs.job.succeeded`, `.retrying`, `.failed`, `.canceled`, `.returned` or `.lost` for each attempt.

    Args:
        outcomes: the recorded outcomes.
        states: the new states of the jobs that this worker still held; the others are logged as lost.
    """
    lines: defaultdict[str, list[AttemptLine]] = defaultdict(list)
    for outcome in outcomes:
        lines[_event_suffix(outcome, states.get(outcome.job.job_id))].append(_line(outcome))
    for suffix, each in lines.items():
        write = log.warning if suffix in _WARNINGS else log.info
        write(f"jobs.job.{suffix}", each=each)


def _event_suffix(outcome: AttemptOutcome, state: JobState | None) -> str:
    if state is None:
        return _LOST
    # A job with a cancel request isn't retried, whatever its attempt's ending.
    return state.value if state is JobState.CANCELED else outcome.ending.value


def _line(outcome: AttemptOutcome) -> AttemptLine:
    job = outcome.job
    return AttemptLine(
        job_id=format_id(JOB_PREFIX, job.job_id),
        kind=job.kind,
        attempt=job.attempt_count,
        duration_ms=round(outcome.duration_s * 1_000, 2),
        organisation_id=None if job.organisation_id is None else format_id("org", job.organisation_id),
        error=outcome.error,
        retry_in_s=None if outcome.retry_delay_s is None else round(outcome.retry_delay_s, 3),
    )
