"""Measures webhook delivery: the CPU time that a delivery takes, and how much bad receivers delay good ones.

    make bench SYSTEM=webhooks

Prints tables and writes bench/results/webhooks.json. Published results are in docs/benchmarks.md.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import psutil
import uvloop
import whole_path
from growth import measure_stored, measure_subscriptions
from installation import running_installation
from measure import read_payloads
from neighbours import measure_neighbours
from order import measure_order
from publishing import measure_publishing
from receiver_process import running_receiver
from report import print_delivery, print_growth, print_neighbours, print_order, print_publishing, print_tiers
from tiers import measure_tiers

from ninefold.core.postgres.embedded import EmbeddedPostgres

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "webhooks.json"
PARTS: Final = ("delivery", "publishing", "neighbours", "tiers", "subscriptions", "stored", "order")


def run_sender(
    script: str, *, port: int, deliveries: int, payload_bytes: int, rate: int | None = None
) -> dict[str, Any]:
    """Run one of the bare senders, at a rate or at full speed, and return its figures."""
    options = [f"--port={port}", f"--deliveries={deliveries}", f"--payload-bytes={payload_bytes}"]
    if rate is not None:
        options.append(f"--rate={rate}")
    done = subprocess.run(
        [sys.executable, str(HERE / script), *options], stdout=subprocess.PIPE, check=True, timeout=300
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


async def measure_delivery(options: argparse.Namespace, postgres: EmbeddedPostgres) -> dict[str, Any]:
    """Measure the limit, the client alone and the whole path in alternation, so that all run under equal conditions."""
    payloads = read_payloads(None, payload_bytes=options.payload_bytes)
    with running_receiver() as port:
        rounds = [await measure_round(options, postgres, payloads, port=port) for _ in range(options.rounds)]
        async with running_installation(postgres, settings=whole_path.SETTINGS) as installation:
            paced = await whole_path.measure_paced(
                installation, payloads, receiver_port=port, events_per_s=options.events_per_s, seconds=10
            )
    with running_receiver(latency_ms=whole_path.SLOW_RECEIVER_MS) as port:
        async with running_installation(postgres, settings=whole_path.SETTINGS) as installation:
            in_flight = await whole_path.measure_in_flight(installation, payloads, receiver_port=port)
    return {
        **{name: median([each[name] for each in rounds]) for name in rounds[0]},
        "paced": paced,
        "in_flight": in_flight,
        "cpu_ratio_to_limit": median_ratio(rounds, "total"),
        "worker_cpu_ratio_to_limit": median_ratio(rounds, "worker"),
        "rounds": rounds,
        "fan_out": whole_path.FAN_OUT,
    }


async def measure_single_events(options: argparse.Namespace, postgres: EmbeddedPostgres) -> dict[str, Any]:
    """Measure events that are published one by one; return the round with the median ratio to batches."""
    payloads = read_payloads(None, payload_bytes=options.payload_bytes)
    rounds = []
    with running_receiver() as port:
        for _ in range(options.rounds):
            async with running_installation(postgres, settings=whole_path.SETTINGS) as installation:
                rounds.append(
                    await measure_publishing(installation, payloads, receiver_port=port, events=options.single_events)
                )
    return {**sorted(rounds, key=lambda each: each["ratio_to_batches"])[len(rounds) // 2], "rounds": rounds}


async def measure_round(
    options: argparse.Namespace, postgres: EmbeddedPostgres, payloads: Sequence[bytes], *, port: int
) -> dict[str, Any]:
    """Measure each once, in direct succession: the bare senders, the whole path, and the limit at that path's rate."""
    figures = {
        name: run_sender(f"{name}.py", port=port, deliveries=options.deliveries, payload_bytes=options.payload_bytes)
        for name in ("limit", "egress")
    }
    async with running_installation(postgres, settings=whole_path.SETTINGS) as installation:
        figures["ninefold"] = await whole_path.measure_backlog(
            installation, payloads, receiver_port=port, events=options.deliveries // whole_path.FAN_OUT
        )
    figures["limit_at_same_rate"] = run_sender(
        "limit.py",
        port=port,
        deliveries=options.deliveries,
        payload_bytes=options.payload_bytes,
        rate=figures["ninefold"]["deliveries_per_s"],
    )
    return figures


