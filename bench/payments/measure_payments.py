"""Measures payments over HTTP: create and confirm in one request, against one commit plus one HTTP call."""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psutil

from ninefold.core.clock import SystemClock
from ninefold.core.egress import AddressPolicy, EgressClient, Target, parse_target
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.merchants import MerchantChanges
from ninefold.systems.payments.service.merchants import create_merchant

START_WITHIN_S: Final = 60.0
WARM_UP_S: Final = 2.0
FLOOR: Final = Path(__file__).parent / "payment_floor.py"
SCHEMA: Final = "CREATE SCHEMA bench; CREATE TABLE bench.payment (body text)"
PAYMENT: Final = urlencode(
    {"amount": 1999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
).encode()


class Load:
    """Sends the same request again and again from several clients, each after the answer to its last one.

    Args:
        client: sends the requests.
        target: where to.
        headers: of each.
        server: whose CPU time counts.
    """

    def __init__(self, client: EgressClient, target: Target, headers: list[tuple[str, str]], server: int) -> None:
        self._client: Final = client
        self._target: Final = target
        self._headers: Final = headers
        self._server: Final = psutil.Process(server)
        self._delays_s: list[float] = []
        self._lasted_s = 0.0
        self._cpu_s = 0.0

    async def run(self, *, clients: int, seconds: float, is_measured: bool = True) -> float:
        """Send for a while; return how many requests were answered in a second."""
        delays_s: list[float] = []
        began_at, cpu_before_s = time.perf_counter(), self._read_cpu_s()
        await asyncio.gather(*[self._send(began_at + seconds, delays_s) for _ in range(clients)])
        lasted_s = time.perf_counter() - began_at
        if is_measured:
            self._delays_s += delays_s
            self._lasted_s += lasted_s
            self._cpu_s += self._read_cpu_s() - cpu_before_s
        return len(delays_s) / lasted_s

    def figures(self) -> dict[str, Any]:
        """Return the figures of all slices."""
        percentiles = statistics.quantiles(self._delays_s, n=100)
        return {
            "requests": len(self._delays_s),
            "per_s": round(len(self._delays_s) / self._lasted_s),
            "per_cpu_s": round(len(self._delays_s) / self._cpu_s),
            "p50_ms": round(percentiles[49] * 1_000, 1),
            "p99_ms": round(percentiles[98] * 1_000, 1),
        }

    async def _send(self, ends_at: float, delays_s: list[float]) -> None:
        while (sent_at := time.perf_counter()) < ends_at:
            response = await self._client.request(
                "POST", self._target, headers=self._headers, body=PAYMENT, timeout_s=30.0
            )
            if response.status != 200 or b"succeeded" not in response.body:  # noqa: PLR2004
                raise RuntimeError(f"{response.status} {response.body[:300]!r}")
            delays_s.append(time.perf_counter() - sent_at)

    def _read_cpu_s(self) -> float:
        times = [each.cpu_times() for each in (self._server, *self._server.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))


async def measure_payments(database: Database, dsn: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure both in short slices, one after the other, so that both run under the same conditions."""
    async with database.transaction() as connection:
        await connection.execute(SCHEMA)
        organisation = await create_organisation(connection, name="bench payments")
        merchant = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name="Bakery",
            changes=MerchantChanges(),
            at=SystemClock().now(),
        )
    async with AsyncExitStack() as stack:
        client = EgressClient(AddressPolicy([ip_network("127.0.0.0/8")]))
        stack.push_async_callback(client.aclose)
        floor = await stack.enter_async_context(_floor(client, dsn))
        key = merchant.secret_key
        ninefold = await stack.enter_async_context(_ninefold(client, dsn, folder, key))
        for load in (floor, ninefold):
            await load.run(clients=options.clients, seconds=WARM_UP_S, is_measured=False)
        ratios = []
        for _ in range(options.slices):
            bare = await floor.run(clients=options.clients, seconds=options.seconds)
            ratios.append(await ninefold.run(clients=options.clients, seconds=options.seconds) / bare)
    return {"ratio": round(statistics.median(ratios), 2), "floor": floor.figures(), "ninefold": ninefold.figures()}


@asynccontextmanager
async def _floor(client: EgressClient, dsn: str) -> AsyncIterator[Load]:
    port, called_port = _free_port(), _free_port()
    async with (
        _running([str(FLOOR), "called", str(called_port)], called_port),
        _running([str(FLOOR), "server", str(port), dsn, str(called_port)], port) as pid,
    ):
        yield Load(client, parse_target(f"http://127.0.0.1:{port}/"), [], pid)


@asynccontextmanager
async def _ninefold(client: EgressClient, dsn: str, folder: Path, key: str) -> AsyncIterator[Load]:
    port = _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")},
        "NINEFOLD_DATABASE_URL": dsn,
        "NINEFOLD_PORT": str(port),
        "NINEFOLD_DATA_DIR": str(folder),
        # Its webhooks would be measured too.
        "NINEFOLD_PAYMENTS_SIMULATOR_WEBHOOK_URL": "http://127.0.0.1:9/",
        "NINEFOLD_LOG_LEVEL": "warning",
    }
    async with (
        _running(["-m", "ninefold", "process", "payments.simulator"], None, environment),
        _running(["-m", "ninefold", "serve"], port, environment) as pid,
    ):
        socket_path = folder / "run" / "payments.simulator.sock"
        async with asyncio.timeout(START_WITHIN_S):
            while not socket_path.exists():
                await asyncio.sleep(0.05)
        headers = [("authorization", f"Bearer {key}"), ("content-type", "application/x-www-form-urlencoded")]
        yield Load(client, parse_target(f"http://127.0.0.1:{port}/stripe/v1/payment_intents"), headers, pid)


@asynccontextmanager
async def _running(
    arguments: Sequence[str], port: int | None, environment: dict[str, str] | None = None
) -> AsyncIterator[int]:
    """Run a Python process until the block ends, and wait until it listens; yield its process id."""
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *arguments], env=environment, **quiet)
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while port is not None and not _is_open(port):
                await asyncio.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_WITHIN_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
