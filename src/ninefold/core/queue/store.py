"""The queries of schema `queue`, one typed function each."""

from datetime import timedelta
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

_queries = load_queries(__package__)


async def worker_delete(connection: Connection, *, worker_id: UUID) -> None:
    """Forget a worker that has given back all it held."""
    await _queries.worker_delete(connection, worker_id=worker_id)


async def worker_delete_expired(connection: Connection) -> list[UUID]:
    """Forget the workers whose lease has run out; return their ids."""
    return [record["worker_id"] async for record in _queries.worker_delete_expired(connection)]


async def worker_extend(connection: Connection, *, worker_id: UUID, duration: timedelta) -> bool:
    """Prolong a worker's lease; False when it has been forgotten."""
    return await _queries.worker_extend(connection, worker_id=worker_id, duration=duration) is not None


async def worker_insert(connection: Connection, *, worker_id: UUID, host: str, pid: int, duration: timedelta) -> None:
    """Register a worker process with its first lease."""
    await _queries.worker_insert(connection, worker_id=worker_id, host=host, pid=pid, duration=duration)


async def worker_lock_shared(connection: Connection, *, worker_id: UUID) -> bool:
    """Keep a worker from being forgotten until the transaction ends; False when it already has been."""
    return await _queries.worker_lock_shared(connection, worker_id=worker_id) is not None
