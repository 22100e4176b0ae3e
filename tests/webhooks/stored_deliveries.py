"""Deliveries that a test puts into the table, with any status, as if they had been attempted long ago."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from http_api import Json
from ninefold.core.ids import derive_id, format_id, new_id, parse_id
from ninefold.core.postgres.database import Database
from webhooks.webhooks_api import WebhooksApi

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)

_INSERT_EVENT = """
    INSERT INTO webhooks.event (
        event_id, organisation_id, event_type, payload, queued_deliveries, status, accepted_at, dispatched_at
    )
    SELECT $1, organisation_id, $3, $4, 1, 'dispatched', $5, $5 FROM webhooks.subscription WHERE subscription_id = $2
"""
_INSERT_DELIVERY = """
    INSERT INTO webhooks.delivery (
        delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
        round_started_at, next_attempt_at, created_at, finished_at, last_attempted_at, last_duration_ms,
        last_response_status, is_last_response_body_truncated, last_error_class, last_error_detail, leased_by
    )
    SELECT
        $1, organisation_id, $2, $3, $4, $5, $5, $6, $7, $6, $8, CASE WHEN $5 > 0 THEN $6::timestamptz END,
        CASE WHEN $5 > 0 THEN 1 END, $9, CASE WHEN $5 > 0 THEN FALSE END, $10, $11, $12
    FROM webhooks.subscription
    WHERE subscription_id = $3
"""


class Stored(NamedTuple):
    """A delivery in the table."""

    delivery_id: str
    event_id: str
    payload: bytes


async def store_delivery(
    database: Database,
    subscription: Json,
    *,
    status: str = "failed",
    event_type: str = "order.created",
    error_class: str | None = "timeout",
    at: datetime = LONG_AGO,
    finished_at: datetime | None = None,
    payload: bytes = b'{"n":1}',
    leased_by: UUID | None = None,
) -> Stored:
    """Insert an event that was accepted at a time, and its delivery; without an error class, it had no attempt.

    A delivered one has one successful attempt instead.
    """
    subscription_id, event_id = parse_id("sub", subscription["subscription_id"]), _event_id(at)
    delivery_id = derive_id(event_id, subscription_id)
    is_delivered, is_pending = status == "delivered", status in {"retrying", "waiting"}
    failed = None if is_delivered else error_class
    async with database.transaction() as connection:
        await connection.execute(_INSERT_EVENT, event_id, subscription_id, event_type, payload, at)
        await connection.execute(
            _INSERT_DELIVERY,
            *(delivery_id, event_id, subscription_id, status, 1 if failed or is_delivered else 0, at),
            *(at if status == "retrying" else None, None if is_pending else finished_at or at),
            *(200 if is_delivered else None, failed, failed and "It failed.", leased_by),
        )
    return Stored(format_id("dlv", delivery_id), format_id("evt", event_id), payload)


async def store_dead_letters(
    database: Database, subscription: Json, count: int, *, at: datetime = LONG_AGO
) -> list[Stored]:
    """Insert dead letters, a second apart, each with a body of its own."""
    return [
        await store_delivery(
            database, subscription, at=at + timedelta(seconds=number), payload=b'{"n": %d.50}' % number
        )
        for number in range(count)
    ]


async def statuses_of(api: WebhooksApi, stored: Sequence[Stored]) -> list[str]:
    """Return the statuses of deliveries."""
    return [(await api.get(f"/deliveries/{each.delivery_id}"))["status"] for each in stored]


def _event_id(at: datetime) -> UUID:
    """Return an event's id of that time."""
    milliseconds = int(at.timestamp() * 1_000)
    return UUID(bytes=milliseconds.to_bytes(6, "big") + new_id().bytes[6:])
