"""The Prometheus metrics of durable jobs."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from ninefold.core.jobs import store
from ninefold.core.jobs.model import AttemptOutcome, ClaimedJob
from ninefold.core.queue.backlog import Counts

_DURATION_BUCKETS_S: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0)
_WAIT_BUCKETS_S: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0)

ATTEMPTS: Final = Counter(
    "ninefold_jobs_attempts_total",
    "Attempts whose outcome is recorded, by the job's kind and the attempt's ending.",
    ["kind", "ending"],
)
ATTEMPT_DURATION: Final = Histogram(
    "ninefold_jobs_attempt_duration_seconds",
    "Duration of an attempt in seconds.",
    ["kind"],
    buckets=_DURATION_BUCKETS_S,
)
WAIT: Final = Histogram(
    "ninefold_jobs_wait_seconds",
    "Seconds from when an attempt was due to when it started.",
    buckets=_WAIT_BUCKETS_S,
)
RUNNING: Final = Gauge(
    "ninefold_jobs_running",
    "Jobs that are running.",
    multiprocess_mode="livesum",
)
QUEUED: Final = Gauge(
    "ninefold_jobs_queued",
    "Jobs that are waiting for an attempt or for their key, including those that aren't due yet; up to 100,000.",
    multiprocess_mode="livemostrecent",
)
FAILED: Final = Gauge(
    "ninefold_jobs_failed",
    "Failed jobs that nobody has retried, up to 100,000.",
    multiprocess_mode="livemostrecent",
)


JOB_COUNTS: Final[Counts] = ((QUEUED, store.job_count_queued), (FAILED, store.job_count_failed))
"""The gauges that a `BacklogCounter` sets."""


def observe_waits(jobs: Sequence[ClaimedJob]) -> None:
    """Record how long jobs waited that start now."""
    for job in jobs:
        WAIT.observe(job.waited_s)


def count_outcomes(outcomes: Sequence[AttemptOutcome]) -> None:
    """Count a batch of recorded outcomes."""
    for outcome in outcomes:
        ATTEMPTS.labels(outcome.job.kind, outcome.ending.value).inc()
        ATTEMPT_DURATION.labels(outcome.job.kind).observe(outcome.duration_s)
