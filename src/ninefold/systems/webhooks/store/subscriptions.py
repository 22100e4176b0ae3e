"""Subscriptions, their secrets, and what a delivery needs to know of them."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Recipient, SigningSecret, Subscription
from ninefold.systems.webhooks.store.queries import queries


async def subscription_count(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the subscriptions that an organisation has now."""
    count: int = await queries.subscription_count(connection, organisation_id=organisation_id)
    return count


async def subscription_delete(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> bool:
    """Mark a subscription as deleted; False when the organisation has none of this id."""
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
    """Write a new subscription."""
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
    """Read an organisation's subscriptions, newest first, those before an id."""
    records = queries.subscription_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [_subscription(record) async for record in records]


async def subscription_update(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    url: str | None,
    event_types: list[str] | None,
    description: str | None,
) -> Subscription | None:
    """Change the parts that aren't None; answers None when the organisation has none of this id."""
    record = await queries.subscription_update(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        url=url,
        event_types=event_types,
        description=description,
    )
    return None if record is None else _subscription(record)


async def subscription_version_bump(connection: Connection, *, organisation_id: UUID) -> None:
    """Tell every cache that an organisation's subscriptions have changed; also serialises such changes."""
    await queries.subscription_version_bump(connection, organisation_id=organisation_id)


async def subscription_version_find(connection: Connection, *, organisation_id: UUID) -> int:
    """Read the version of an organisation's subscriptions; 0 when it never had any."""
    version: int | None = await queries.subscription_version_find(connection, organisation_id=organisation_id)
    return version or 0


async def signing_secret_count_active(connection: Connection, *, subscription_id: UUID) -> int:
    """Count the secrets that sign a subscription's deliveries now."""
    count: int = await queries.signing_secret_count_active(connection, subscription_id=subscription_id)
    return count


async def signing_secret_delete_expired(connection: Connection, *, subscription_id: UUID) -> None:
    """Remove the secrets of a subscription that sign no more."""
    await queries.signing_secret_delete_expired(connection, subscription_id=subscription_id)


async def signing_secret_expire_all(connection: Connection, *, subscription_id: UUID, grace: timedelta) -> None:
    """Let every secret of a subscription end after the grace at the latest."""
    await queries.signing_secret_expire_all(connection, subscription_id=subscription_id, grace=grace)


async def signing_secret_insert(
    connection: Connection, *, signing_secret_id: UUID, subscription_id: UUID, key: bytes
) -> None:
    """Write a subscription's new current secret."""
    await queries.signing_secret_insert(
        connection, signing_secret_id=signing_secret_id, subscription_id=subscription_id, key=key
    )


async def recipient_list(connection: Connection, *, organisation_id: UUID) -> tuple[int, list[Recipient]]:
    """Read an organisation's recipients, and the version that this is (0 when it never had any)."""
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
        event_types=tuple(record["event_types"]),
        created_at=record["created_at"],
        secrets=tuple(
            SigningSecret(key=key, expires_at=expires_at)
            for key, expires_at in zip(record["keys"], record["expiries"], strict=True)
        ),
    )
