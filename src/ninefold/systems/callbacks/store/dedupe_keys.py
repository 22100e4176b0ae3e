"""Queries for the digests by which verified callbacks are recognised."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.callbacks.store.queries import queries

SourceDigest = tuple[UUID, bytes]
"""A source and a digest of a callback of it."""


async def dedupe_key_claim(
    connection: Connection, *, claims: Mapping[SourceDigest, UUID], window: timedelta
) -> dict[SourceDigest, UUID]:
    """Insert the digests of callbacks that aren't known yet, for a time; return the first callback of each.

    Another transaction that inserts one of them waits until this one ends.
    """
    records = queries.dedupe_key_claim(
        connection,
        source_ids=[source_id for source_id, _ in claims],
        digests=[digest for _, digest in claims],
        callback_ids=list(claims.values()),
        window=window,
    )
    return {(record["source_id"], record["digest"]): record["callback_id"] async for record in records}


async def dedupe_key_delete(connection: Connection, *, keys: Sequence[SourceDigest]) -> None:
    """Delete digests."""
    await queries.dedupe_key_delete(
        connection, source_ids=[source_id for source_id, _ in keys], digests=[digest for _, digest in keys]
    )


async def dedupe_key_delete_expired(connection: Connection, *, limit: int) -> int:
    """Delete digests whose time has ended, up to a limit; return how many."""
    count: int = await queries.dedupe_key_delete_expired(connection, limit=limit)
    return count
