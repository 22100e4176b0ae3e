"""The queries of the schema `queue`, one typed function each."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

_queries = load_queries(__package__)


async def notification_send(connection: Connection, *, channels: Sequence[str], payloads: Sequence[str]) -> None:
    """Notify the listeners of these channels, with a payload each."""
    await _queries.notification_send(connection, channels=channels, payloads=payloads)


async def notification_send_unflushed(
    connection: Connection, *, channels: Sequence[str], payloads: Sequence[str]
) -> None:
    """Notify the same way without waiting for the disk; not in a transaction."""
    await _queries.notification_send_unflushed(connection, channels=channels, payloads=payloads)


async def session_terminate(connection: Connection, *, names: Sequence[str]) -> None:
    """Make PostgreSQL end the sessions of this role that have one of these names, without waiting for their end."""
    await _queries.session_terminate(connection, names=names)


async def worker_count_alive(connection: Connection) -> int:
    """Count the workers whose lease hasn't expired."""
    count: int = await _queries.worker_count_alive(connection)
    return count


async def worker_delete(connection: Connection, *, worker_id: UUID) -> None:
    """Delete a worker that has released its rows."""
    await _queries.worker_delete(connection, worker_id=worker_id)


async def worker_delete_expired(connection: Connection) -> list[UUID]:
    """Delete the workers whose lease has expired; return their ids."""
    return [record["worker_id"] async for record in _queries.worker_delete_expired(connection)]


async def worker_extend(connection: Connection, *, worker_id: UUID, duration: timedelta) -> bool:
    """Extend a worker's lease; return False when the worker has been deleted."""
    return await _queries.worker_extend(connection, worker_id=worker_id, duration=duration) is not None


async def worker_insert(connection: Connection, *, worker_id: UUID, host: str, pid: int, duration: timedelta) -> None:
    """Insert a worker process with its first lease."""
    await _queries.worker_insert(connection, worker_id=worker_id, host=host, pid=pid, duration=duration)


async def worker_list(connection: Connection) -> dict[UUID, float]:
    """Return the workers, in the order of their ids, and how many seconds each has been running."""
    return {record["worker_id"]: record["age_s"] async for record in _queries.worker_list(connection)}


async def worker_list_expired(connection: Connection) -> list[UUID]:
    """Return the ids of the workers whose lease has expired."""
    return [record["worker_id"] async for record in _queries.worker_list_expired(connection)]


async def worker_lock_shared(connection: Connection, *, worker_id: UUID) -> bool:
    """Keep others from deleting a worker until the transaction ends; return False when it has already been deleted."""
    return await _queries.worker_lock_shared(connection, worker_id=worker_id) is not None


async def worker_lock_shared_unflushed(connection: Connection, *, worker_id: UUID) -> bool:
    """Do the same as `worker_lock_shared`, and let the transaction commit without waiting for the disk."""
    return await _queries.worker_lock_shared_unflushed(connection, worker_id=worker_id) is not None
