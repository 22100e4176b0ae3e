"""The queries of schema `tenancy`, one typed function each."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries
from ninefold.core.tenancy.model import ApiKey, Organisation

_queries = load_queries(__package__)


class FoundApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What authentication needs to know about a key."""

    api_key_id: UUID
    organisation_id: UUID
    revoked_at: datetime | None
    is_use_noted: bool | None


async def organisation_exists(connection: Connection) -> bool:
    """Say whether there is any organisation at all."""
    return bool(await _queries.organisation_exists(connection))


async def organisation_find(connection: Connection, *, organisation_id: UUID) -> Organisation | None:
    """Find an organisation by its id."""
    record = await _queries.organisation_find(connection, organisation_id=organisation_id)
    return None if record is None else Organisation(**record)


async def organisation_insert(connection: Connection, *, organisation_id: UUID, name: str) -> Organisation:
    """Add an organisation."""
    record = await _queries.organisation_insert(connection, organisation_id=organisation_id, name=name)
    return Organisation(**record)


async def organisation_list(connection: Connection, *, limit: int) -> list[Organisation]:
    """List the organisations, oldest first."""
    return [Organisation(**record) async for record in _queries.organisation_list(connection, limit=limit)]


async def organisation_lock(connection: Connection) -> None:
    """Let no one else add an organisation until the transaction ends; PostgreSQL refuses it outside."""
    await _queries.organisation_lock(connection)


async def api_key_find_by_digest(
    connection: Connection, *, digest: bytes, noted_within: timedelta
) -> FoundApiKey | None:
    """Find the key that a caller presented, and say whether its last use was noted lately."""
    record = await _queries.api_key_find_by_digest(connection, digest=digest, noted_within=noted_within)
    return None if record is None else FoundApiKey(**record)


async def api_key_insert(
    connection: Connection, *, api_key_id: UUID, organisation_id: UUID, name: str, prefix: str, digest: bytes
) -> ApiKey | None:
    """Add a key by its digest; None when the organisation doesn't exist."""
    return _api_key(
        await _queries.api_key_insert(
            connection,
            api_key_id=api_key_id,
            organisation_id=organisation_id,
            name=name,
            prefix=prefix,
            digest=digest,
        )
    )


async def api_key_list(connection: Connection, *, organisation_id: UUID, limit: int) -> list[ApiKey]:
    """List an organisation's keys, oldest first, revoked ones too."""
    records = _queries.api_key_list(connection, organisation_id=organisation_id, limit=limit)
    return [ApiKey(**record) async for record in records]


async def api_key_note_use(connection: Connection, *, api_key_id: UUID) -> None:
    """Note that a key has just been used."""
    await _queries.api_key_note_use(connection, api_key_id=api_key_id)


async def api_key_revoke(connection: Connection, *, organisation_id: UUID | None, api_key_id: UUID) -> ApiKey | None:
    """Revoke a key, of this organisation where one is given; None when there is no such key."""
    return _api_key(await _queries.api_key_revoke(connection, organisation_id=organisation_id, api_key_id=api_key_id))


def _api_key(record: asyncpg.Record | None) -> ApiKey | None:
    return None if record is None else ApiKey(**record)
