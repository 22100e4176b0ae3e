"""Queries for caches."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.results import CacheEntry
from ninefold.systems.workflows.store.queries import queries, read_row_or_none


async def cache_entry_delete(connection: Connection, *, cache_entry_ids: Sequence[UUID]) -> list[UUID]:
    """Delete caches; return their contents."""
    rows = queries.cache_entry_delete(connection, cache_entry_ids=cache_entry_ids)
    return [row["upload_id"] async for row in rows]


async def cache_entry_find(
    connection: Connection, *, repository_id: UUID, scope: str, key: str, version: str
) -> CacheEntry | None:
    """Read a cache of a repository by all that names it."""
    row = await queries.cache_entry_find(connection, repository_id=repository_id, scope=scope, key=key, version=version)
    return read_row_or_none(CacheEntry, row)


async def cache_entry_insert(
    connection: Connection,
    *,
    cache_entry_id: UUID,
    organisation_id: UUID,
    repository_id: UUID,
    scope: str,
    key: str,
    version: str,
    upload_id: UUID,
    created_at: datetime,
) -> bool:
    """Insert a cache that is being uploaded; return False if there is one already."""
    row = await queries.cache_entry_insert(
        connection,
        cache_entry_id=cache_entry_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        scope=scope,
        key=key,
        version=version,
        upload_id=upload_id,
        created_at=created_at,
    )
    return row is not None


async def cache_entry_list_of_repository(
    connection: Connection, *, repository_id: UUID, limit: int
) -> list[tuple[UUID, int]]:
    """Lock caches of a repository, those that were used least recently first; return each with its size."""
    rows = queries.cache_entry_list_of_repository(connection, repository_id=repository_id, limit=limit)
    return [(row["cache_entry_id"], row["size_bytes"]) async for row in rows]


async def cache_entry_list_unused(
    connection: Connection, *, unused_since: datetime, unfinished_before: datetime, limit: int
) -> list[UUID]:
    """Lock caches that weren't used for long, or that were never finished."""
    rows = queries.cache_entry_list_unused(
        connection, unused_since=unused_since, unfinished_before=unfinished_before, limit=limit
    )
    return [row["cache_entry_id"] async for row in rows]


async def cache_entry_match(
    connection: Connection, *, repository_id: UUID, scope: str, version: str, prefix: str
) -> CacheEntry | None:
    """Find the newest cache of a scope that can be used whose key begins so."""
    row = await queries.cache_entry_match(
        connection, repository_id=repository_id, scope=scope, version=version, prefix=prefix
    )
    return read_row_or_none(CacheEntry, row)


async def cache_entry_set_ready(
    connection: Connection, *, cache_entry_id: UUID, size_bytes: int, ready_at: datetime
) -> None:
    """Say that a cache can be used."""
    await queries.cache_entry_set_ready(
        connection, cache_entry_id=cache_entry_id, size_bytes=size_bytes, ready_at=ready_at
    )


async def cache_entry_sum(connection: Connection, *, repository_id: UUID) -> int:
    """Sum up the caches of a repository."""
    return int(await queries.cache_entry_sum(connection, repository_id=repository_id))


async def cache_entry_use(connection: Connection, *, cache_entry_id: UUID, at: datetime) -> None:
    """Say that a cache was used."""
    await queries.cache_entry_use(connection, cache_entry_id=cache_entry_id, at=at)
