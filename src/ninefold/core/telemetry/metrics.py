"""Metrics for Prometheus, aggregated over all processes of one machine.

Each system defines its counters and histograms next to its code, with `prometheus_client`. Processes share them
through files in one folder. `prometheus_client` reads the path of the folder from the environment when it is imported.
A parent process therefore passes the folder of `prepare_metrics_dir` to its children as `METRICS_DIR_VARIABLE`. A
process without the variable only has its own metrics.
"""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest, multiprocess

METRICS_DIR_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
METRICS_CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


def prepare_metrics_dir(data_dir: Path) -> Path:
    """Create the folder in which processes share their metrics, or remove the files of an earlier run from it.

    Call it before the first process starts, and pass the result to the processes as `METRICS_DIR_VARIABLE`.
    """
    folder = data_dir / "metrics"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old_file in folder.glob("*.db"):
        old_file.unlink()
    return folder


def mark_process_dead(pid: int, *, metrics_dir: Path) -> None:
    """Remove the live gauges of a dead process. Its counters are kept, so that totals never decrease."""
    multiprocess.mark_process_dead(pid, path=str(metrics_dir))  # type: ignore[no-untyped-call]


class BatchHistogram(Histogram):
    """A histogram that records many observations at once, in a third of the time."""

    def observe_many(self, amounts: Sequence[float]) -> None:
        """Record each of these values."""
        self._sum.inc(sum(amounts))
        counts = Counter([bisect_left(self._upper_bounds, amount) for amount in amounts])
        for position, count in counts.items():
            self._buckets[position].inc(count)


def render_metrics() -> bytes:
    """Return the metrics of all processes that share the folder, in the Prometheus text format."""
    if METRICS_DIR_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
