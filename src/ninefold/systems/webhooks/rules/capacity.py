"""How much of everything a load of deliveries needs, each number with its formula and the measurement it rests on."""

import math
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError

UTILISATION_MAX: Final = 0.7
"""How much of a core is planned for. Above that, queues grow with every irregularity."""

POSTGRESQL_CORES_MAX: Final = 32
"""The largest PostgreSQL that is planned. It is an assumption: no more than 2 cores were measured."""

POSTGRESQL_WAL_BYTES_PER_S_MAX: Final = 250_000_000
"""How much WAL one PostgreSQL is planned to write and to replicate. It is an assumption too."""

ONE_MACHINE_CORES_MAX: Final = 8
"""Up to this many cores in total, one machine with `ninefold up` is planned."""

REQUEST_HEAD_BYTES: Final = 350
"""The request line and the headers of a delivery. With a short URL and event type, 352 were counted."""

EVENT_ROW_VERSIONS: Final = 3
"""An event's row is written when it is published, claimed and finished."""

_DAY_S: Final = 86_400
_TIMES: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_SIZES: Final = {"B": 1, "KB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}
_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z/]+)")
_MAX: Final = 1e12


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: CPU time in microseconds, sizes in bytes."""

    source: str
    """Where the CPU times were measured."""
    server_us: float
    """Of the server for a delivery, with events published in batches of 100 and a fan-out of 5."""
    worker_us: float
    postgresql_us: float
    measured_fan_out: int
    single_event_us: float
    """Of the server for an event that is published by a request of its own."""
    single_event_source: str
    row_source: str
    """Where the sizes of rows and of the WAL were measured."""
    event_row_bytes: float
    """An event's row with its index entries, without its payload."""
    delivery_row_bytes: float
    wal_bytes_per_event: float
    """The WAL of an event with `measured_fan_out` deliveries, without its payload."""
    in_flight_max: int
    """Attempts in flight of one worker."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned for."""

    events_per_s: float
    fan_out: float
    latency_s: float
    """How long receivers take to answer."""
    payload_bytes: float
    retention_s: float

    @property
    def deliveries_per_s(self) -> float:
        """How many requests are sent a second, if each succeeds with its first attempt."""
        return self.events_per_s * self.fan_out


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a plan."""

    name: str
    value: float
    unit: str
    formula: str
    basis: str
    """The measurement or the rule that it rests on."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a load needs."""

    lines: Sequence[PlanLine]
    shape: str
    """How to deploy it."""
    source: str


def plan_capacity(load: Load, figures: Figures) -> Plan:
    """Return what a load needs, by the figures."""
    deliveries = load.deliveries_per_s
    in_flight = deliveries * load.latency_s
    worker_cores = deliveries * figures.worker_us / 1e6 / UTILISATION_MAX
    workers = max(1, math.ceil(worker_cores), math.ceil(in_flight / figures.in_flight_max))
    server_us = figures.server_us * figures.measured_fan_out
    batch_servers = max(1, math.ceil(load.events_per_s * server_us / 1e6 / UTILISATION_MAX))
    single_servers = max(1, math.ceil(load.events_per_s * figures.single_event_us / 1e6 / UTILISATION_MAX))
    postgresql = deliveries * figures.postgresql_us / 1e6 / UTILISATION_MAX
    wal_bytes_per_s = load.events_per_s * (
        load.payload_bytes * EVENT_ROW_VERSIONS + _wal_bytes_per_delivery(figures) * load.fan_out
    )
    cpu = f"CPU time per delivery, {figures.source}"
    lines = [
        _line("deliveries", deliveries, "/s", "events/s * fan-out", "each succeeds with its first attempt"),
        _line("connections", math.ceil(in_flight), "at once", "deliveries/s * latency", "Little's law"),
        _line(
            "workers",
            workers,
            "processes",
            f"the larger of deliveries/s * {figures.worker_us:g} µs / {UTILISATION_MAX} "
            f"and connections / {figures.in_flight_max:,}",
            f"{cpu}; NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX",
        ),
        _line(
            "API processes, batches of 100",
            batch_servers,
            "processes",
            f"events/s * {server_us:g} µs / {UTILISATION_MAX}",
            f"{cpu}, * fan-out {figures.measured_fan_out}",
        ),
        _line(
            "API processes, one event a request",
            single_servers,
            "processes",
            f"events/s * {figures.single_event_us:g} µs / {UTILISATION_MAX}",
            f"CPU time per event, {figures.single_event_source}",
        ),
        _line(
            "PostgreSQL",
            math.ceil(postgresql),
            "cores",
            f"deliveries/s * {figures.postgresql_us:g} µs / {UTILISATION_MAX}",
            cpu,
        ),
        _line(
            "network, sent",
            deliveries * (load.payload_bytes + REQUEST_HEAD_BYTES),
            "bytes/s",
            f"deliveries/s * (payload + {REQUEST_HEAD_BYTES})",
            "bytes of a request with a short URL, counted; without TLS and TCP, and without what PostgreSQL is sent",
        ),
        *_disk_lines(load, figures, wal_bytes_per_s=wal_bytes_per_s),
    ]
    return Plan(
        lines=lines,
        shape=_shape(
            postgresql,
            wal_bytes_per_s=wal_bytes_per_s,
            cores=postgresql + worker_cores + batch_servers,
            workers=workers,
            servers=batch_servers,
        ),
        source=figures.source,
    )


