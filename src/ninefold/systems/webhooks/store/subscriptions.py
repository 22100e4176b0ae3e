"""Queries for subscriptions, their secrets, and the recipients of deliveries."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Recipient, SigningSecret, Subscription
from ninefold.systems.webhooks.store.queries import queries


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
    connection: Connection,
    *,
    subscription_id: UUID,
    organisation_id: UUID,
    url: str,
    event_types: list[str],
    description: str,
) -> Subscription:
    """Insert a new subscription."""
    record = await queries.subscription_insert(
        connection,
        subscription_id=subscription_id,
        organisation_id=organisation_id,
        url=url,
        event_types=event_types,
        description=description,
    )
    return _subscription(record)


async def subscription_list(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Subscription]:
    """Read an organisation's subscriptions with ids before one, newest first."""
    records = queries.subscription_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [_subscription(record) async for record in records]


async def subscription_lock(connection: Connection, *, subscription_ids: Collection[UUID]) -> set[UUID]:
    """Keep subscriptions from being deleted until the transaction ends; return those that are deleted already."""
    records = queries.subscription_lock(connection, subscription_ids=list(subscription_ids))
    return {record["subscription_id"] async for record in records if record["is_deleted"]}


async def subscription_update(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    url: str | None,
    event_types: list[str] | None,
    description: str | None,
) -> Subscription | None:
    """Change the fields that aren't None; return None when the organisation has no subscription with this id."""
    record = await queries.subscription_update(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        url=url,
        event_types=event_types,
        description=description,
    )
    return None if record is None else _subscription(record)


async def subscription_url_keep(connection: Connection, *, subscription_id: UUID) -> None:
    """Keep the current URL of a subscription, so that its attempts can refer to it."""
    await queries.subscription_url_keep(connection, subscription_id=subscription_id)


async def subscription_version_bump(connection: Connection, *, organisation_id: UUID) -> None:
    """Invalidate every cache of an organisation's subscriptions. The row lock also serialises changes to them."""
    await queries.subscription_version_bump(connection, organisation_id=organisation_id)


async def subscription_version_find(connection: Connection, *, organisation_id: UUID) -> int:
    """Read the version of an organisation's subscriptions; return 0 when it never had any."""
    version: int | None = await queries.subscription_version_find(connection, organisation_id=organisation_id)
    return version or 0


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
    connection: Connection, *, signing_secret_id: UUID, subscription_id: UUID, key: bytes
) -> None:
    """Insert a subscription's new current secret."""
    await queries.signing_secret_insert(
        connection, signing_secret_id=signing_secret_id, subscription_id=subscription_id, key=key
    )


async def recipient_list(connection: Connection, *, organisation_id: UUID) -> tuple[int, list[Recipient]]:
    """Read an organisation's recipients and their version, which is 0 when it never had any."""
    records = [record async for record in queries.recipient_list(connection, organisation_id=organisation_id)]
    if not records:
        return 0, []
    version: int = records[0]["version"]
    return version, [_recipient(record) for record in records if record["subscription_id"] is not None]


def _subscription(record: asyncpg.Record) -> Subscription:
    return Subscription(
        subscription_id=record["subscription_id"],
        organisation_id=record["organisation_id"],
        url=record["url"],
        event_types=tuple(record["event_types"]),
        description=record["description"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def _recipient(record: asyncpg.Record) -> Recipient:
    return Recipient(
        subscription_id=record["subscription_id"],
        url=record["url"],
        url_revision=record["url_revision"],
        event_types=tuple(record["event_types"]),
        created_at=record["created_at"],
        secrets=tuple(
            SigningSecret(key=key, expires_at=expires_at)
            for key, expires_at in zip(record["keys"], record["expiries"], strict=True)
        ),
    )