def median(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of the round with the median CPU time per delivery."""
    return sorted(figures, key=lambda each: each["cpu_us_per_delivery_total"])[len(figures) // 2]


def median_ratio(rounds: Sequence[dict[str, Any]], part: str) -> float:
    """Return the median over the rounds of a part's CPU time per delivery, relative to the limit at the same rate."""
    ratios: list[float] = [
        each["ninefold"][f"cpu_us_per_delivery_{part}"] / each["limit_at_same_rate"]["cpu_us_per_delivery_total"]
        for each in rounds
    ]
    return round(statistics.median(ratios), 2)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for."""
    parts = _parts(options)
    results: dict[str, Any] = {
        "payload_bytes": options.payload_bytes,
        "cores": psutil.cpu_count(),
        "load_average_before": round(psutil.getloadavg()[0], 1),
    }
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        if "delivery" in parts:
            results.update(await measure_delivery(options, postgres))
        if "publishing" in parts:
            results["publishing"] = await measure_single_events(options, postgres)
        if "neighbours" in parts:
            (payload,) = read_payloads(None, payload_bytes=options.payload_bytes)
            results["neighbours"] = await measure_neighbours(postgres, payload, rounds=options.rounds, seconds=15)
        if "tiers" in parts:
            (payload,) = read_payloads(None, payload_bytes=options.payload_bytes)
            results["tiers"] = await measure_tiers(
                postgres, payload, rounds=options.rounds, bulk_deliveries=options.deliveries
            )
        if "subscriptions" in parts:
            results["subscriptions"] = await measure_backlogs(options, postgres, measure_subscriptions)
        if "stored" in parts:
            measure_million = partial(measure_stored, stored=options.stored_deliveries)
            results["stored"] = await measure_backlogs(options, postgres, measure_million)
        if "order" in parts:
            results["order"] = await measure_backlogs(options, postgres, measure_order)
    return results


async def measure_backlogs(
    options: argparse.Namespace, postgres: EmbeddedPostgres, measure: Callable[..., Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """Let a part measure backlogs of this many deliveries in its own conditions."""
    payloads = read_payloads(None, payload_bytes=options.payload_bytes)
    events = options.deliveries // whole_path.FAN_OUT
    with running_receiver() as port:
        return await measure(postgres, payloads, receiver_port=port, rounds=options.rounds, events=events)


def _parts(options: argparse.Namespace) -> Sequence[str]:
    return PARTS if options.only is None else [options.only]


def main() -> None:
    """Measure, write the figures to a file, and print them."""
    parser = argparse.ArgumentParser(description="Measure webhook delivery.")
    parser.add_argument("--only", choices=PARTS, help="the part to measure; all by default")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--payload-bytes", type=int, default=1_000)
    parser.add_argument("--events-per-s", type=int, default=50, help="rate of the paced load")
    parser.add_argument("--single-events", type=int, default=6_000, help="events that are published one by one")
    parser.add_argument("--stored-deliveries", type=int, default=1_000_000, help="that are there already")
    options = parser.parse_args()
    results = uvloop.run(measure(options))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if "delivery" in _parts(options):
        print_delivery(results)
    if "publishing" in _parts(options):
        print_publishing(results["publishing"])
    if "neighbours" in _parts(options):
        print_neighbours(results["neighbours"])
    if "tiers" in _parts(options):
        print_tiers(results["tiers"])
    if "subscriptions" in _parts(options):
        print_growth("10,000 subscriptions instead of 10", results["subscriptions"], ratio_max=1.2)
    if "stored" in _parts(options):
        stored = f"{options.stored_deliveries:,} stored deliveries instead of none"
        print_growth(stored, results["stored"], ratio_max=1.1)
    if "order" in _parts(options):
        print_order(results["order"])


if __name__ == "__main__":
    main()
