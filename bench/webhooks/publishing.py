"""Publishing one by one: what it costs to accept an event, if each is a request of its own.

The worker is stopped meanwhile, so that only the server and PostgreSQL are measured. It delivers everything afterwards,
so an event that was accepted and lost would be noticed.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psutil
from installation import Installation
from whole_path import Publisher, warmed_up

CONNECTIONS: Final = 8


async def measure_publishing(
    installation: Installation, payloads: Sequence[bytes], *, receiver_port: int, events: int
) -> dict[str, Any]:
    """Publish over `CONNECTIONS` connections; each sends its next event after the answer to the last one.

    Then publish as many in batches, whose cost per event is the floor.
    """
    publisher = await warmed_up(installation, payloads, receiver_port=receiver_port)
    with _stopped(installation.worker):
        before, began_at = await installation.cpu_times(), time.perf_counter()
        numbers = iter(range(events))
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(_publish(publisher, numbers))
        wall_s, used = time.perf_counter() - began_at, (await installation.cpu_times()).since(before)
        before = await installation.cpu_times()
        await publisher.publish(events=events)
        used_for_batches = (await installation.cpu_times()).since(before)
    await publisher.wait_until_delivered()
    return {
        "events": events,
        "connections": CONNECTIONS,
        "events_per_s": round(events / wall_s),
        "cpu_us_per_event_server": round(used.server * 1e6 / events, 1),
        "cpu_us_per_event_postgresql": round(used.postgresql * 1e6 / events, 1),
        "cpu_us_per_event_total": round((used.server + used.postgresql) * 1e6 / events, 1),
        "ratio_to_batches": round(
            (used.server + used.postgresql) / (used_for_batches.server + used_for_batches.postgresql), 1
        ),
    }


async def _publish(publisher: Publisher, numbers: Iterator[int]) -> None:
    for _ in numbers:
        await publisher.publish_one(event_type="bench.single")


@contextmanager
def _stopped(process: psutil.Process) -> Iterator[None]:
    """Stop a process, and let it go on afterwards. As long as it is the only worker, nobody takes over its lease."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()
