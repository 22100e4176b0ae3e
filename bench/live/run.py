"""Measures live feeds: messages per CPU-second of the server, memory per connection, and latency.

    .venv/bin/python bench/live/run.py

Prints a table, and writes bench/results/live.json. docs/benchmarks.md has the published results. Each round measures
Ninefold and a bare loop, which only sends through ASGI, one after the other at the same rate.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import psutil
import uvloop
from boards import CHANNEL, SCHEMA, append
from rich.console import Console
from rich.table import Table

from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.service import ensure_first_organisation
from ninefold.edge.systems import migration_sources

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "live.json"
PORT: Final = 28_917
DATA: Final = json.dumps({"text": "x" * 180})
RATIO_TARGET: Final = 0.6
LATENCY_TARGET_MS: Final = 3.0
ARRIVE_TIMEOUT_S: Final = 60.0
LATENCY_SAMPLES: Final = 200


class Load(NamedTuple):
    """How many messages are sent, and to whom."""

    name: str
    is_shared: bool
    """Whether all connections read one channel, or each its own."""
    width: int
    """Messages per tick; each goes to all connections of its channel."""
    interval_s: float

    def ticks(self, duration_s: float) -> int:
        """Return how often messages are published."""
        return int(duration_s / self.interval_s)


LOADS: Final = (
    Load("one channel", is_shared=True, width=1, interval_s=0.1),
    Load("many channels", is_shared=False, width=20, interval_s=0.005),
)


class Served(NamedTuple):
    """A running server with its connected clients."""

    server: psutil.Process
    clients: Process
    rss_before: int

    async def counts(self) -> dict[str, Any]:
        """Return what the clients have counted."""
        assert self.clients.stdin is not None
        assert self.clients.stdout is not None
        self.clients.stdin.write(b"\n")
        counts: dict[str, Any] = json.loads(await self.clients.stdout.readline())
        return counts


@asynccontextmanager
async def served(name: str, dsn: str, token: str, *, load: Load, connections: int) -> AsyncIterator[Served]:
    """Run a server, and clients that have subscribed."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "server.py"), name, str(PORT), dsn, stdout=subprocess.DEVNULL
    )
    try:
        await _wait_until_open()
        rss_before = psutil.Process(server.pid).memory_info().rss
        channel = CHANNEL + ("0" if load.is_shared else "{}")
        clients = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "clients.py"), str(PORT), str(connections), channel, stdin=PIPE, stdout=PIPE
        )
        try:
            assert clients.stdin is not None
            assert clients.stdout is not None
            clients.stdin.write(json.dumps([token]).encode() + b"\n")
            ready = await clients.stdout.readline()
            assert ready == b"ready\n", "the clients couldn't connect"
            yield Served(psutil.Process(server.pid), clients, rss_before)
        finally:
            clients.kill()
            await clients.wait()
    finally:
        server.kill()
        await server.wait()


async def measure(
    name: str, database: Database, dsn: str, token: str, *, load: Load, connections: int, duration_s: float
) -> dict[str, Any]:
    """Publish for a while; return the messages per CPU-second of the server and its memory per connection."""
    async with served(name, dsn, token, load=load, connections=connections) as running:
        memory = (running.server.memory_info().rss - running.rss_before) / connections
        ticks = load.ticks(duration_s)
        expected = ticks * (connections if load.is_shared else load.width)
        began_at, cpu_before = time.perf_counter(), _cpu_s(running.server)
        if name == "bare":
            await _publish_bare(load, ticks)
        else:
            await _publish(database, load, ticks, connections=connections)
        async with asyncio.timeout(ARRIVE_TIMEOUT_S):
            while (counts := await running.counts())["total"] < expected:
                await asyncio.sleep(0.05)
        assert counts["total"] == expected, "a message arrived twice"
        cpu_s = _cpu_s(running.server) - cpu_before
        return {
            "messages": expected,
            "messages_per_s": round(expected / (counts["latest_at"] - began_at)),
            "messages_per_cpu_s": round(expected / cpu_s),
            "connection_kb": round(memory / 1000, 1),
        }


