"""The whole path: events inserted, delivered by a real worker process, outcomes committed; fan-out 5.

Three loads, each with what it measures:
- `backlog`: more events than the worker can deliver at once. Measures deliveries per second and per CPU-second.
- `paced`: a rate well below that. Measures the time from an event's acceptance to its subscriber's response.
- `in_flight`: a receiver so slow that the worker uses all its slots. Measures the worker's memory.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psutil

from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.webhooks.model import EVENTS_CHANNEL
from ninefold.systems.webhooks.service.publishing import EventDraft, publish_events
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.subscriptions import SubscriptionChanges, create_subscription

FAN_OUT: Final = 5
BATCH: Final = 100
FINISH_TIMEOUT_S: Final = 300.0
POLL_S: Final = 0.1
IN_FLIGHT: Final = 2_000
SLOW_RECEIVER_MS: Final = 3_000

_FINISHED = "SELECT count(*) FROM webhooks.event WHERE status = 'dispatched' AND organisation_id = $1"
_UNDELIVERED = "SELECT count(*) FROM webhooks.delivery WHERE status <> 'delivered' AND organisation_id = $1"
_LATENCIES_MS = """
    SELECT
        percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
            ORDER BY
                extract(epoch FROM delivery.last_attempted_at - event.accepted_at) * 1000 + delivery.last_duration_ms
        )
    FROM webhooks.delivery
    INNER JOIN webhooks.event ON event.event_id = delivery.event_id
    WHERE event.organisation_id = $1
"""


class Publisher:
    """Publishes events of one organisation, as the API does, in batches."""

    def __init__(self, database: Database, payloads: Sequence[bytes]) -> None:
        self._database = database
        self._payloads = cycle(payloads)
        self._recipient_cache = RecipientCache()
        self._notifier = Notifier(database)

    async def prepare(self, *, receiver_port: int) -> UUID:
        """Create an organisation with subscriptions for the receiver."""
        async with self._database.transaction() as connection:
            organisation_id = (await create_organisation(connection, name="bench")).organisation_id
            for number in range(FAN_OUT):
                await create_subscription(
                    connection,
                    AddressPolicy.from_cidrs(["127.0.0.0/8"]),
                    organisation_id=organisation_id,
                    fields=SubscriptionChanges(url=f"http://127.0.0.1:{receiver_port}/{number}", event_types=["*"]),
                    retry_horizon_s=86_400,
                )
        return organisation_id

    async def publish(self, organisation_id: UUID, *, events: int) -> None:
        """Publish a number of events, in batches of up to `BATCH`."""
        for start in range(0, events, BATCH):
            drafts = [
                EventDraft(event_type="bench.sent", payload=payload, idempotency_key=None)
                for payload in islice(self._payloads, min(BATCH, events - start))
            ]
            async with self._database.transaction() as connection:
                await publish_events(connection, self._recipient_cache, organisation_id=organisation_id, drafts=drafts)
            self._notifier.notify(EVENTS_CHANNEL)

    async def wait_until_finished(self, organisation_id: UUID, *, events: int) -> None:
        """Wait until every event's fan-out is complete; raise if any delivery failed."""
        async with asyncio.timeout(FINISH_TIMEOUT_S), self._database.connection() as connection:
            while await connection.fetchval(_FINISHED, organisation_id) < events:
                await asyncio.sleep(POLL_S)
            undelivered = await connection.fetchval(_UNDELIVERED, organisation_id)
        if undelivered:
            raise RuntimeError(f"{undelivered} deliveries were not delivered at the first attempt")