def _disk_lines(load: Load, figures: Figures, *, wal_bytes_per_s: float) -> list[PlanLine]:
    stored = (
        load.events_per_s * (load.payload_bytes + figures.event_row_bytes)
        + load.deliveries_per_s * figures.delivery_row_bytes
    ) * _DAY_S
    return [
        _line(
            "database writes",
            load.events_per_s * EVENT_ROW_VERSIONS + load.deliveries_per_s,
            "rows/s",
            f"events/s * {EVENT_ROW_VERSIONS} + deliveries/s",
            "an event is inserted, claimed and finished; a delivery is inserted with its outcome",
        ),
        _line(
            "disk a day",
            stored,
            "bytes",
            f"(events/s * (payload + {figures.event_row_bytes:g}) + deliveries/s * {figures.delivery_row_bytes:g}) * "
            f"{_DAY_S:,} s",
            f"bytes of a row with its index entries, {figures.row_source}",
        ),
        _line("disk", stored * load.retention_s / _DAY_S, "bytes", "disk a day * retention", "what is kept"),
        _line(
            "WAL a day",
            wal_bytes_per_s * _DAY_S,
            "bytes",
            f"events/s * ({EVENT_ROW_VERSIONS} * payload + {_wal_bytes_per_delivery(figures):g} * fan-out)"
            f" * {_DAY_S:,} s",
            f"bytes of WAL, {figures.row_source}; to replicate or to archive",
        ),
    ]


def _wal_bytes_per_delivery(figures: Figures) -> float:
    return figures.wal_bytes_per_event / figures.measured_fan_out


def read_rate(text: str, *, field: str) -> float:
    """Return events per second of a text such as `100000/s` or `5000000/d`.

    Raises:
        InvalidInputError: it isn't a rate.
    """
    number, unit = _split(text)
    if not unit.startswith("/") or unit[1:] not in _TIMES:
        raise _invalid(text, field=field, kind="a rate", example="100000/s, 5000/min or 2000000/d")
    return _bounded(number / _TIMES[unit[1:]], text, field=field, most=f"{_MAX:,.0f}/s")


def read_duration(text: str, *, field: str) -> float:
    """Return the seconds of a text such as `200ms` or `7d`.

    Raises:
        InvalidInputError: it isn't a duration.
    """
    number, unit = _split(text)
    if unit not in _TIMES:
        raise _invalid(text, field=field, kind="a duration", example="200ms, 30s or 7d")
    return _bounded(number * _TIMES[unit], text, field=field, most=f"{_MAX:,.0f} s")


def read_size(text: str, *, field: str, highest_bytes: float = _MAX) -> float:
    """Return the bytes of a text such as `2KiB`.

    Raises:
        InvalidInputError: it isn't a size, or more than the highest.
    """
    number, unit = _split(text)
    if unit not in _SIZES:
        raise _invalid(text, field=field, kind="a size", example="2KiB, 500B or 1MB")
    return _bounded(
        number * _SIZES[unit], text, field=field, most=f"{highest_bytes / 2**20:g} MiB", highest=highest_bytes
    )


def _split(text: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text.strip().replace(",", ""))
    return (float(match[1]), match[2]) if match is not None and len(text) <= 40 else (0.0, "")  # noqa: PLR2004  # long enough for any.


def _bounded(value: float, text: str, *, field: str, most: str, highest: float = _MAX) -> float:
    if not 0 < value <= highest:
        raise InvalidInputError(
            f"{field}: {text[:40]} is out of range.", field=field, remedy=f"Give more than 0 and at most {most}."
        )
    return value


def _invalid(text: str, *, field: str, kind: str, example: str) -> InvalidInputError:
    return InvalidInputError(
        f"{field}: {text[:40]!r} isn't {kind}.", field=field, remedy=f"Give a number with its unit, such as {example}."
    )


def _line(name: str, value: float, unit: str, formula: str, basis: str) -> PlanLine:
    return PlanLine(name=name, value=round(value, 1) if value >= 1 else value, unit=unit, formula=formula, basis=basis)


def _shape(postgresql: float, *, wal_bytes_per_s: float, cores: float, workers: int, servers: int) -> str:
    if cores <= ONE_MACHINE_CORES_MAX and wal_bytes_per_s <= POSTGRESQL_WAL_BYTES_PER_S_MAX:
        return f"One machine with {max(2, math.ceil(cores))} cores: `ninefold up`."
    installations = math.ceil(max(postgresql / POSTGRESQL_CORES_MAX, wal_bytes_per_s / POSTGRESQL_WAL_BYTES_PER_S_MAX))
    if installations <= 1:
        return (
            f"One PostgreSQL with {math.ceil(postgresql)} cores on a machine of its own; {servers} of `ninefold serve` "
            f"behind a load balancer, and {workers} of `ninefold worker`, a core each. More than 2 cores of PostgreSQL "
            "weren't measured: test it with your load."
        )
    return (
        f"{installations} installations, and the organisations divided among them: one installation has one "
        f"PostgreSQL, which is planned with at most {POSTGRESQL_CORES_MAX} cores and "
        f"{POSTGRESQL_WAL_BYTES_PER_S_MAX / 1e6:.0f} MB/s of WAL. Neither limit was measured: test it with your load."
    )
