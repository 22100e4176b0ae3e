"""What the log says of jobs: a line for each attempt, once its outcome is recorded."""

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
    """What a line says of an attempt; the event's name says how it ended. Never what the job carries."""

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
        outcomes: what came of the attempts.
        states: of the jobs that were still this worker's, what followed; the others are lost to it.
    """
    lines: defaultdict[str, list[AttemptLine]] = defaultdict(list)
    for outcome in outcomes:
        lines[_participle(outcome, states.get(outcome.job.job_id))].append(_line(outcome))
    for participle, each in lines.items():
        write = log.warning if participle in _WARNINGS else log.info
        write(f"jobs.job.{participle}", each=each)


def _participle(outcome: AttemptOutcome, state: JobState | None) -> str:
    if state is None:
        return _LOST
    # What was to be canceled isn't tried again, however its attempt ended.
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
