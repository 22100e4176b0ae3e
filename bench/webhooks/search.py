"""Measures searches for events and deliveries in a log of a million of each.

    .venv/bin/python bench/webhooks/search.py [DELIVERIES]

Prints a table. docs/benchmarks.md has the published results. The rows are those of `long_list.py`, with payloads of 300
bytes. Each search runs as the API runs it, with pages of 100; the times include all its queries and the way to the
database. Searches that find nothing look at as much as one may. It ends with 1 if the median of one exceeds the goal.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import uvloop
from installation import running_installation
from long_list import DELIVERIES, GOAL_MS, PAGE, seed

from ninefold.core.ids import format_id, time_of_id
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, EVENT_PREFIX, DeliveryStatus
from ninefold.systems.webhooks.model.searches import DeliveryFilter, EventFilter, SearchPosition
from ninefold.systems.webhooks.service.searches import search_deliveries, search_events

REPEATS: Final = 20
FilterT = TypeVar("FilterT", EventFilter, DeliveryFilter)
_MISSING: Final = "customer-7"
_KEY: Final = "order-1042"


async def measure(deliveries: int) -> dict[str, list[float]]:
    """Return the times of each search, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        async with running_installation(postgres) as installation:
            await installation.api.subscribe("http://127.0.0.1:9/", event_type="order.created")
            async with installation.database.connection() as connection:
                return await _measure_searches(connection, deliveries)


async def _measure_searches(connection: Connection, deliveries: int) -> dict[str, list[float]]:
    subscription_id, organisation_id = await seed(connection, deliveries, payload_bytes=300)
    middle: UUID = await connection.fetchval(
        "SELECT event_id FROM webhooks.event ORDER BY event_id OFFSET $1 LIMIT 1", deliveries // 2
    )
    await connection.execute("UPDATE webhooks.event SET idempotency_key = $2 WHERE event_id = $1", middle, _KEY)
    from_middle = SearchPosition(middle, middle)

    async def events(only: EventFilter, before: SearchPosition | None) -> None:
        async with connection.transaction(readonly=True, isolation="repeatable_read"):
            await search_events(connection, organisation_id=organisation_id, only=only, before=before, limit=PAGE + 1)

    async def found(only: DeliveryFilter, before: SearchPosition | None) -> None:
        async with connection.transaction(readonly=True, isolation="repeatable_read"):
            await search_deliveries(
                connection, organisation_id=organisation_id, only=only, before=before, limit=PAGE + 1
            )

    one = DeliveryFilter(subscription_id=subscription_id)
    change = msgspec.structs.replace
    at = time_of_id(middle)
    event_filters = {
        "a whole id": EventFilter(text=format_id(EVENT_PREFIX, middle)),
        "the beginning of an id": EventFilter(text=format_id(EVENT_PREFIX, middle)[:12]),
        "an idempotency key": EventFilter(idempotency_key=_KEY),
        "a time": EventFilter(accepted_before=at),
        "a type that all have": EventFilter(event_type="order.*"),
        "a type that none has": EventFilter(event_type="user.*"),
        "a text that none has": EventFilter(text=_MISSING),
    }
    delivery_filters = {
        "a whole id": DeliveryFilter(text=format_id(DELIVERY_PREFIX, middle)),
        "a code that 3 % have": DeliveryFilter(response_code="5xx"),
        "a code that none has": DeliveryFilter(response_code="404"),
        "a type that none has": DeliveryFilter(event_type="user.*"),
        "a text that none has": DeliveryFilter(text=_MISSING),
        "of one subscription, a code that 3 % have": change(one, response_code="5xx"),
        "of one subscription, a code that none has": change(one, response_code="404"),
        "of one subscription, a text that none has": change(one, text=_MISSING),
        "of one subscription, failed, a text that none has": change(one, text=_MISSING, status=DeliveryStatus.FAILED),
    }
    times: dict[str, list[float]] = {}
    for name, event_filter in event_filters.items():
        times[f"events: {name}"] = await _times_ms(events, event_filter, None)
    for name, delivery_filter in delivery_filters.items():
        times[f"deliveries: {name}"] = await _times_ms(found, delivery_filter, None)
    times["events: a text that none has, in the middle"] = await _times_ms(
        events, event_filters["a text that none has"], from_middle
    )
    times["deliveries: a text that none has, in the middle"] = await _times_ms(
        found, delivery_filters["a text that none has"], from_middle
    )
    return times


async def _times_ms(
    search: Callable[[FilterT, SearchPosition | None], Awaitable[None]], only: FilterT, before: SearchPosition | None
) -> list[float]:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        await search(only, before)
        times.append((time.perf_counter() - began) * 1_000)
    return times


def main() -> int:
    """Measure, print the table, and return 1 if the median of a search misses the goal."""
    times = uvloop.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else DELIVERIES))
    print(f"{'search':<64}{'median':>10}{'slowest':>10}")
    for name, each in times.items():
        print(f"{name:<64}{statistics.median(each):>7.1f} ms{max(each):>7.1f} ms")
    return int(max(statistics.median(each) for each in times.values()) > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
