"""Measures how many segments of 500 kB a server sends per second of its CPU time, compared with nginx with `sendfile`.

    .venv/bin/python bench/video/run.py

Prints a table, and writes bench/results/video.json. docs/benchmarks.md has the published results. Both servers send the
same bytes to wrk, one after the other in each of many short rounds, so that what else runs on the machine affects both.
nginx writes a line into its log for each request, Ninefold one a second. Each segment is compared with what was stored
before anything counts, and an answer that isn't 200 ends the run.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import psutil
from measure_watching import describe, measure_watching
from rich.console import Console
from rich.table import Table

from ninefold.core.blobs.service import Blobs, keep_blob
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "video.json"
RATIO_TARGET: Final = 0.5
SERVERS: Final = ("ninefold", "nginx")
SEGMENT_BYTES: Final = 500_000
SEGMENTS: Final = 32
START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0

_CONFIGURATION: Final = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    sendfile on;
    tcp_nopush on;
    default_type video/mp4;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            root {folder}/segments;
            add_header Cache-Control "public, max-age=31536000, immutable";
            add_header Access-Control-Allow-Origin "*";
        }}
    }}
}}
"""

_SCRIPT: Final = """\
local paths = {{ {paths} }}
local at = 0
request = function()
    at = at % #paths + 1
    return wrk.format("GET", paths[at])
end
"""


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure both servers alternately, so that both run under the same conditions."""
    segments = [secrets.token_bytes(SEGMENT_BYTES) for _ in range(SEGMENTS)]
    with tempfile.TemporaryDirectory(dir="/tmp") as name, EmbeddedPostgres(Path(name) / "postgres") as postgres:
        folder = Path(name)
        paths = {
            "ninefold": await _store(postgres.dsn(), folder, segments),
            "nginx": [f"/{number}.m4s" for number in range(SEGMENTS)],
        }
        _write_files(folder / "segments", segments)
        async with _ninefold(postgres.dsn(), folder) as ninefold, _nginx(folder) as nginx:
            servers = {"ninefold": ninefold, "nginx": nginx}
            cold_ms = await _check("ninefold", ninefold[1], paths["ninefold"], segments)
            await _check("nginx", nginx[1], paths["nginx"], segments)
            for each in SERVERS:
                await _measure(each, servers[each], paths[each], folder, options=options)
            rounds = [
                {each: await _measure(each, servers[each], paths[each], folder, options=options) for each in SERVERS}
                for _ in range(options.rounds)
            ]
        watching = await measure_watching(postgres.dsn(), new_id())
    ratios = [each["ninefold"]["per_cpu_s"] / each["nginx"]["per_cpu_s"] for each in rounds]
    return {
        **{each: _median([figures[each] for figures in rounds]) for each in SERVERS},
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "cold_p50_ms": round(statistics.median(cold_ms), 2),
        "watching": watching,
        "rounds": rounds,
        "connections": options.connections,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


async def _store(dsn: str, folder: Path, segments: Sequence[bytes]) -> list[str]:
    """Store a title with one rung; return the paths of its segments."""
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment={"NINEFOLD_DATA_DIR": str(folder)})
    blobs = Blobs.of(settings)
    database = await Database.connect(dsn, application_name="ninefold bench", connections_max=2)
    async with database.transaction() as connection:
        await migrate(connection, migration_sources())
    title_id = new_id()
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="bench")).organisation_id
        await connection.execute(
            "INSERT INTO video.title (title_id, organisation_id, name) VALUES ($1, $2, 'bench')",
            title_id,
            organisation_id,
        )
        await connection.execute(
            "INSERT INTO video.rung (title_id, name, kind, position, width, height, level, bitrate_max, timescale) "
            "VALUES ($1, '360p', 'video', 0, 640, 360, '3.0', 1000000, 90000)",
            title_id,
        )
    for number, content in enumerate(segments):
        await _store_segment(
            database, blobs, content, title_id=title_id, organisation_id=organisation_id, number=number
        )
    await database.close()
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    token = new_play_token(
        PlaySigner(Sealer.of(settings)), title_id=title_id, organisation_id=organisation_id, expires_at=expires_at
    )
    base = urls_of(title_id, token, base_url="").hls_url.removesuffix("/master.m3u8")
    return [f"{base}/360p/{number}.m4s" for number in range(len(segments))]


async def _store_segment(
    database: Database, blobs: Blobs, content: bytes, *, title_id: UUID, organisation_id: UUID, number: int
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    blob = await blobs.put(
        database,
        pieces(),
        organisation_id=organisation_id,
        owner="video.segment",
        content_type="video/mp4",
        size_max=len(content),
    )
    async with database.transaction() as connection:
        await keep_blob(connection, blob.blob_id, organisation_id=organisation_id)
        await connection.execute(
            "INSERT INTO video.segment (title_id, rung, number, start, duration, blob_id, first_byte, size_bytes) "
            "VALUES ($1, '360p', $2, $3, 360000, $4, 0, $5)",
            title_id,
            number,
            number * 360_000,
            blob.blob_id,
            len(content),
        )


def _write_files(folder: Path, segments: Sequence[bytes]) -> None:
    folder.mkdir()
    for number, content in enumerate(segments):
        (folder / f"{number}.m4s").write_bytes(content)


@asynccontextmanager
async def _ninefold(dsn: str, folder: Path) -> AsyncIterator[tuple[psutil.Process, int]]:
    port = _free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")}
    settings = {"NINEFOLD_DATABASE_URL": dsn, "NINEFOLD_PORT": str(port), "NINEFOLD_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "ninefold", "serve"]
    with _running(command, folder / "ninefold.log", environment={**inherited, **settings}) as process:
        await _wait_for(port)
        yield process, port


@asynccontextmanager
async def _nginx(folder: Path) -> AsyncIterator[tuple[psutil.Process, int]]:
    port = _free_port()
    program = await asyncio.to_thread(_find, "nginx")
    configuration = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, user=user))
    with _running([program, "-c", str(configuration)], folder / "nginx.log", environment=dict(os.environ)) as process:
        await _wait_for(port)
        yield process, port


def _find(program: str) -> str:
    """Return the path of a program that a script of the repository finds or installs."""
    found = subprocess.run([ROOT / "scripts" / program], check=True, capture_output=True, text=True)
    return found.stdout.strip()


@contextmanager
def _running(command: Sequence[str], log: Path, *, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """Run a server in a separate process until the block ends."""
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


async def _check(name: str, port: int, paths: Sequence[str], segments: Sequence[bytes]) -> list[float]:
    """Load each segment once; return how long each took.

    Raises:
        RuntimeError: a segment isn't what was stored.
    """
    took_ms = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for path, content in zip(paths, segments, strict=True):
            began_at_s = time.perf_counter()
            response = await client.get(path)
            took_ms.append((time.perf_counter() - began_at_s) * 1_000)
            if response.status_code != httpx.codes.OK or _digest(response.content) != _digest(content):
                raise RuntimeError(f"{name} sent something else than what was stored: {response.status_code}")
    return took_ms


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


async def _measure(
    name: str, server: tuple[psutil.Process, int], paths: Sequence[str], folder: Path, *, options: argparse.Namespace
) -> dict[str, Any]:
    process, port = server
    script = folder / f"{name}.lua"
    script.write_text(_SCRIPT.format(paths=", ".join(f'"{path}"' for path in paths)))
    user_before_s, system_before_s = _cpu_s(process)
    text = await _send(port, script, connections=options.connections, seconds=options.seconds)
    user_s, system_s = _cpu_s(process)
    user_s, system_s = user_s - user_before_s, system_s - system_before_s
    cpu_s = user_s + system_s
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{name}: {text}")
    requests, wall_s = _figures(text)
    return {
        "requests": requests,
        "per_s": round(requests / wall_s),
        "gigabytes_per_s": round(requests * SEGMENT_BYTES / wall_s / 1e9, 2),
        "per_cpu_s": round(requests / cpu_s),
        "cpu_us": round(cpu_s / requests * 1e6),
        "user_us": round(user_s / requests * 1e6),
        "system_us": round(system_s / requests * 1e6),
        "p50_ms": _latency_ms(text, "50%"),
        "p99_ms": _latency_ms(text, "99%"),
    }


async def _send(port: int, script: Path, *, connections: int, seconds: float) -> str:
    program = await asyncio.to_thread(_find, "wrk")
    process = await asyncio.create_subprocess_exec(
        program,
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--latency",
        "-s",
        str(script),
        f"http://127.0.0.1:{port}",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(printed.decode())
    return printed.decode()


def _figures(text: str) -> tuple[int, float]:
    """Return how many requests wrk has sent, and in how many seconds."""
    match = re.search(r"(\d+) requests in ([\d.]+)s", text)
    if match is None:
        raise RuntimeError(text)
    return int(match[1]), float(match[2])


def _latency_ms(text: str, share: str) -> float:
    match = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", text)
    if match is None:
        raise RuntimeError(text)
    return round(float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1_000.0}[match[2]], 2)


def _cpu_s(process: psutil.Process) -> tuple[float, float]:
    """Return the CPU time of a server with its workers: in its own code, and in the kernel's."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user for each in times), sum(each.system for each in times)


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


