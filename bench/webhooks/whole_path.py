"""The whole path: events published over HTTP, delivered by a worker, outcomes committed; fan-out 5.

Three loads, each with what it measures:
- `backlog`: more events than the worker can deliver at once. Measures deliveries per second, and CPU time per delivery.
- `paced`: a rate well below that. Measures the time from an event's acceptance to its subscriber's response.
- `in_flight`: a receiver so slow that the worker uses all its slots. Measures the worker's memory.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import psutil
from installation import POLL_S, Installation

FAN_OUT: Final = 5
IN_FLIGHT_FAN_OUT: Final = 250
"""Enough subscriptions to use nearly all slots of an organisation, although each gets only a share of them."""

BATCH: Final = 100
"""Events per request."""

REQUESTS_AT_ONCE: Final = 4
FINISH_TIMEOUT_S: Final = 300.0
IN_FLIGHT: Final = 2_000
SLOW_RECEIVER_MS: Final = 3_000

SETTINGS: Final = {
    "NINEFOLD_WEBHOOKS_RATE_LIMIT_PER_S": "1000000",
    "NINEFOLD_WEBHOOKS_SUBSCRIPTIONS_MAX": "10000",
    "NINEFOLD_WEBHOOKS_SUBSCRIPTION_IN_FLIGHT_MAX": "100000",
}
"""So that the loads measure the path, and not the limits of each subscription."""

# Each part has a partial index, so that asking costs the same however much is stored.
_IS_PENDING: Final = """
    SELECT
        EXISTS (SELECT FROM webhooks.event WHERE status = 'queued' AND leased_by IS NULL)
        OR EXISTS (SELECT FROM webhooks.event WHERE leased_by IS NOT NULL)
        OR EXISTS (SELECT FROM webhooks.delivery WHERE status = 'retrying' AND leased_by IS NULL)
        OR EXISTS (SELECT FROM webhooks.delivery WHERE status = 'waiting' AND leased_by IS NULL)
        OR EXISTS (SELECT FROM webhooks.delivery WHERE leased_by IS NOT NULL)
"""
_DELIVERED = "SELECT count(*) FROM webhooks.delivery WHERE status = 'delivered' AND attempt_count = 1"
_LATENCIES_MS = """
    SELECT
        percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
            ORDER BY
                extract(epoch FROM delivery.last_attempted_at - event.accepted_at) * 1000 + delivery.last_duration_ms
        )
    FROM webhooks.delivery
    INNER JOIN webhooks.event ON event.event_id = delivery.event_id
    WHERE event.event_type = $1
