"""The metrics of the fleet."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

QUEUED: Final = Gauge("ninefold_workflows_jobs_queued", "Jobs that wait for a runner.", multiprocess_mode="mostrecent")
RUNNING: Final = Gauge("ninefold_workflows_jobs_running", "Jobs that runners have.", multiprocess_mode="mostrecent")
PICKUP: Final = Histogram(
    "ninefold_workflows_job_pickup_seconds",
    "Time from when a job is queued until a runner has it.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600),
)
LOST: Final = Counter("ninefold_workflows_jobs_lost", "Jobs whose runner was lost.")
ENDED: Final = Counter("ninefold_workflows_jobs_ended", "Jobs that runners have ended.", ["conclusion"])
