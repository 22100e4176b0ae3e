"""Queries for alerts: what they are about, those that were fired, and what was sent of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import PauseReason
from ninefold.systems.webhooks.model.alerts import (
    AlertChange,
    AlertChannel,
    AlertFilter,
    AlertKey,
    AlertNotification,
    FiringAlert,
    KeptAlert,
    SubscriptionCount,
)
from ninefold.systems.webhooks.model.figures import AlertKind
from ninefold.systems.webhooks.store.queries import queries

_encoder = msgspec.json.Encoder()

LETTERS_MAX: Final = 1_000
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


class OpenCircuit(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription whose circuit is open."""

    organisation_id: UUID
    subscription_id: UUID
    description: str
    url: str
    consecutive_failures: int


async def alert_delete_resolved(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete some alerts that were resolved before a time; return how many."""
    deleted: int = await queries.alert_delete_resolved(connection, before=before, limit=limit)
    return deleted


async def alert_evaluation_begin(connection: Connection, *, interval_s: float) -> datetime | None:
    """Lock the evaluation of alerts until the transaction ends; return the time, or None if it isn't due or locked."""
    begun_at: datetime | None = await queries.alert_evaluation_begin(connection, interval_s=interval_s)
    return begun_at


async def alert_find_many(connection: Connection, *, alert_ids: Sequence[UUID]) -> list[KeptAlert]:
    """Read alerts by their ids, without their notifications, oldest first."""
    return [_kept(record) async for record in queries.alert_find_many(connection, alert_ids=alert_ids)]


async def alert_insert_many(connection: Connection, alerts: Sequence[KeptAlert]) -> None:
    """Insert alerts that fire now."""
    await queries.alert_insert_many(connection, alerts=_encoder.encode(alerts).decode())


async def alert_list(
    connection: Connection, *, organisation_id: UUID, only: AlertFilter, before: UUID | None, limit: int
) -> list[KeptAlert]:
    """List the alerts of an organisation without their notifications, newest first."""
    records = queries.alert_list(
        connection,
        organisation_id=organisation_id,
        state=only.state,
        kinds=only.kinds,
        subscription_id=only.subscription_id,
        before=before,
        limit=limit,
    )
    return [_kept(record) async for record in records]


async def alert_list_dead_letters(
    connection: Connection, *, organisation_id: UUID, since: datetime, limit: int
) -> list[SubscriptionCount]:
    """Count the dead letters since a time by subscription; those with the most first."""
    records = queries.alert_list_dead_letters(
        connection, organisation_id=organisation_id, since=since, letters_max=LETTERS_MAX, limit=limit
    )
    return [msgspec.convert(dict(record), SubscriptionCount) async for record in records]


async def alert_list_subscriptions(
    connection: Connection, *, organisation_id: UUID, limit: int
) -> list[UnhealthySubscription]:
    """Read the subscriptions that were paused because of their receiver, or that are failing; the worst first."""
    records = queries.alert_list_subscriptions(connection, organisation_id=organisation_id, limit=limit)
    return [msgspec.convert(dict(record), UnhealthySubscription) async for record in records]


async def alert_list_every_dead_letter(
    connection: Connection, *, since: datetime, excluded_event_types: Sequence[str]
) -> list[tuple[UUID, SubscriptionCount]]:
    """Count the dead letters of all organisations since a time by subscription; each with its organisation."""
    records = queries.alert_list_every_dead_letter(
        connection, since=since, excluded_event_types=excluded_event_types, letters_max=LETTERS_MAX
    )
    found = []
    async for record in records:
        columns = dict(record)
        found.append((columns.pop("organisation_id"), msgspec.convert(columns, SubscriptionCount)))
    return found


async def alert_list_every_open_circuit(connection: Connection, *, limit: int) -> list[OpenCircuit]:
    """Read the open circuits of all organisations, except those of paused subscriptions."""
    records = queries.alert_list_every_open_circuit(connection, limit=limit)
    return [OpenCircuit(**record) async for record in records]


async def alert_list_firing(connection: Connection) -> list[FiringAlert]:
    """Read what is firing, in all organisations."""
    found = []
    async for record in queries.alert_list_firing(connection):
        key = AlertKey(
            organisation_id=record["organisation_id"],
            kind=AlertKind(record["kind"]),
            is_installation_wide=record["is_installation_wide"],
            subscription_id=record["subscription_id"],
        )
        found.append(FiringAlert(alert_id=record["alert_id"], key=key, clear_since=record["clear_since"]))
    return found


async def alert_notification_count_unsent(
    connection: Connection, *, alert_ids: Sequence[UUID], change: AlertChange, channel: AlertChannel
) -> int:
    """Count the alerts of a message that weren't sent yet."""
    count: int = await queries.alert_notification_count_unsent(
        connection, alert_ids=alert_ids, change=change, channel=channel
    )
    return count


async def alert_notification_insert_many(
    connection: Connection, *, alert_ids: Sequence[UUID], change: AlertChange, channels: Sequence[AlertChannel]
) -> None:
    """Note that these alerts are to be sent over each of these channels."""
    await queries.alert_notification_insert_many(connection, alert_ids=alert_ids, change=change, channels=channels)


async def alert_notification_list(
    connection: Connection, *, alert_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[AlertNotification]]:
    """Read what was sent of these alerts."""
    found = defaultdict(list)
    async for record in queries.alert_notification_list(connection, alert_ids=alert_ids):
        columns = dict(record)
        found[columns.pop("alert_id")].append(msgspec.convert(columns, AlertNotification))
    return found


async def alert_notification_record(
    connection: Connection,
    *,
    alert_ids: Sequence[UUID],
    change: AlertChange,
    channel: AlertChannel,
    error: str | None,
    is_final: bool = False,
) -> None:
    """Record an attempt to send a message about these alerts; without an error, it was sent."""
    await queries.alert_notification_record(
        connection, alert_ids=alert_ids, change=change, channel=channel, error=error, is_final=is_final
    )


async def alert_resolve(connection: Connection, *, alert_ids: Sequence[UUID], resolved_at: datetime) -> list[KeptAlert]:
    """Resolve firing alerts; return them."""
    records = queries.alert_resolve(connection, alert_ids=alert_ids, resolved_at=resolved_at)
    return [_kept(record) async for record in records]


async def alert_set_clear_since(connection: Connection, clear_since: Mapping[UUID, datetime | None]) -> None:
    """Set since when the conditions of firing alerts are no longer met; None if they are met again."""
    await queries.alert_set_clear_since(connection, alert_ids=list(clear_since), clear_since=list(clear_since.values()))


def _kept(record: asyncpg.Record) -> KeptAlert:
    return msgspec.convert(dict(record), KeptAlert)
