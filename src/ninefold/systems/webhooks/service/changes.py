"""What live feeds show of webhooks: the changes of deliveries, and the health of subscriptions.

Both are columns that are overwritten, so each change is appended to a log in the transaction that makes it, while
somebody watches (`core/live/watched_log.py`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import LIVE_CHANNEL, Channel, Feed
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.core.tenancy.model import Principal
from ninefold.systems.webhooks.model import (
    DELIVERY_PREFIX,
    EVENT_PREFIX,
    SUBSCRIPTION_PREFIX,
    CircuitState,
    DeliveryStatus,
    PauseReason,
)
from ninefold.systems.webhooks.store.changes import delivery_list_changed, subscription_list_health
from ninefold.systems.webhooks.store.subscriptions import subscription_find

_PREFIX: Final = "webhooks."
_DELIVERIES: Final = "webhooks.deliveries:"
_HEALTH: Final = "webhooks.health:"
_ORGANISATION_PREFIX: Final = "org"

_encoder: Final = msgspec.json.Encoder()


class DeliveryChange(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery after a change, as clients see it."""

    delivery_id: str
    event_id: str
    status: DeliveryStatus
    attempt: int
    """How many attempts have an outcome."""
    next_attempt_at: datetime | None
    error_class: str | None
    """Why the latest attempt failed; null if it succeeded, or before it."""


class HealthChange(msgspec.Struct, frozen=True, kw_only=True):
    """The health of a subscription after a change, as clients see it."""

    subscription_id: str
    is_deleted: bool
    is_active: bool
    pause_reason: PauseReason | None
    circuit: CircuitState
    """An open circuit becomes `half_open` when `retry_at` has come, which isn't a change of its own."""
    consecutive_failures: int
    failing_since: datetime | None
    retry_at: datetime | None


def deliveries_channel(subscription_id: UUID) -> str:
    """Return the channel of the deliveries to a subscription."""
    return _DELIVERIES + format_id(SUBSCRIPTION_PREFIX, subscription_id)


def health_channel(organisation_id: UUID) -> str:
    """Return the channel of the health of an organisation's subscriptions."""
    return _HEALTH + format_id(_ORGANISATION_PREFIX, organisation_id)


async def append_changes(
    connection: Connection, *, delivery_ids: Collection[UUID] = (), subscription_ids: Collection[UUID] = ()
) -> set[str]:
    """Append the changes of a transaction to the channels that are watched. Call it at the transaction's end.

    Args:
        connection: in the transaction.
        delivery_ids: the deliveries that it has changed.
        subscription_ids: the subscriptions whose health it has changed.

    Returns:
        The channels to notify of after the commit.
    """
    watched = await list_watched(connection, prefix=_PREFIX)
    if not watched:
        return set()
    entries = [
        *await _delivery_entries(connection, delivery_ids, _ids_in(watched, _DELIVERIES, SUBSCRIPTION_PREFIX)),
        *await _health_entries(connection, subscription_ids, _ids_in(watched, _HEALTH, _ORGANISATION_PREFIX)),
    ]
    return await append_watched(connection, entries)


async def announce_changes(
    connection: Connection, *, delivery_ids: Collection[UUID] = (), subscription_ids: Collection[UUID] = ()
) -> None:
    """Append changes as `append_changes` does, and notify servers with the commit; for transactions that are rare."""
    channels = await append_changes(connection, delivery_ids=delivery_ids, subscription_ids=subscription_ids)
    if channels:
        await notify_on_commit(connection, LIVE_CHANNEL, *sorted(channels))


def make_feeds() -> list[Feed]:
    """Return the feeds of webhooks."""
    return [
        watched_feed(pattern=_DELIVERIES + "{subscription_id}", may_read=_may_read_deliveries),
        watched_feed(pattern=_HEALTH + "{organisation_id}", may_read=_may_read_health),
    ]


async def _may_read_deliveries(connection: Connection, principal: Principal, channel: Channel) -> bool:
    try:
        subscription_id = parse_id(SUBSCRIPTION_PREFIX, channel["subscription_id"])
    except InvalidIdError:
        return False
    found = await subscription_find(
        connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
    )
    return found is not None


async def _may_read_health(_: Connection, principal: Principal, channel: Channel) -> bool:
    return channel.name == health_channel(principal.organisation_id)


async def _delivery_entries(
    connection: Connection, delivery_ids: Collection[UUID], watched: Collection[UUID]
) -> list[tuple[str, bytes]]:
    if not delivery_ids or not watched:
        return []
    changed = await delivery_list_changed(connection, delivery_ids=delivery_ids, subscription_ids=watched)
    return [
        (
            deliveries_channel(each.subscription_id),
            _encoder.encode(
                DeliveryChange(
                    delivery_id=format_id(DELIVERY_PREFIX, each.delivery_id),
                    event_id=format_id(EVENT_PREFIX, each.event_id),
                    status=each.status,
                    attempt=each.attempt_count,
                    next_attempt_at=each.next_attempt_at,
                    error_class=each.error_class,
                )
            ),
        )
        for each in changed
    ]


async def _health_entries(
    connection: Connection, subscription_ids: Collection[UUID], watched: Collection[UUID]
) -> list[tuple[str, bytes]]:
    if not subscription_ids or not watched:
        return []
    changed = await subscription_list_health(connection, subscription_ids=subscription_ids, organisation_ids=watched)
    return [
        (
            health_channel(each.organisation_id),
            _encoder.encode(
                HealthChange(
                    subscription_id=format_id(SUBSCRIPTION_PREFIX, each.subscription_id),
                    is_deleted=each.is_deleted,
                    is_active=each.pause_reason is None,
                    pause_reason=each.pause_reason,
                    circuit=each.circuit_state,
                    consecutive_failures=each.consecutive_failures,
                    failing_since=each.failing_since,
                    retry_at=each.retry_at,
                )
            ),
        )
        for each in changed
    ]


def _ids_in(channels: Collection[str], start: str, prefix: str) -> list[UUID]:
    return [parse_id(prefix, channel.removeprefix(start)) for channel in channels if channel.startswith(start)]