@asynccontextmanager
async def running_worker(database_url: str) -> AsyncIterator[psutil.Process]:
    """Run `ninefold worker` in its own process, with default settings, except that loopback addresses are allowed."""
    environment = {
        **os.environ,
        "NINEFOLD_DATABASE_URL": database_url,
        "NINEFOLD_EGRESS_ALLOW": "127.0.0.0/8",
        "NINEFOLD_LOG_LEVEL": os.environ.get("NINEFOLD_LOG_LEVEL", "info"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ninefold", "worker"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def measure_backlog(
    database: Database, worker: psutil.Process, payloads: Sequence[bytes], *, receiver_port: int, events: int
) -> dict[str, Any]:
    """Publish as fast as possible; measure until the last outcome is committed."""
    publisher = Publisher(database, payloads)
    await _warm_up(publisher, receiver_port=receiver_port)
    organisation_id = await publisher.prepare(receiver_port=receiver_port)
    cpu_before, began_at = _cpu_s(worker), time.perf_counter()
    await publisher.publish(organisation_id, events=events)
    published_s = time.perf_counter() - began_at
    await publisher.wait_until_finished(organisation_id, events=events)
    wall_s, cpu_s = time.perf_counter() - began_at, _cpu_s(worker) - cpu_before
    deliveries = events * FAN_OUT
    return {
        "deliveries": deliveries,
        "wall_s": round(wall_s, 3),
        "worker_cpu_s": round(cpu_s, 3),
        "events_accepted_per_s": round(events / published_s),
        "deliveries_per_s": round(deliveries / wall_s),
        "deliveries_per_cpu_s": round(deliveries / cpu_s),
        "peak_rss_mb": peak_rss_mb(worker),
    }


async def measure_paced(
    database: Database, payloads: Sequence[bytes], *, receiver_port: int, events_per_s: int, seconds: int
) -> dict[str, Any]:
    """Publish at a steady rate, one event per transaction; read the latencies from the recorded attempts."""
    publisher = Publisher(database, payloads)
    await _warm_up(publisher, receiver_port=receiver_port)
    organisation_id = await publisher.prepare(receiver_port=receiver_port)
    began_at = time.perf_counter()
    for number in range(events_per_s * seconds):
        await asyncio.sleep(max(0.0, began_at + number / events_per_s - time.perf_counter()))
        await publisher.publish(organisation_id, events=1)
    await publisher.wait_until_finished(organisation_id, events=events_per_s * seconds)
    async with database.connection() as connection:
        p50_ms, p99_ms = await connection.fetchval(_LATENCIES_MS, organisation_id)
    return {
        "events_per_s": events_per_s,
        "deliveries_per_s": events_per_s * FAN_OUT,
        "p50_ms": round(p50_ms, 1),
        "p99_ms": round(p99_ms, 1),
    }


async def measure_in_flight(
    database: Database, worker: psutil.Process, payloads: Sequence[bytes], *, receiver_port: int
) -> dict[str, Any]:
    """Let a slow receiver occupy every slot of the worker, twice; return the worker's peak memory."""
    publisher = Publisher(database, payloads)
    organisation_id = await publisher.prepare(receiver_port=receiver_port)
    events = 2 * IN_FLIGHT // FAN_OUT
    await publisher.publish(organisation_id, events=events)
    in_flight_max = 0
    waiting = asyncio.create_task(publisher.wait_until_finished(organisation_id, events=events))
    while not waiting.done():
        in_flight_max = max(in_flight_max, await asyncio.to_thread(_connections_to, worker, receiver_port))
        await asyncio.sleep(POLL_S)
    await waiting
    return {"in_flight": in_flight_max, "peak_rss_mb": peak_rss_mb(worker)}


async def migrate_database(database: Database) -> None:
    """Migrate the database to the current schema."""
    async with database.connection() as connection:
        await migrate(connection, migration_sources())


def peak_rss_mb(process: psutil.Process) -> float:
    """Return the peak memory of a process, in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    raise RuntimeError("The kernel doesn't tell a process's peak memory")


def read_corpus(path: Path) -> list[bytes]:
    """Return the payloads of a corpus with one `{"payload": …}` per line, byte for byte."""

    class Line(msgspec.Struct):
        payload: msgspec.Raw

    decoder = msgspec.json.Decoder(Line)
    return [bytes(decoder.decode(line).payload) for line in path.read_bytes().splitlines()]


async def _warm_up(publisher: Publisher, *, receiver_port: int) -> None:
    organisation_id = await publisher.prepare(receiver_port=receiver_port)
    await publisher.publish(organisation_id, events=BATCH)
    await publisher.wait_until_finished(organisation_id, events=BATCH)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _connections_to(process: psutil.Process, port: int) -> int:
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == port
        for connection in process.net_connections(kind="tcp4")
    )
