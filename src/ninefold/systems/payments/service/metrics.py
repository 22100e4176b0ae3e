"""The Prometheus metrics of payments."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from ninefold.systems.payments.model.payments import Attempt

CALLS: Final = Counter(
    "ninefold_payments_calls_total",
    "Calls to processors whose outcome was recorded, by processor, operation and the state that followed.",
    ["processor", "operation", "state"],
)
CALL_SECONDS: Final = Histogram(
    "ninefold_payments_call_seconds",
    "Time from the call to a processor to its answer.",
    ["processor"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_DOUBT: Final = Gauge(
    "ninefold_payments_in_doubt",
    "Calls whose outcome is in doubt, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)


def count_call(attempt: Attempt) -> None:
    """Update the metrics with an outcome that is committed."""
    CALLS.labels(attempt.processor, attempt.operation, attempt.state).inc()