"""


class Publisher:
    """Publishes events for some subscriptions of one receiver, and waits for their deliveries.

    Args:
        installation: where to publish.
        payloads: those of the events, in turn.
        fan_out: how many subscriptions want each event.
        event_types: those of the events, in turn. Each has subscriptions of its own.
        ordering_keys: those of the events, in turn; with any, the subscriptions get the events of a key in order.
        delivered_before: how many deliveries are recorded already.
    """

    def __init__(
        self,
        installation: Installation,
        payloads: Sequence[bytes],
        *,
        fan_out: int = FAN_OUT,
        event_types: Sequence[str] = ("bench.sent",),
        ordering_keys: Sequence[str] = (),
        delivered_before: int = 0,
    ) -> None:
        self._installation = installation
        self._payloads = cycle(payloads)
        self._fan_out = fan_out
        self._subscribed_types = event_types if len(event_types) > 1 else ["*"]
        self._event_types = cycle(event_types)
        self._ordering = "fifo" if ordering_keys else "none"
        self._order = cycle([b',"ordering_key":"%b"' % key.encode() for key in ordering_keys] or [b""])
        self._published = 0
        self._delivered_before = delivered_before

    async def subscribe(self, *, receiver_port: int) -> None:
        """Create the subscriptions."""
        for event_type in self._subscribed_types:
            for number in range(self._fan_out):
                url = f"http://127.0.0.1:{receiver_port}/{number}"
                await self._installation.api.subscribe(url, event_type=event_type, ordering=self._ordering)

    async def publish(self, *, events: int) -> None:
        """Publish a number of events as fast as possible, in batches of up to `BATCH`."""
        starts = iter(range(0, events, BATCH))
        async with asyncio.TaskGroup() as group:
            for _ in range(REQUESTS_AT_ONCE):
                group.create_task(self._publish_batches(starts, end=events))

    async def publish_one(self, *, event_type: str) -> None:
        """Publish an event by itself."""
        await self._installation.api.post("/events", self._event(event_type))

    async def wait_until_delivered(self) -> None:
        """Wait until nothing is pending; raise unless one attempt delivered each event to each subscription."""
        await self.wait_until_finished()
        await self.check_delivered()

    async def wait_until_finished(self) -> None:
        """Wait until nothing is pending."""
        async with asyncio.timeout(FINISH_TIMEOUT_S), self._installation.database.connection() as connection:
            await connection.execute("SET enable_seqscan = off")
            while await connection.fetchval(_IS_PENDING):
                await asyncio.sleep(POLL_S)

    async def check_delivered(self) -> None:
        """Raise unless one attempt delivered each event to each subscription. It counts all that is stored."""
        async with self._installation.database.connection() as connection:
            delivered = await connection.fetchval(_DELIVERED)
        expected = self._delivered_before + self._published * self._fan_out
        if delivered != expected:
            raise RuntimeError(f"One attempt delivered {delivered} of {expected} deliveries")

    async def _publish_batches(self, starts: Iterator[int], *, end: int) -> None:
        for start in starts:
            batch = [self._event(next(self._event_types)) for _ in range(min(BATCH, end - start))]
            answer = await self._installation.api.post("/events/batch", b'{"events":[%b]}' % b",".join(batch))
            if answer["refused"]:
                raise RuntimeError(f"{answer['refused']} events were refused")

    def _event(self, event_type: str) -> bytes:
        self._published += 1
        return b'{"event_type":"%b","payload":%b%b}' % (event_type.encode(), next(self._payloads), next(self._order))


async def measure_backlog(
    installation: Installation, payloads: Sequence[bytes], *, receiver_port: int, events: int
) -> dict[str, Any]:
    """Publish as fast as possible; measure until the last outcome is committed."""
    publisher = await warmed_up(installation, payloads, receiver_port=receiver_port)
    return await measure_publisher(installation, publisher, events=events)


async def measure_publisher(installation: Installation, publisher: Publisher, *, events: int) -> dict[str, Any]:
    """Do that with a publisher that has its subscriptions."""
    before, began_at = await installation.cpu_times(), time.perf_counter()
    await publisher.publish(events=events)
    published_s = time.perf_counter() - began_at
    await publisher.wait_until_finished()
    wall_s, used = time.perf_counter() - began_at, (await installation.cpu_times()).since(before)
    await publisher.check_delivered()
    deliveries = events * FAN_OUT
    return {
        "deliveries": deliveries,
        "wall_s": round(wall_s, 3),
        "events_accepted_per_s": round(events / published_s),
        "deliveries_per_s": round(deliveries / wall_s),
        **used.per_delivery(deliveries),
        "peak_rss_mb": peak_rss_mb(installation.worker),
    }


async def measure_paced(
    installation: Installation, payloads: Sequence[bytes], *, receiver_port: int, events_per_s: int, seconds: int
) -> dict[str, Any]:
    """Publish at a steady rate, one event per request; read the latencies from the recorded attempts."""
    publisher = await warmed_up(installation, payloads, receiver_port=receiver_port)
    before, began_at = await installation.cpu_times(), time.perf_counter()
    for number in range(events_per_s * seconds):
        await asyncio.sleep(max(0.0, began_at + number / events_per_s - time.perf_counter()))
        await publisher.publish_one(event_type="bench.paced")
    await publisher.wait_until_delivered()
    used = (await installation.cpu_times()).since(before)
    async with installation.database.connection() as connection:
        p50_ms, p99_ms = await connection.fetchval(_LATENCIES_MS, "bench.paced")
    return {
        "events_per_s": events_per_s,
        "deliveries_per_s": events_per_s * FAN_OUT,
        **used.per_delivery(events_per_s * seconds * FAN_OUT),
        "p50_ms": round(p50_ms, 1),
        "p99_ms": round(p99_ms, 1),
    }


async def measure_in_flight(
    installation: Installation, payloads: Sequence[bytes], *, receiver_port: int
) -> dict[str, Any]:
    """Let a slow receiver occupy every slot of the worker, twice; return the worker's peak memory."""
    publisher = Publisher(installation, payloads, fan_out=IN_FLIGHT_FAN_OUT)
    await publisher.subscribe(receiver_port=receiver_port)
    await publisher.publish(events=2 * IN_FLIGHT // IN_FLIGHT_FAN_OUT)
    in_flight_max = 0
    waiting = asyncio.create_task(publisher.wait_until_delivered())
    while not waiting.done():
        in_flight_max = max(in_flight_max, await asyncio.to_thread(_connections_to, installation.worker, receiver_port))
        await asyncio.sleep(POLL_S)
    await waiting
    return {"in_flight": in_flight_max, "peak_rss_mb": peak_rss_mb(installation.worker)}


def peak_rss_mb(process: psutil.Process) -> float:
    """Return the peak memory of a process, in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    raise RuntimeError("The kernel doesn't tell a process's peak memory")


async def warmed_up(installation: Installation, payloads: Sequence[bytes], *, receiver_port: int) -> Publisher:
    """Return a publisher with its subscriptions, after a first batch was delivered."""
    publisher = Publisher(installation, payloads)
    await publisher.subscribe(receiver_port=receiver_port)
    await publisher.publish(events=BATCH)
    await publisher.wait_until_delivered()
    return publisher


def _connections_to(process: psutil.Process, port: int) -> int:
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == port
        for connection in process.net_connections(kind="tcp4")
    )
