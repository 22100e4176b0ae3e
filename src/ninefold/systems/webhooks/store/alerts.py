"""Queries for alerts: subscriptions and dead letters that a person should know of."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import PauseReason
from ninefold.systems.webhooks.store.queries import queries

LETTERS_MAX = 1_000
"""Dead letters that are counted, the latest ones."""


class UnhealthySubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that was paused because of its receiver, or that is failing."""

    subscription_id: UUID
    description: str
    url: str
    paused_at: datetime | None
    pause_reason: PauseReason | None
    consecutive_failures: int | None
    failing_since: datetime | None
    opened_at: datetime | None
    retry_at: datetime | None


class DeadLetterCount(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters of a subscription since a time."""

    subscription_id: UUID
    description: str
    url: str
    count: int
    since: datetime
    """When the first of them failed."""


async def alert_list_dead_letters(
    connection: Connection, *, organisation_id: UUID, since: datetime, limit: int
) -> list[DeadLetterCount]:
    """Count the dead letters since a time by subscription; those with the most first."""
    records = queries.alert_list_dead_letters(
        connection, organisation_id=organisation_id, since=since, letters_max=LETTERS_MAX, limit=limit
    )
    return [msgspec.convert(dict(record), DeadLetterCount) async for record in records]


async def alert_list_subscriptions(
    connection: Connection, *, organisation_id: UUID, limit: int
) -> list[UnhealthySubscription]:
    """Read the subscriptions that were paused because of their receiver, or that are failing; the worst first."""
    records = queries.alert_list_subscriptions(connection, organisation_id=organisation_id, limit=limit)
    return [msgspec.convert(dict(record), UnhealthySubscription) async for record in records]
