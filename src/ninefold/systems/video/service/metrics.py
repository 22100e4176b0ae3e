"""The Prometheus metrics of uploads and titles."""

from typing import Final

from prometheus_client import Counter, Gauge

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