async def measure_latency(database: Database, dsn: str, token: str) -> dict[str, Any]:
    """Return the time from the commit to the client's socket, on a server that is otherwise idle."""
    del database
    delays_ms = []
    async with (
        served("ninefold", dsn, token, load=LOADS[0], connections=1) as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", trust_env=False) as client,
    ):
        for number in range(1, LATENCY_SAMPLES + 1):
            committed_at = (await client.post("/commit")).json()["committed_at"]
            while (counts := await running.counts())["total"] < number:
                await asyncio.sleep(0.001)
            delays_ms.append((counts["latest_at"] - committed_at) * 1000)
            await asyncio.sleep(0.01)
    percentiles = statistics.quantiles(delays_ms, n=100)
    return {"p50_ms": round(percentiles[49], 2), "p99_ms": round(percentiles[98], 2)}


async def _publish(database: Database, load: Load, ticks: int, *, connections: int) -> None:
    """Commit entries from this process, which notifies the server."""
    notifier = Notifier(database)
    began_at, position = time.perf_counter(), 0
    for tick in range(ticks):
        await asyncio.sleep(max(0, began_at + tick * load.interval_s - time.perf_counter()))
        names = ["0"]
        if not load.is_shared:
            names = [str((position + offset) % connections) for offset in range(load.width)]
            position += load.width
        async with database.connection() as connection:
            await append(connection, names, DATA.encode())
        notifier.notify(LIVE_CHANNEL, *[CHANNEL + name for name in names])
    await asyncio.sleep(0.1)


async def _publish_bare(load: Load, ticks: int) -> None:
    plan = {
        "ticks": ticks,
        "interval_s": load.interval_s,
        "width": load.width,
        "is_shared": load.is_shared,
        "data": DATA,
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", trust_env=False) as client:
        await client.post("/publish", json=plan)


async def _wait_until_open() -> None:
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", PORT)
                writer.close()
                return
            await asyncio.sleep(0.05)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def main(*, rounds: int, connections: int, duration_s: float) -> None:
    """Measure everything, print the medians, and write them to a file."""
    figures: dict[str, list[dict[str, Any]]] = {}
    latencies = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="bench")
        async with database.connection() as connection:
            await migrate(connection, migration_sources())
            await connection.execute(SCHEMA)
        async with database.transaction() as connection:
            created = await ensure_first_organisation(connection)
        assert created is not None
        for _ in range(rounds):
            for load in LOADS:
                for name in ("bare", "ninefold"):
                    figure = await measure(
                        name, database, dsn, created.text, load=load, connections=connections, duration_s=duration_s
                    )
                    figures.setdefault(f"{load.name}: {name}", []).append(figure)
            latencies.append(await measure_latency(database, dsn, created.text))
        await database.close()
    _report(figures, latencies)


def _report(figures: dict[str, list[dict[str, Any]]], latencies: list[dict[str, Any]]) -> None:
    medians = {
        name: {key: statistics.median(figure[key] for figure in measured) for key in measured[0]}
        for name, measured in figures.items()
    }
    table = Table("", "messages/s", "per CPU-second", "kB per connection")
    for name, median in medians.items():
        row = [f"{median[key]:,.10g}" for key in ("messages_per_s", "messages_per_cpu_s", "connection_kb")]
        table.add_row(name, *row)
    console = Console()
    console.print(table)
    ratios = {load.name: _ratios(figures[f"{load.name}: ninefold"], figures[f"{load.name}: bare"]) for load in LOADS}
    p50_ms = statistics.median(latency["p50_ms"] for latency in latencies)
    p99_ms = statistics.median(latency["p99_ms"] for latency in latencies)
    for name, measured in ratios.items():
        console.print(f"{name}: {statistics.median(measured)} of the bare loop, {measured} (goal: {RATIO_TARGET})")
    console.print(f"commit to socket: p50 {p50_ms} ms, p99 {p99_ms} ms (goal: p50 {LATENCY_TARGET_MS} ms)")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"medians": medians, "ratios": ratios, "latency_ms": {"p50": p50_ms, "p99": p99_ms}}, indent=2)
    )


def _ratios(measured: list[dict[str, Any]], floor: list[dict[str, Any]]) -> list[float]:
    """Return the ratio to the bare loop in each round."""
    pairs = zip(measured, floor, strict=True)
    return [round(figure["messages_per_cpu_s"] / bare["messages_per_cpu_s"], 2) for figure, bare in pairs]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--duration", type=float, default=5.0, help="seconds of each measurement")
    arguments = parser.parse_args()
    uvloop.run(main(rounds=arguments.rounds, connections=arguments.connections, duration_s=arguments.duration))
