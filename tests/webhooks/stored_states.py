"""States that take long to reach by sending, written directly: circuits, and deliveries of any status."""

from datetime import datetime
from uuid import UUID

from http_api import Json
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database

_INSERT_CIRCUIT = """
    INSERT INTO webhooks.circuit (
        subscription_id, organisation_id, consecutive_failures, failing_since, opened_at, retry_at, throttled_until,
        pause_announced_at
    )
    SELECT
        subscription_id, organisation_id, $2, now() - interval '1 hour',
        CASE WHEN $3::float IS NOT NULL THEN now() - interval '1 minute' END,
        now() + $3::float * interval '1 second',
        now() + $4::float * interval '1 second',
        now()
    FROM webhooks.subscription
    WHERE subscription_id = $1
"""
_UPDATE_DELIVERY = """
    UPDATE webhooks.delivery
    SET
        status = $2,
        next_attempt_at = CASE WHEN $2 = 'retrying' THEN now() + interval '1 hour' END,
        finished_at = CASE WHEN $2 IN ('retrying', 'waiting') THEN NULL ELSE now() END
    WHERE delivery_id = $1
"""


async def store_circuit(
    database: Database,
    subscription: Json,
    *,
    failures: int = 10,
    retry_in_s: float | None = None,
    throttled_for_s: float | None = None,
) -> None:
    """Write the circuit of a subscription; with `retry_in_s`, it is open."""
    async with database.connection() as connection:
        await connection.execute(_INSERT_CIRCUIT, id_of(subscription), failures, retry_in_s, throttled_for_s)


async def read_circuit(database: Database, subscription: Json) -> Json:
    """Return every column of a subscription's circuit."""
    async with database.connection() as connection:
        record = await connection.fetchrow(
            "SELECT * FROM webhooks.circuit WHERE subscription_id = $1", id_of(subscription)
        )
    assert record is not None
    return dict(record)


async def store_pause(database: Database, subscription: Json, *, reason: str) -> datetime:
    """Pause a subscription for a reason that only workers find; return when."""
    async with database.connection() as connection:
        paused_at: datetime = await connection.fetchval(
            "UPDATE webhooks.subscription SET paused_at = now() - interval '1 day', pause_reason = $2 "
            "WHERE subscription_id = $1 RETURNING paused_at",
            id_of(subscription),
            reason,
        )
    return paused_at


async def store_status(database: Database, delivery: Json, status: str) -> None:
    """Change the status of a delivery."""
    async with database.connection() as connection:
        await connection.execute(_UPDATE_DELIVERY, parse_id("dlv", delivery["delivery_id"]), status)


def id_of(subscription: Json) -> UUID:
    """Return a subscription's id as it is stored."""
    return parse_id("sub", subscription["subscription_id"])