def _median(figures: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(figures, key=lambda each: each["per_cpu_s"])[len(figures) // 2]


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the target was reached."""
    table = Table(
        title=f"Segments of {SEGMENT_BYTES // 1_000} kB, {results['connections']} connections, "
        f"{results['cores']} cores (load {results['load_average']:.1f}), median of {len(results['rounds'])} rounds"
    )
    for heading in (
        "",
        "segments/s",
        "GB/s",
        "per server CPU-second",
        "CPU µs each",
        "of them kernel",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, text in (("ninefold", "Ninefold, from memory"), ("nginx", "nginx, sendfile")):
        figures = results[name]
        shown = [f"{figures['per_s']:,}", str(figures["gigabytes_per_s"]), f"{figures['per_cpu_s']:,}"]
        table.add_row(
            text,
            *shown,
            str(figures["cpu_us"]),
            str(figures["system_us"]),
            str(figures["p50_ms"]),
            str(figures["p99_ms"]),
        )
    console = Console(width=120)
    console.print(table)
    verdict = "reached" if results["ratio"] >= RATIO_TARGET else "not reached"
    lowest, highest = min(results["ratios"]), max(results["ratios"])
    console.print(
        f"{results['ratio']:.2f} of nginx per CPU-second, rounds from {lowest:.2f} to {highest:.2f} "
        f"(goal {RATIO_TARGET}: {verdict})."
    )
    console.print(f"A segment that isn't in memory: {results['cold_p50_ms']} ms, the median of {SEGMENTS}.")
    for line in describe(results["watching"]):
        console.print(line)


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Compare sending segments with nginx.")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--connections", type=int, default=16)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
