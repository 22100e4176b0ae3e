"""The Prometheus metrics of callbacks."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter as MetricCounter
from prometheus_client import Gauge

from ninefold.systems.callbacks.model import Judgement

JUDGED: Final = MetricCounter(
    "ninefold_callbacks_judged_total",
    "Callbacks whose verification has ended, by status and by the reason of a quarantine.",
    ["status", "reason"],
)
WAITING: Final = Gauge(
    "ninefold_callbacks_received",
    "Callbacks that wait to be verified, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)


def count_judgements(judgements: Sequence[Judgement]) -> None:
    """Update the metrics with judgements that are committed."""
    for (status, reason), count in Counter([(each.status, each.reason or "") for each in judgements]).items():
        JUDGED.labels(status.value, reason).inc(count)
