"""`ninefold plan`: what a load of webhooks needs. It needs no server."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import print_json, print_note, print_table
from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.rules.capacity import (
    Figures,
    Load,
    PlanLine,
    plan_capacity,
    read_duration,
    read_rate,
    read_size,
)
from ninefold.systems.webhooks.service.publishing import PAYLOAD_BYTES_MAX

FAN_OUT_MAX: Final = 1_000_000
_SHIPPED: Final = "rules/capacity_figures.json"
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_SINGULAR: Final = {"processes": "process", "cores": "core"}
_THOUSAND: Final = 1000

plan = App(
    name="plan",
    help=(
        "Say what a load of webhooks needs, each number with its formula and the measurement it rests on.\n\n"
        "Example: ninefold plan --events 100000/s --fanout 5 --latency 200ms --payload 2KiB --retention 7d"
    ),
)


@plan.default
def plan_deployment(
    *,
    events: str,
    fanout: float,
    latency: str = "200ms",
    payload: str = "2KiB",
    retention: str = "7d",
    figures: Path | None = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> None:
    """Say what a load needs.

    Args:
        events: Rate of events, such as 100000/s or 2000000/d.
        fanout: Subscriptions that match an event, on average.
        latency: Time that receivers take to answer, such as 200ms.
        payload: Size of an event's payload, such as 2KiB; at most 1 MiB.
        retention: How long events and deliveries are kept, such as 7d.
        figures: File of `make bench SYSTEM=webhooks` on this machine; by default the shipped figures are used.
        json: Print JSON instead of a table.
    """
    if not 0 < fanout <= FAN_OUT_MAX:
        raise InvalidInputError(
            f"--fanout: {fanout:g} is out of range.",
            field="--fanout",
            remedy=f"Give more than 0 and at most {FAN_OUT_MAX:,}.",
        )
    planned = plan_capacity(
        Load(
            events_per_s=read_rate(events, field="--events"),
            fan_out=fanout,
            latency_s=read_duration(latency, field="--latency"),
            payload_bytes=read_size(payload, field="--payload", highest_bytes=PAYLOAD_BYTES_MAX),
            retention_s=read_duration(retention, field="--retention"),
        ),
        _shipped() if figures is None else _measured(figures),
    )
    if json:
        print_json(planned)
        return
    rows = [[line.name, _shown(line), line.formula, line.basis] for line in planned.lines]
    print_table(["what", "needed", "formula", "rests on"], rows, empty="")
    print_note(planned.shape)


def _shipped() -> Figures:
    return msgspec.json.decode(files("ninefold.systems.webhooks").joinpath(_SHIPPED).read_bytes(), type=Figures)


def _measured(file: Path) -> Figures:
    """Return the shipped figures with the CPU times of a benchmark on this machine.

    Raises:
        InvalidInputError: the file can't be read, or isn't that of the benchmark.
    """
    try:
        results: dict[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        delivery, publishing = results["ninefold"], results["publishing"]
        return msgspec.structs.replace(
            _shipped(),
            source=f"measured in {file.name}",
            server_us=float(delivery["cpu_us_per_delivery_server"]),
            worker_us=float(delivery["cpu_us_per_delivery_worker"]),
            postgresql_us=float(delivery["cpu_us_per_delivery_postgresql"]),
            measured_fan_out=int(results["fan_out"]),
            single_event_us=float(publishing["cpu_us_per_event_server"]),
            single_event_source=f"measured in {file.name}",
        )
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        why = f"can't be read: {error.strerror}" if isinstance(error, OSError) else "isn't a result of the benchmark"
        raise InvalidInputError(
            f"--figures: {file} {why}.",
            field="--figures",
            remedy="Run `make bench SYSTEM=webhooks`, and give bench/results/webhooks.json.",
        ) from error


def _shown(line: PlanLine) -> str:
    if line.unit not in {"bytes", "bytes/s"}:
        number = f"{line.value:,.0f}" if line.value >= 1 else f"{line.value:.2g}"
        named = _SINGULAR.get(line.unit, line.unit) if line.value == 1 else line.unit
        return f"{number}{'' if named.startswith('/') else ' '}{named}"
    value, unit = line.value, 0
    while value >= _THOUSAND and unit < len(_UNITS) - 1:
        value, unit = value / _THOUSAND, unit + 1
    return f"{value:,.1f} {_UNITS[unit]}{line.unit.removeprefix('bytes')}"
