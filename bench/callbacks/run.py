"""Measures how many callbacks a server accepts per second of its CPU time, compared with answering without storing.

    .venv/bin/python bench/callbacks/run.py

Prints a table, and writes bench/results/callbacks.json. docs/benchmarks.md has the published results. Both servers are
measured in each round, and each accepted callback is checked in the database. A wrong result doesn't count.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httptools
import psutil
from rich.console import Console
from rich.table import Table

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import ensure_first_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.callbacks.model import Answer, NewSource
from ninefold.systems.callbacks.rules.sources import new_token
from ninefold.systems.callbacks.store.sources import source_insert

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "callbacks.json"
RATIO_TARGET: Final = 0.35
SERVERS: Final = ("bare", "answered", "stored")
WARM_UP_S: Final = 1.0
START_TIMEOUT_S: Final = 30.0

SECRETS_KEY: Final = bytes(32)
SECRET: Final = "It's a Secret to Everybody"
OK: Final = 200
BODY: Final = json.dumps({"action": "opened", "number": 1, "text": "x" * 950}).encode()

_WRONG = "SELECT count(*) FROM callbacks.callback WHERE body <> $1 OR status <> 'received'"


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure both servers alternately, so that both run under the same conditions."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        request = _make_request(await _create_source(database))
        rounds = [
            {name: await _measure_server(name, database, dsn, request, options=options) for name in SERVERS}
            for _ in range(options.rounds)
        ]
        await database.close()
    ratios = [each["stored"]["per_cpu_s"] / each["answered"]["per_cpu_s"] for each in rounds]
    ratios_to_bare = [each["stored"]["per_cpu_s"] / each["bare"]["per_cpu_s"] for each in rounds]
    return {
        **{name: _median([each[name] for each in rounds]) for name in SERVERS},
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio_to_bare": round(statistics.median(ratios_to_bare), 3),
        "rounds": rounds,
        "connections": options.connections,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


async def _create_source(database: Database) -> str:
    """Create a source; return the path of its ingest URL."""
    async with database.transaction() as connection:
        await migrate(connection, migration_sources())
    async with database.transaction() as connection:
        created = await ensure_first_organisation(connection)
        assert created is not None
        source = await source_insert(
            connection,
            Sealer(SECRETS_KEY),
            source=NewSource(
                source_id=new_id(),
                organisation_id=created.organisation_id,
                provider="github",
                name="bench",
                token=new_token(),
                secrets=(SECRET,),
                options={},
                answer=Answer(),
            ),
        )
    return f"/in/{source.token}"


async def _measure_server(
    name: str, database: Database, dsn: str, request: bytes, *, options: argparse.Namespace
) -> dict[str, Any]:
    async with database.connection() as connection:
        await connection.execute("TRUNCATE callbacks.callback")
    async with _running(name, dsn) as (server, port):
        warm = await _send_for(port, request, connections=options.connections, duration_s=WARM_UP_S)
        cpu_before_s, began_at_s = _cpu_s(server), time.perf_counter()
        latencies_ms = await _send_for(port, request, connections=options.connections, duration_s=options.seconds)
        cpu_s, wall_s = _cpu_s(server) - cpu_before_s, time.perf_counter() - began_at_s
    await _check(database, count=len(warm) + len(latencies_ms) if name == "stored" else 0)
    percentiles = statistics.quantiles(latencies_ms, n=100)
    return {
        "callbacks": len(latencies_ms),
        "per_s": round(len(latencies_ms) / wall_s),
        "per_cpu_s": round(len(latencies_ms) / cpu_s),
        "p50_ms": round(percentiles[49], 2),
        "p99_ms": round(percentiles[98], 2),
    }


async def _check(database: Database, *, count: int) -> None:
    """Raise unless exactly the accepted callbacks are stored, byte for byte."""
    async with database.connection() as connection:
        stored = await connection.fetchval("SELECT count(*) FROM callbacks.callback")
        wrong = await connection.fetchval(_WRONG, BODY)
    if wrong or stored != count:
        raise RuntimeError(f"{stored} callbacks are stored instead of {count}; {wrong} of them are wrong")


def _make_request(path: str) -> bytes:
    """Return a callback as GitHub sends it."""
    signature = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
        "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\nX-GitHub-Event: issues\r\n"
        f"X-GitHub-Hook-ID: 292430182\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
    )
    return head.encode() + BODY


async def _send_for(port: int, request: bytes, *, connections: int, duration_s: float) -> list[float]:
    """Send a request over each connection as soon as the last one is answered; return the latencies in ms.

    Raises:
        RuntimeError: an answer wasn't 200.
    """
    loop = asyncio.get_running_loop()
    until_s = time.perf_counter() + duration_s
    clients = [
        (await loop.create_connection(lambda: _Client(request, until_s=until_s), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    results = await asyncio.gather(*[client.done for client in clients])
    return [latency for result in results for latency in result]


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, *, until_s: float) -> None:
        self._request = request
        self._until_s = until_s
        self._parser = httptools.HttpResponseParser(self)
        self._latencies_ms: list[float] = []
        self.done: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the server closed a connection: {error}"))

    def on_message_complete(self) -> None:
        now_s = time.perf_counter()
        self._latencies_ms.append((now_s - self._began_at_s) * 1_000)
        if self._parser.get_status_code() != OK:
            self.done.set_exception(RuntimeError(f"the server answered {self._parser.get_status_code()}"))
        elif now_s < self._until_s:
            self._parser = httptools.HttpResponseParser(self)
            self._send()
        else:
            self.done.set_result(self._latencies_ms)
            self._transport.close()

    def _send(self) -> None:
        self._began_at_s = time.perf_counter()
        self._transport.write(self._request)


@asynccontextmanager
async def _running(name: str, dsn: str) -> AsyncIterator[tuple[psutil.Process, int]]:
    """Run a server in a separate process until the block ends."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), name, str(port), dsn],
        env={**os.environ, "NINEFOLD_SECRETS_KEY": b64encode(SECRETS_KEY).decode()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _wait_for(port)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _median(figures: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(figures, key=lambda each: each["per_cpu_s"])[len(figures) // 2]


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the target was reached."""
    table = Table(
        title=f"Callbacks, one server, {results['connections']} connections, {results['cores']} cores "
        f"(load {results['load_average']:.1f}), median of {len(results['rounds'])} rounds"
    )
    for heading in ("", "callbacks/s", "per server CPU-second", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, text in (
        ("bare", "a function that only answers"),
        ("answered", "answered without storing"),
        ("stored", "stored, then answered"),
    ):
        figures = results[name]
        table.add_row(
            text, f"{figures['per_s']:,}", f"{figures['per_cpu_s']:,}", str(figures["p50_ms"]), str(figures["p99_ms"])
        )
    console = Console(width=110)
    console.print(table)
    verdict = "reached" if results["ratio"] >= RATIO_TARGET else "not reached"
    console.print(f"{results['ratio']:.0%} of answering without storing; {RATIO_TARGET:.0%}: {verdict}.")
    console.print(f"{results['ratio_to_bare']:.0%} of a function that only answers.")


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Compare storing callbacks with only answering them.")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
