"""Metrics of live feeds."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS: Final = Gauge(
    "ninefold_live_connections", "Clients that are connected.", ["transport"], multiprocess_mode="livesum"
)
SUBSCRIPTIONS: Final = Gauge(
    "ninefold_live_subscriptions", "Subscriptions of connected clients to channels.", multiprocess_mode="livesum"
)
CHANNELS: Final = Gauge(
    "ninefold_live_channels", "Channels that somebody reads, summed over all servers.", multiprocess_mode="livesum"
)
ENTRIES_READ: Final = Counter("ninefold_live_entries_read", "Entries that were read from logs, once per process.")
ENTRIES_SENT: Final = Counter("ninefold_live_entries_sent", "Entries that were passed to subscriptions.")
RECOVERIES: Final = Counter(
    "ninefold_live_recoveries", "Subscriptions that continued from an earlier position.", ["result"]
)
DISCONNECTS: Final = Counter(
    "ninefold_live_disconnects", "Clients that the server has disconnected.", ["transport", "code"]
)
REFUSALS: Final = Counter(
    "ninefold_live_refusals", "Clients that were told to come back later, because too many came at once."
)
READ_DURATION: Final = Histogram(
    "ninefold_live_read_duration_seconds",
    "Time of one read of changed channels.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
