"""The Prometheus metrics of messaging. Servers count messages, servers and workers what apps are told."""

from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

MESSAGES: Final = Counter(
    "ninefold_messaging_messages_total", "Answers to messages that were sent: `new`, or `repeated`.", ["result"]
)
POST_SECONDS: Final = Histogram(
    "ninefold_messaging_post_seconds",
    "Time from when the server had read a message until it was committed.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
APP_ATTEMPTS: Final = Counter(
    "ninefold_messaging_app_attempts_total",
    "Attempts to tell apps something, by transport and by the state that followed.",
    ["transport", "state"],
)
APP_EVENTS_WAITING: Final = Gauge(
    "ninefold_messaging_app_events_waiting",
    "What apps haven't taken yet, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)


def count_post(*, is_new: bool, took: timedelta) -> None:
    """Update the metrics with a message that was committed, now or by an earlier send."""
    MESSAGES.labels("new" if is_new else "repeated").inc()
    POST_SECONDS.observe(took.total_seconds())


def count_attempt(*, transport: str, state: str) -> None:
    """Update the metrics with an attempt that has ended, after the commit."""
    APP_ATTEMPTS.labels(transport, state).inc()
