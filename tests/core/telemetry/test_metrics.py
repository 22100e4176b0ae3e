"""Metrics of a single process, and of several that share a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from ninefold.core.telemetry.metrics import (
    METRICS_DIR_VARIABLE,
    BatchHistogram,
    mark_process_dead,
    prepare_metrics_dir,
    render_metrics,
)

TIMEOUT_S = 30.0

COUNT_AND_RENDER = """
import os, sys
from prometheus_client import Counter, Gauge
from ninefold.core.telemetry.metrics import render_metrics
Counter("tried", "Tries.").inc()
Gauge("held", "Held now.", multiprocess_mode="livesum").set(1)
sys.stdout.buffer.write(f"{os.getpid()}\\n".encode() + render_metrics())
"""


def count_and_render(folder: Path) -> tuple[int, str]:
    """Count one try in a separate process; return its pid and its rendered metrics."""
    finished = subprocess.run(
        [sys.executable, "-c", COUNT_AND_RENDER],
        env={**os.environ, METRICS_DIR_VARIABLE: str(folder)},
        capture_output=True,
        check=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    pid, _, text = finished.stdout.partition("\n")
    return int(pid), text


def test_a_single_process_renders_its_own_metrics() -> None:
    counter = Counter("ninefold_test_alone", "Counts.")
    try:
        counter.inc()

        assert b"ninefold_test_alone_total 1.0" in render_metrics()
    finally:
        REGISTRY.unregister(counter)


def test_the_metrics_of_processes_that_share_a_folder_are_summed(tmp_path: Path) -> None:
    folder = prepare_metrics_dir(tmp_path)

    count_and_render(folder)
    _, text = count_and_render(folder)

    assert "tried_total 2.0" in text
    assert "held 2.0" in text


def test_the_counters_of_a_dead_process_are_kept_and_its_live_gauges_removed(tmp_path: Path) -> None:
    folder = prepare_metrics_dir(tmp_path)

    pid, _ = count_and_render(folder)
    mark_process_dead(pid, metrics_dir=folder)
    _, text = count_and_render(folder)

    assert "tried_total 2.0" in text
    assert "held 1.0" in text


def test_metrics_start_at_zero_after_a_restart(tmp_path: Path) -> None:
    folder = prepare_metrics_dir(tmp_path)
    count_and_render(folder)

    assert prepare_metrics_dir(tmp_path) == folder
    assert list(folder.iterdir()) == []


def test_only_the_owner_can_access_the_folder(tmp_path: Path) -> None:
    folder = prepare_metrics_dir(tmp_path / "not" / "there" / "yet")

    assert folder.stat().st_mode & 0o777 == 0o700


@given(st.lists(st.floats(min_value=0, max_value=100) | st.sampled_from([0.1, 1.0, 10.0])))
def test_many_observations_at_once_equal_single_observations(amounts: list[float]) -> None:
    registry = CollectorRegistry()
    one_by_one = Histogram("one_by_one", "", buckets=(0.1, 1, 10), registry=registry)
    at_once = BatchHistogram("at_once", "", buckets=(0.1, 1, 10), registry=registry)

    for amount in amounts:
        one_by_one.observe(amount)
    at_once.observe_many(amounts)

    buckets = [{"le": bound} for bound in ("0.1", "1.0", "10.0", "+Inf")]
    assert [registry.get_sample_value("at_once_bucket", bucket) for bucket in buckets] == [
        registry.get_sample_value("one_by_one_bucket", bucket) for bucket in buckets
    ]
    assert registry.get_sample_value("at_once_sum") == pytest.approx(registry.get_sample_value("one_by_one_sum"))
