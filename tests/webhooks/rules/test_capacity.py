"""The planner: each number follows from its formula, and wrong input is refused with the option and a remedy."""

from collections.abc import Callable
from typing import Final

import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.rules.capacity import (
    Figures,
    Load,
    plan_capacity,
    read_duration,
    read_rate,
    read_size,
)

FIGURES: Final = Figures(
    source="a test",
    server_us=7.0,
    worker_us=35.0,
    postgresql_us=14.0,
    measured_fan_out=5,
    single_event_us=350.0,
    single_event_source="a test",
    row_source="a test",
    event_row_bytes=200.0,
    delivery_row_bytes=300.0,
    wal_bytes_per_event=5_000.0,
    in_flight_max=3_000,
)


def load(**changes: float) -> Load:
    given = {
        "events_per_s": 1_000.0,
        "fan_out": 5.0,
        "latency_s": 0.2,
        "payload_bytes": 800.0,
        "retention_s": 172_800.0,
    }
    return Load(**{**given, **changes})


def test_each_number_follows_from_its_formula() -> None:
    lines = {line.name: line.value for line in plan_capacity(load(), FIGURES).lines}

    assert lines == {
        "deliveries": 5_000,
        "connections": 1_000,
        "workers": 1,
        "API processes, batches of 100": 1,
        "API processes, one event a request": 1,
        "PostgreSQL": 1,
        "network, sent": 5_000 * (800 + 350),
        "database writes": 8_000,
        "disk a day": 86_400 * (1_000 * 1_000 + 5_000 * 300),
        "disk": 2 * 86_400 * (1_000 * 1_000 + 5_000 * 300),
        "WAL a day": 86_400 * 1_000 * (3 * 800 + 5_000),
    }


@pytest.mark.parametrize(
    ("changes", "workers"),
    [({"events_per_s": 4_000.0}, 2), ({"latency_s": 3.0}, 5), ({"events_per_s": 0.01, "latency_s": 0.001}, 1)],
)
def test_workers_are_enough_for_the_cpu_time_and_for_the_connections(changes: dict[str, float], workers: int) -> None:
    lines = {line.name: line.value for line in plan_capacity(load(**changes), FIGURES).lines}

    assert lines["workers"] == workers


@pytest.mark.parametrize(
    ("events_per_s", "words"),
    [(1_000.0, "One machine"), (30_000.0, "One PostgreSQL"), (100_000.0, "3 installations")],
)
def test_the_shape_grows_with_the_load(events_per_s: float, words: str) -> None:
    assert plan_capacity(load(events_per_s=events_per_s), FIGURES).shape.startswith(words)


def test_one_machine_is_not_planned_for_more_wal_than_it_writes() -> None:
    # 100 payloads of 1 MiB a second need little CPU time, but 3.1 GB of WAL every ten seconds.
    shape = plan_capacity(load(events_per_s=100.0, payload_bytes=2**20), FIGURES).shape

    assert shape.startswith("2 installations")


def test_a_small_rate_is_not_rounded_to_nothing() -> None:
    lines = {line.name: line.value for line in plan_capacity(load(events_per_s=0.001, fan_out=2.0), FIGURES).lines}

    assert lines["deliveries"] == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_rate, "100000/s", 100_000.0),
        (read_rate, "6,000/min", 100.0),
        (read_rate, "86400/d", 1.0),
        (read_duration, "200ms", 0.2),
        (read_duration, "7d", 604_800.0),
        (read_duration, "1.5 h", 5_400.0),
        (read_size, "2KiB", 2_048.0),
        (read_size, "500B", 500.0),
    ],
)
def test_units_are_read(read: Callable[..., float], text: str, value: float) -> None:
    assert read(text, field="--x") == pytest.approx(value)


@pytest.mark.parametrize("read", [read_rate, read_duration, read_size])
@pytest.mark.parametrize(
    "text", ["", "5", "-1/s", "0/s", "0s", "0B", "1e400/s", "x" * 1_000, "9" * 39 + "d", "5 parsecs"]
)
def test_wrong_input_is_refused_with_the_option_and_a_remedy(read: Callable[..., float], text: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        read(text, field="--x")

    assert raised.value.field == "--x"
    assert raised.value.remedy
    assert len(str(raised.value)) < 250
