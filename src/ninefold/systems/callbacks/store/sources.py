"""Queries for sources.

Secrets and options are opened with a sealer. Without one, a source has none of them: for who needs neither.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.model import Answer, NewSource, Source
from ninefold.systems.callbacks.store.configurations import Configuration, open_configuration, seal_configuration
from ninefold.systems.callbacks.store.queries import queries

_NONE: Final = Configuration(secrets=(), options={})


async def source_count(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the sources of an organisation."""
    count: int = await queries.source_count(connection, organisation_id=organisation_id)
    return count


async def source_delete(connection: Connection, *, organisation_id: UUID, source_id: UUID) -> bool:
    """Mark a source as deleted; return False when the organisation has none with this id."""
    deleted = await queries.source_delete(connection, organisation_id=organisation_id, source_id=source_id)
    return deleted is not None


async def source_delete_unused(connection: Connection, *, before: datetime) -> None:
    """Delete sources that were marked as deleted before a time and have no callbacks any more."""
    await queries.source_delete_unused(connection, before=before)


async def source_find(
    connection: Connection, sealer: Sealer | None, *, organisation_id: UUID, source_id: UUID
) -> Source | None:
    """Read one source of an organisation."""
    record = await queries.source_find(connection, organisation_id=organisation_id, source_id=source_id)
    return None if record is None else _source(record, sealer)


async def source_find_by_token(connection: Connection, sealer: Sealer | None, *, token: str) -> Source | None:
    """Read the source with a token, of any organisation."""
    record = await queries.source_find_by_token(connection, token=token)
    return None if record is None else _source(record, sealer)


async def source_find_many(
    connection: Connection, sealer: Sealer | None, *, source_ids: Collection[UUID]
) -> dict[UUID, Source]:
    """Read sources by their ids, of any organisation, including deleted ones."""
    records = queries.source_find_many(connection, source_ids=list(source_ids))
    return {record["source_id"]: _source(record, sealer) async for record in records}


async def source_forget_configurations(connection: Connection, *, source_ids: Collection[UUID]) -> None:
    """Remove secrets and options that can't be read any more."""
    await queries.source_forget_configurations(connection, source_ids=list(source_ids))


async def source_forwards_with(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> bool:
    """Return whether a source of an organisation forwards with a subscription."""
    is_in_use: bool = await queries.source_forwards_with(
        connection, organisation_id=organisation_id, subscription_id=subscription_id
    )
    return is_in_use


async def source_insert(connection: Connection, sealer: Sealer, *, source: NewSource) -> Source:
    """Insert a new source."""
    record = await queries.source_insert(
        connection,
        organisation_id=source.organisation_id,
        provider=source.provider,
        token=source.token,
        **_values(source, sealer),
    )
    return _source(record, sealer)


async def source_list(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Source]:
    """Read an organisation's sources with ids before one, newest first."""
    records = queries.source_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [_source(record, sealer) async for record in records]


async def source_lock(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, source_id: UUID
) -> Source | None:
    """Read one source of an organisation, and keep others from changing it until the transaction ends."""
    record = await queries.source_lock(connection, organisation_id=organisation_id, source_id=source_id)
    return None if record is None else _source(record, sealer)


async def source_lock_organisation(connection: Connection, *, organisation_id: UUID) -> None:
    """Make concurrent creations of an organisation's sources wait until the transaction ends."""
    await queries.source_lock_organisation(connection, organisation_id=organisation_id)


async def source_update(connection: Connection, sealer: Sealer, *, source: NewSource) -> Source | None:
    """Change a source; return None when the organisation has no source with its id."""
    record = await queries.source_update(connection, organisation_id=source.organisation_id, **_values(source, sealer))
    return None if record is None else _source(record, sealer)


def _values(source: NewSource, sealer: Sealer) -> dict[str, Any]:
    return {
        "source_id": source.source_id,
        "name": source.name,
        "sealed": seal_configuration(sealer, source),
        "answer_status": source.answer.status,
        "answer_content_type": source.answer.content_type,
        "answer_body": source.answer.body,
        "forward_url": source.forward_url,
        "forward_subscription_id": source.forward_subscription_id,
    }


def _source(record: asyncpg.Record, sealer: Sealer | None) -> Source:
    opened = _NONE if sealer is None else open_configuration(sealer, record["source_id"], record["sealed"])
    configuration = opened or _NONE
    return Source(
        source_id=record["source_id"],
        organisation_id=record["organisation_id"],
        provider=record["provider"],
        name=record["name"],
        token=record["token"],
        secrets=configuration.secrets,
        options=configuration.options,
        answer=Answer(
            status=record["answer_status"], content_type=record["answer_content_type"], body=record["answer_body"]
        ),
        forward_url=record["forward_url"],
        forward_subscription_id=record["forward_subscription_id"],
        version=record["version"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        is_broken=opened is None,
    )
