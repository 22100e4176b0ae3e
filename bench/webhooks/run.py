"""Compares webhook delivery with the limit of this machine. One run measures both, so that the ratios are meaningful.

    make bench

Prints a table and writes bench/results/webhooks.json. Published results are in docs/benchmarks.md.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
import whole_path
from rich.console import Console
from rich.table import Table

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "webhooks.json"
RATIO_TO_REACH: Final = 0.40
PEAK_RSS_MB_MAX: Final = 150.0


@contextmanager
def running_receiver(*, latency_ms: float = 0.0) -> Iterator[int]:
    """Run the receiver in its own process and yield its port."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "receiver.py"), "--latency-ms", str(latency_ms)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


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


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the limit, the client alone and the whole path in alternation, so that all run under equal conditions."""
    payloads = [json.dumps({"data": "x" * (options.payload_bytes - 12)}).encode()]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        await whole_path.migrate_database(database)
        with running_receiver() as port:
            rounds = [
                await measure_round(options, database, payloads, dsn=dsn, port=port) for _ in range(options.rounds)
            ]
            async with whole_path.running_worker(dsn):
                paced = await whole_path.measure_paced(
                    database, payloads, receiver_port=port, events_per_s=options.events_per_s, seconds=10
                )
        with running_receiver(latency_ms=whole_path.SLOW_RECEIVER_MS) as port:
            async with whole_path.running_worker(dsn) as worker:
                in_flight = await whole_path.measure_in_flight(database, worker, payloads, receiver_port=port)
        await database.close()
    return {
        **{name: median([each[name] for each in rounds]) for name in rounds[0]},
        "paced": paced,
        "in_flight": in_flight,
        "ratio_to_limit": median_ratio(rounds, "ninefold", "limit"),
        "ratio_to_limit_at_same_rate": median_ratio(rounds, "ninefold", "limit_at_same_rate"),
        "egress_ratio_to_limit": median_ratio(rounds, "egress", "limit"),
        "rounds": rounds,
        "payload_bytes": options.payload_bytes,
        "fan_out": whole_path.FAN_OUT,
        "cores": psutil.cpu_count(),
    }


async def measure_round(
    options: argparse.Namespace, database: Database, payloads: Sequence[bytes], *, dsn: str, port: int
) -> dict[str, Any]:
    """Measure each once, in direct succession: the bare senders, the whole path, and the limit at that path's rate."""
    figures = {
        name: run_sender(f"{name}.py", port=port, deliveries=options.deliveries, payload_bytes=options.payload_bytes)
        for name in ("limit", "egress")
    }
    async with whole_path.running_worker(dsn) as worker:
        figures["ninefold"] = await whole_path.measure_backlog(
            database, worker, payloads, receiver_port=port, events=options.deliveries // whole_path.FAN_OUT
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
    """Return the figures of the round with the median deliveries per CPU-second."""
    return sorted(figures, key=lambda each: each["deliveries_per_cpu_s"])[len(figures) // 2]


def median_ratio(rounds: Sequence[dict[str, Any]], name: str, limit: str) -> float:
    """Return the median over the rounds of the deliveries per CPU-second, relative to those of a limit."""
    ratios: list[float] = [each[name]["deliveries_per_cpu_s"] / each[limit]["deliveries_per_cpu_s"] for each in rounds]
    return round(statistics.median(ratios), 3)


def print_results(results: dict[str, Any]) -> None:
    """Print the figures with their targets."""
    rounds = len(results["rounds"])
    table = Table(
        title=f"Webhook delivery, payloads of {results['payload_bytes']} bytes, {results['cores']} cores, "
        f"median of {rounds} rounds"
    )
    for heading in ("", "deliveries/s", "per CPU-second", "peak memory"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, key in (
        ("limit: a bare loop that signs and posts", "limit"),
        ("the client alone", "egress"),
        ("the whole path, fan-out 5", "ninefold"),
        ("the limit, at the whole path's rate", "limit_at_same_rate"),
    ):
        figures = results[key]
        table.add_row(
            name,
            f"{figures['deliveries_per_s']:,}",
            f"{figures['deliveries_per_cpu_s']:,}",
            f"{figures['peak_rss_mb']} MB",
        )
    console = Console(width=110)
    console.print(table)
    paced, in_flight = results["paced"], results["in_flight"]
    console.print(
        f"At {paced['deliveries_per_s']:,} deliveries/s: p50 {paced['p50_ms']} ms, p99 {paced['p99_ms']} ms "
        "from acceptance to the subscriber's response."
    )
    console.print(
        f"With {in_flight['in_flight']:,} requests in flight: peak {in_flight['peak_rss_mb']} MB "
        f"(target: at most {PEAK_RSS_MB_MAX:.0f} MB)."
    )
    console.print(f"Per worker CPU-second, the whole path delivers (target: {RATIO_TO_REACH:.0%} of the limit)")
    for ratio, what in (
        (results["ratio_to_limit"], "of the limit at its full speed"),
        (results["ratio_to_limit_at_same_rate"], "of the limit at the same rate"),
    ):
        console.print(f"  {ratio:.0%} {what}: {'reached' if ratio >= RATIO_TO_REACH else 'not reached'}")


def main() -> None:
    """Measure, write the figures to a file, and print them."""
    parser = argparse.ArgumentParser(description="Compare webhook delivery with the limit of this machine.")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--payload-bytes", type=int, default=1_000)
    parser.add_argument("--events-per-s", type=int, default=100, help="rate of the paced load")
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
