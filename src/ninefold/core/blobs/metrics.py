"""The Prometheus metrics of blobs."""

from typing import Final

from prometheus_client import Counter, Histogram

PUTS: Final = Counter(
    "ninefold_blobs_puts_total",
    "Uploads that have ended, by result: stored, refused for a limit, or failed.",
    ["result"],
)
PUT_DURATION: Final = Histogram(
    "ninefold_blobs_put_duration_seconds",
    "Time from the beginning of an upload until its contents were in the store; as long as the source takes.",
    buckets=(0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0),
)
WRITTEN_BYTES: Final = Counter("ninefold_blobs_written_bytes_total", "Bytes of blobs that were uploaded.")
READ_BYTES: Final = Counter("ninefold_blobs_read_bytes_total", "Bytes of blobs that were read from the store.")
EXPIRED: Final = Counter("ninefold_blobs_expired_total", "Blobs that no row has named in time.")
REMOVED: Final = Counter("ninefold_blobs_removed_total", "Deleted and expired blobs whose contents were removed.")
