"""The queries of schema `secrets`, one typed function each."""

from collections.abc import Collection

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

_queries = load_queries(__package__)


async def known_key_delete(connection: Connection, *, key_ids: Collection[bytes]) -> None:
    """Delete keys that nothing is sealed with any more."""
    await _queries.known_key_delete(connection, key_ids=list(key_ids))


async def known_key_insert(connection: Connection, *, key_id: bytes) -> None:
    """Insert a key that seals from now on, if it isn't known."""
    await _queries.known_key_insert(connection, key_id=key_id)


async def known_key_list(connection: Connection) -> set[bytes]:
    """Read the ids of the keys that every process must have."""
    return {record["key_id"] async for record in _queries.known_key_list(connection)}


async def known_key_lock(connection: Connection) -> None:
    """Make other processes that start, or that change keys, wait until the transaction ends."""
    await _queries.known_key_lock(connection)
