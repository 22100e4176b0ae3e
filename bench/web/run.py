"""What the web envelope costs: requests per second, and per second of the server's CPU.

    python bench/web/run.py [SECONDS]

Each request posts 1 KB with an API key and waits for its answer on a connection that is kept open. The figure to
compare is the one per CPU-second: it doesn't depend on what else the machine does.
"""

import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import uvloop

from ninefold.core import tenancy
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.tenancy.service import ensure_first_organisation

APPLICATIONS = ("plain", "plain_checked", "ninefold")
CONNECTIONS = 32
WARM_UP_S = 1.0
READY_TIMEOUT_S = 30.0
BODY = json.dumps({"event_type": "order.created", "payload": {"data": "x" * 950}}).encode()


async def main(duration_s: float) -> None:
    """Measure each application in turn, and print a table."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), is_durable=False) as postgres:
        api_key = await _prepare(postgres.dsn())
        request = _request(api_key)
        print(f"{'application':<16}{'requests/s':>12}{'per CPU-s':>12}{'p50 ms':>9}{'p99 ms':>9}")
        for name in APPLICATIONS:
            rate, rate_per_cpu, latencies_ms = await _measure(name, postgres.dsn(), request, duration_s)
            percentiles = statistics.quantiles(latencies_ms, n=100)
            print(f"{name:<16}{rate:>12.0f}{rate_per_cpu:>12.0f}{percentiles[49]:>9.2f}{percentiles[98]:>9.2f}")


async def _prepare(dsn: str) -> str:
    database = await Database.connect(dsn, application_name="bench")
    async with database.transaction() as connection:
        await migrate(connection, [tenancy.MIGRATIONS])
    async with database.transaction() as connection:
        created = await ensure_first_organisation(connection)
    await database.close()
    assert created is not None
    return created.text


def _request(api_key: str) -> bytes:
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api_key}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


async def _measure(name: str, dsn: str, request: bytes, duration_s: float) -> tuple[float, float, list[float]]:
    port = _free_port()
    script = Path(__file__).with_name("server.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, name, str(port), dsn, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await _wait_for(port)
        await _load(port, request, WARM_UP_S)
        server = psutil.Process(process.pid)
        cpu_before, began_at = sum(server.cpu_times()[:2]), time.perf_counter()
        latencies_ms = await _load(port, request, duration_s)
        cpu_s, wall_s = sum(server.cpu_times()[:2]) - cpu_before, time.perf_counter() - began_at
    finally:
        process.terminate()
        await process.wait()
    return len(latencies_ms) / wall_s, len(latencies_ms) / cpu_s, latencies_ms


async def _load(port: int, request: bytes, duration_s: float) -> list[float]:
    deadline = time.perf_counter() + duration_s
    results = await asyncio.gather(*[_ask(port, request, deadline) for _ in range(CONNECTIONS)])
    return [latency for result in results for latency in result]


async def _ask(port: int, request: bytes, deadline: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies_ms = []
    while time.perf_counter() < deadline:
        began_at = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        await reader.readexactly(_content_length(head))
        latencies_ms.append((time.perf_counter() - began_at) * 1000)
    writer.close()
    await writer.wait_closed()
    return latencies_ms


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(READY_TIMEOUT_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
