"""Queries for how far profiles are in titles, and for their lists."""

from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Position
from ninefold.systems.video.store.queries import queries


async def list_entry_count(connection: Connection, *, profile_id: UUID) -> int:
    """Count what is on the list of a profile."""
    count: int = await queries.list_entry_count(connection, profile_id=profile_id)
    return count


async def list_entry_delete(connection: Connection, *, profile_id: UUID, title_id: UUID) -> None:
    """Take a title off the list of a profile."""
    await queries.list_entry_delete(connection, profile_id=profile_id, title_id=title_id)


async def list_entry_insert(connection: Connection, *, profile_id: UUID, title_id: UUID) -> None:
    """Put a title on the list of a profile."""
    await queries.list_entry_insert(connection, profile_id=profile_id, title_id=title_id)


async def position_delete(connection: Connection, *, profile_id: UUID, title_id: UUID) -> bool:
    """Delete how far a profile is in a title; return whether that was known."""
    return await queries.position_delete(connection, profile_id=profile_id, title_id=title_id) is not None


async def position_insert(connection: Connection, *, profile_id: UUID, title_id: UUID, position: Position) -> bool:
    """Insert how far a profile is in a title; return False if that is known already."""
    inserted = await queries.position_insert(connection, profile_id=profile_id, title_id=title_id, **_columns(position))
    return inserted is not None


async def position_lock(connection: Connection, *, profile_id: UUID, title_id: UUID) -> Position | None:
    """Read how far a profile is in a title, and keep others from changing it until the transaction ends."""
    return _position_or_none(await queries.position_lock(connection, profile_id=profile_id, title_id=title_id))


async def position_update(connection: Connection, *, profile_id: UUID, title_id: UUID, position: Position) -> None:
    """Write how far a profile is in a title."""
    await queries.position_update(connection, profile_id=profile_id, title_id=title_id, **_columns(position))


def read_position(record: Any) -> Position:
    """Return the position in the columns of a row."""
    return Position(
        position_ms=record["position_ms"],
        watched_at=record["watched_at"],
        device=record["device"],
        is_finished=record["is_finished"],
        finished_at=record["finished_at"],
    )


def _columns(position: Position) -> dict[str, Any]:
    return {
        "position_ms": position.position_ms,
        "watched_at": position.watched_at,
        "device": position.device,
        "is_finished": position.is_finished,
        "finished_at": position.finished_at,
    }


def _position_or_none(record: Any) -> Position | None:
    return None if record is None else read_position(record)
