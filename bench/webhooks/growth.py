"""What a delivery costs when much is there already: many subscriptions, or many stored deliveries.

Each is measured in turn with the same load without it, as in `whole_path`'s backlog; the result is the median of the
rounds' ratios of CPU time per delivery. All deliveries have to be recorded as delivered by their first attempt.
"""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from installation import Installation, running_installation
from whole_path import BATCH, FAN_OUT, SETTINGS, Publisher, measure_publisher

from ninefold.core.postgres.embedded import EmbeddedPostgres

SUBSCRIPTIONS: Final = {"few": 10, "many": 10_000}
"""Each event goes to `FAN_OUT` of them."""

STORED_BATCH: Final = 10_000

# Their ids have a time an hour ago in front, as real ones do.
_INSERT_EVENTS: Final = """
    INSERT INTO webhooks.event (
        event_id, organisation_id, event_type, payload, queued_deliveries, status, accepted_at, dispatched_at
    )
    SELECT
        (
            lpad(to_hex((extract(epoch FROM now() - interval '1 hour') * 1000)::bigint), 12, '0')
            || '70008' || lpad(to_hex(number), 15, '0')
        )::uuid,
        (SELECT organisation_id FROM webhooks.subscription LIMIT 1),
        'bench.sent', $1, $2, 'dispatched', now() - interval '1 hour', now() - interval '1 hour'
    FROM generate_series($3::bigint, $4::bigint) AS number
"""
_INSERT_DELIVERIES: Final = """
    INSERT INTO webhooks.delivery (
        delivery_id, event_id, organisation_id, subscription_id, status, attempt_count, round_attempt_count,
        round_started_at, created_at, finished_at, last_attempted_at, last_duration_ms, last_response_status,
        is_last_response_body_truncated
    )
    SELECT
        (
            substr(event.event_id::text, 1, 13) || '-7'
            || substr(md5(event.event_id::text || subscription.subscription_id::text), 1, 3) || '-8'
            || substr(md5(event.event_id::text || subscription.subscription_id::text), 4, 3) || '-'
            || substr(md5(event.event_id::text || subscription.subscription_id::text), 7, 12)
        )::uuid,
        event.event_id, event.organisation_id, subscription.subscription_id, 'delivered', 1, 1,
        event.accepted_at, event.accepted_at, event.accepted_at, event.accepted_at, 5, 200, FALSE
    FROM webhooks.event
    CROSS JOIN (SELECT subscription_id FROM webhooks.subscription LIMIT $3) AS subscription
    WHERE event.event_id >= $1::uuid AND event.event_id < $2::uuid
"""

_Prepare = Callable[[Installation], Awaitable[Publisher]]


async def measure_subscriptions(
    postgres: EmbeddedPostgres, payloads: Sequence[bytes], *, receiver_port: int, rounds: int, events: int
) -> dict[str, Any]:
    """Measure with 10 and with 10,000 subscriptions, of which the same number wants each event."""

    def with_subscriptions(count: int) -> _Prepare:
        async def prepare(installation: Installation) -> Publisher:
            event_types = [f"bench.sent_{number}" for number in range(count // FAN_OUT)]
            publisher = Publisher(installation, payloads, event_types=event_types)
            await publisher.subscribe(receiver_port=receiver_port)
            return publisher

        return prepare

    prepares = {name: with_subscriptions(count) for name, count in SUBSCRIPTIONS.items()}
    return {"subscriptions": SUBSCRIPTIONS, **await _measure(postgres, prepares, rounds=rounds, events=events)}


async def measure_stored(
    postgres: EmbeddedPostgres,
    payloads: Sequence[bytes],
    *,
    receiver_port: int,
    rounds: int,
    events: int,
    stored: int,
) -> dict[str, Any]:
    """Measure with and without stored deliveries, which are an hour old."""

    def with_stored(count: int) -> _Prepare:
        async def prepare(installation: Installation) -> Publisher:
            publisher = Publisher(installation, payloads, delivered_before=count)
            await publisher.subscribe(receiver_port=receiver_port)
            await _store(installation, payloads[0], deliveries=count)
            return publisher

        return prepare

    prepares = {"few": with_stored(0), "many": with_stored(stored)}
    return {"stored": stored, **await _measure(postgres, prepares, rounds=rounds, events=events)}


async def _measure(
    postgres: EmbeddedPostgres, prepares: dict[str, _Prepare], *, rounds: int, events: int
) -> dict[str, Any]:
    measured = []
    for _ in range(rounds):
        figures = {}
        for name, prepare in prepares.items():
            async with running_installation(postgres, settings=SETTINGS) as installation:
                publisher = await prepare(installation)
                await publisher.publish(events=BATCH)
                await publisher.wait_until_delivered()
                figures[name] = await measure_publisher(installation, publisher, events=events)
        measured.append(figures)
    ratios = [each["many"]["cpu_us_per_delivery_total"] / each["few"]["cpu_us_per_delivery_total"] for each in measured]
    return {"cpu_ratio": round(statistics.median(ratios), 2), "rounds": measured}


async def _store(installation: Installation, payload: bytes, *, deliveries: int) -> None:
    """Insert events and their deliveries as if they had been delivered, and let PostgreSQL look at them."""
    events = deliveries // FAN_OUT
    async with installation.database.connection() as connection:
        for start in range(1, events + 1, STORED_BATCH):
            await connection.execute(_INSERT_EVENTS, payload, FAN_OUT, start, min(start + STORED_BATCH - 1, events))
        ids = [
            record["event_id"]
            for record in await connection.fetch("SELECT event_id FROM webhooks.event ORDER BY event_id")
        ]
        if ids:
            bounds = [*ids[::STORED_BATCH], "ffffffff-ffff-ffff-ffff-ffffffffffff"]
            for first, end in pairwise(bounds):
                await connection.execute(_INSERT_DELIVERIES, first, end, FAN_OUT)
        await connection.execute("VACUUM ANALYZE")
