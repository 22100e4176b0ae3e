"""Queries for subscriptions, their secrets, and the recipients of deliveries."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import (
    BackloggedSubscription,
    Circuit,
    CircuitState,
    Ordering,
    OrderingOnFailure,
    PauseReason,
    Recipient,
    RetryPlan,
    SigningSecret,
    Subscription,
    SubscriptionDraft,
    SubscriptionFilter,
)
from ninefold.systems.webhooks.model.replays import ReplayTarget
from ninefold.systems.webhooks.store.queries import queries

OpenSecret: TypeAlias = Callable[[UUID, bytes], bytes | None]
"""Returns the key of a secret with an id and a sealed key."""


async def subscription_count(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the subscriptions of an organisation."""
    count: int = await queries.subscription_count(connection, organisation_id=organisation_id)
    return count


async def subscription_delete(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> bool:
    """Mark a subscription as deleted; return False when the organisation has none with this id."""
    deleted = await queries.subscription_delete(
        connection, organisation_id=organisation_id, subscription_id=subscription_id
    )
    return deleted is not None


async def subscription_find(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID
) -> Subscription | None:
    """Read one subscription of an organisation."""
    record = await queries.subscription_find(
        connection, organisation_id=organisation_id, subscription_id=subscription_id
    )
    return None if record is None else _subscription(record)


async def subscription_insert(
    connection: Connection, draft: SubscriptionDraft, *, subscription_id: UUID, organisation_id: UUID
) -> None:
    """Insert a new subscription."""
    await queries.subscription_insert(
        connection, subscription_id=subscription_id, organisation_id=organisation_id, **_columns(draft)
    )


async def subscription_list(
    connection: Connection, *, organisation_id: UUID, only: SubscriptionFilter, before: UUID | None, limit: int
) -> list[Subscription]:
    """Read those of an organisation's subscriptions that match a filter, with ids before one, newest first."""
    records = queries.subscription_list(
        connection,
        organisation_id=organisation_id,
        subscriber_id=only.subscriber_id,
        is_active=only.is_active,
        circuit_state=only.circuit_state,
        before=before,
        limit=limit,
    )
    return [_subscription(record) async for record in records]


async def subscription_list_ids_by_subscriber(
    connection: Connection, *, organisation_id: UUID, subscriber_id: str, limit: int
) -> list[UUID]:
    """Read the ids of a customer's subscriptions, also of deleted ones, newest first."""
    records = queries.subscription_list_ids_by_subscriber(
        connection, organisation_id=organisation_id, subscriber_id=subscriber_id, limit=limit
    )
    return [record["subscription_id"] async for record in records]


async def subscription_lock(connection: Connection, *, subscription_ids: Collection[UUID]) -> set[UUID]:
    """Keep subscriptions from being deleted until the transaction ends; return those that are deleted already."""
    records = queries.subscription_lock(connection, subscription_ids=list(subscription_ids))
    return {record["subscription_id"] async for record in records if record["is_deleted"]}


async def subscription_list_backlogged(
    connection: Connection, *, after: UUID, limit: int
) -> tuple[list[BackloggedSubscription], UUID | None]:
    """Find subscriptions with waiting deliveries that may go on: the circuit is closed, or due for a probe.

    It scans up to `limit` subscriptions that have waiting deliveries, in the order of their ids.

    Returns:
        The subscriptions, and the last one scanned; None when none is left to scan.
    """
    records = [record async for record in queries.subscription_list_backlogged(connection, after=after, limit=limit)]
    found = [
        BackloggedSubscription(
            subscription_id=record["subscription_id"],
            organisation_id=record["organisation_id"],
            subscription_version=record["subscription_version"] or 0,
            is_probe=record["is_probe"],
            tiers=record["tiers"],
        )
        for record in records
        if record["subscription_id"] is not None
    ]
    return found, records[0]["last_subscription_id"] if records else None


async def subscription_lock_for_replay(
    connection: Connection, *, subscription_ids: Collection[UUID], waiting_max: int
) -> dict[UUID, ReplayTarget]:
    """Keep subscriptions from being deleted until the transaction ends; return what decides about a replay to each.

    The waiting deliveries of each are counted up to `waiting_max`.
    """
    records = queries.subscription_lock_for_replay(
        connection, subscription_ids=list(subscription_ids), waiting_max=waiting_max
    )
    return {record["subscription_id"]: msgspec.convert(record, ReplayTarget) async for record in records}


async def subscription_pause(connection: Connection, *, subscription_id: UUID, reason: PauseReason) -> bool:
    """Pause a subscription; return False when it is paused or deleted already."""
    return await queries.subscription_pause(connection, subscription_id=subscription_id, reason=reason) is not None


async def subscription_resume(connection: Connection, *, subscription_id: UUID) -> None:
    """Resume a paused subscription; any other isn't changed."""
    await queries.subscription_resume(connection, subscription_id=subscription_id)


async def subscription_update(connection: Connection, draft: SubscriptionDraft, *, subscription_id: UUID) -> None:
    """Write all fields of a subscription that a person can change, except for the pause."""
    await queries.subscription_update(connection, subscription_id=subscription_id, **_columns(draft))


async def subscription_url_keep(connection: Connection, *, subscription_id: UUID) -> None:
    """Keep the current URL of a subscription, so that its attempts can refer to it."""
    await queries.subscription_url_keep(connection, subscription_id=subscription_id)


async def subscription_version_bump(connection: Connection, *, organisation_id: UUID) -> None:
    """Invalidate every cache of an organisation's subscriptions. The row lock also serialises changes to them."""
    await queries.subscription_version_bump(connection, organisation_id=organisation_id)


async def subscription_version_list(connection: Connection, *, organisation_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Read the versions of some organisations' subscriptions; those that never had any are missing."""
    records = queries.subscription_version_list(connection, organisation_ids=organisation_ids)
    return {record["organisation_id"]: record["version"] async for record in records}


async def signing_secret_count_active(connection: Connection, *, subscription_id: UUID) -> int:
    """Count the active secrets of a subscription."""
    count: int = await queries.signing_secret_count_active(connection, subscription_id=subscription_id)
    return count


async def signing_secret_delete_expired(connection: Connection, *, subscription_id: UUID) -> None:
    """Delete the expired secrets of a subscription."""
    await queries.signing_secret_delete_expired(connection, subscription_id=subscription_id)


async def signing_secret_expire_all(connection: Connection, *, subscription_id: UUID, grace: timedelta) -> None:
    """Let every secret of a subscription expire at the end of the grace period, unless it expires earlier."""
    await queries.signing_secret_expire_all(connection, subscription_id=subscription_id, grace=grace)


async def signing_secret_insert(
    connection: Connection, *, signing_secret_id: UUID, subscription_id: UUID, sealed: bytes
) -> None:
    """Insert a subscription's new current secret."""
    await queries.signing_secret_insert(
        connection, signing_secret_id=signing_secret_id, subscription_id=subscription_id, sealed=sealed
    )


async def signing_secret_replace(connection: Connection, *, signing_secret_id: UUID, sealed: bytes) -> None:
    """Replace a secret that can't be read any more."""
    await queries.signing_secret_replace(connection, signing_secret_id=signing_secret_id, sealed=sealed)


async def recipient_list(
    connection: Connection, *, organisation_id: UUID, open_secret: OpenSecret
) -> tuple[int, list[Recipient]]:
    """Read an organisation's recipients and their version, which is 0 when it never had any.

    Args:
        connection: any.
        organisation_id: whose recipients.
        open_secret: opens the secret with an id; None: it can't be opened, and the recipient doesn't get it.
    """
    records = [record async for record in queries.recipient_list(connection, organisation_id=organisation_id)]
    if not records:
        return 0, []
    version: int = records[0]["version"]
    return version, [_recipient(record, open_secret) for record in records if record["subscription_id"] is not None]


def _columns(draft: SubscriptionDraft) -> dict[str, object]:
    plan = draft.retry_plan
    return {
        "url": draft.url,
        "event_types": list(draft.event_types),
        "description": draft.description,
        "subscriber_id": draft.subscriber_id,
        "rate_limit_per_s": draft.rate_limit_per_s,
        "in_flight_max": draft.in_flight_max,
        "retry_delays_s": None if plan is None else list(plan.delays_s),
        "retry_preset": None if plan is None else plan.preset,
        "ordering": draft.ordering,
        "ordering_on_failure": draft.ordering_on_failure,
    }


def _subscription(record: asyncpg.Record) -> Subscription:
    return Subscription(
        subscription_id=record["subscription_id"],
        organisation_id=record["organisation_id"],
        url=record["url"],
        event_types=tuple(record["event_types"]),
        description=record["description"],
        subscriber_id=record["subscriber_id"],
        paused_at=record["paused_at"],
        pause_reason=None if record["pause_reason"] is None else PauseReason(record["pause_reason"]),
        rate_limit_per_s=record["rate_limit_per_s"],
        in_flight_max=record["in_flight_max"],
        retry_plan=_retry_plan(record),
        ordering=Ordering(record["ordering"]),
        ordering_on_failure=OrderingOnFailure(record["ordering_on_failure"]),
        circuit=_circuit(record),
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def _retry_plan(record: asyncpg.Record) -> RetryPlan | None:
    if record["retry_delays_s"] is None:
        return None
    return RetryPlan(delays_s=tuple(record["retry_delays_s"]), preset=record["retry_preset"])


def _circuit(record: asyncpg.Record) -> Circuit:
    return Circuit(
        state=CircuitState(record["circuit_state"]),
        consecutive_failures=record["consecutive_failures"] or 0,
        failing_since=record["failing_since"],
        opened_at=record["opened_at"],
        retry_at=record["retry_at"],
        throttled_until=record["throttled_until"],
    )


def _recipient(record: asyncpg.Record, open_secret: OpenSecret) -> Recipient:
    return Recipient(
        subscription_id=record["subscription_id"],
        url=record["url"],
        url_revision=record["url_revision"],
        event_types=tuple(record["event_types"]),
        created_at=record["created_at"],
        secrets=tuple(
            SigningSecret(key=key, expires_at=expires_at)
            for secret_id, sealed, expires_at in zip(
                record["secret_ids"], record["sealed_secrets"], record["expiries"], strict=True
            )
            if sealed is not None and (key := open_secret(secret_id, sealed)) is not None
        ),
        is_paused=record["is_paused"],
        rate_limit_per_s=record["rate_limit_per_s"],
        in_flight_max=record["in_flight_max"],
        retry_delays_s=None if record["retry_delays_s"] is None else tuple(record["retry_delays_s"]),
        resumed_at=record["resumed_at"],
        ordering=Ordering(record["ordering"]),
    )
