"""The Prometheus metrics of uploads and titles."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

UPLOADS: Final = Counter(
    "ninefold_video_uploads_total",
    "Uploads that were created, completed, terminated, expired, or refused because they aren't video.",
    ["what"],
)
UPLOADED_BYTES: Final = Counter("ninefold_video_uploaded_bytes_total", "Bytes of uploads that were committed.")
UPLOADS_RUNNING: Final = Gauge(
    "ninefold_video_uploads_running", "Requests that append to uploads now.", multiprocess_mode="livesum"
)
TITLES: Final = Counter("ninefold_video_titles_total", "Titles that have ended, by status.", ["status"])
TASKS: Final = Counter(
    "ninefold_video_tasks_total", "Tasks that were done or have failed, by kind.", ["kind", "outcome"]
)
TASKS_WAITING: Final = Gauge(
    "ninefold_video_tasks_waiting", "Tasks that wait for a worker.", multiprocess_mode="mostrecent"
)
ENCODE_SPEED: Final = Histogram(
    "ninefold_video_encode_speed",
    "Seconds of a title that are encoded in a second, by rung.",
    ["rung"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64),
)
