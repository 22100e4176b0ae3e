"""Queries for seeks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Seek, Terms
from ninefold.systems.chess.store.queries import queries
from ninefold.systems.chess.store.time_controls import columns_of, read_time_control


async def seek_cancel(connection: Connection, *, organisation_id: UUID, player_id: UUID | None, seek_id: UUID) -> bool:
    """Cancel an open seek of an organisation, or only if it is a player's; return whether there was one."""
    canceled = await queries.seek_cancel(
        connection, organisation_id=organisation_id, player_id=player_id, seek_id=seek_id
    )
    return canceled is not None


async def seek_cancel_all(connection: Connection, *, player_id: UUID) -> list[UUID]:
    """Cancel the open seeks of a player; return their ids."""
    return [record["seek_id"] async for record in queries.seek_cancel_all(connection, player_id=player_id)]


async def seek_count_open(connection: Connection, *, limit: int) -> int:
    """Return how many seeks are open, at most `limit`."""
    count: int = await queries.seek_count_open(connection, limit=limit)
    return count


async def seek_delete_old(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete seeks that could have been accepted until a time; return how many."""
    count: int = await queries.seek_delete_old(connection, before=before, limit=limit)
    return count


async def seek_extend(connection: Connection, *, seek_id: UUID, expires_at: datetime) -> None:
    """Keep a seek open for longer."""
    await queries.seek_extend(connection, seek_id=seek_id, expires_at=expires_at)


async def seek_insert(connection: Connection, *, seek: Seek) -> Seek:
    """Insert an open seek."""
    return _seek(await queries.seek_insert(connection, **_columns(seek)))


async def seek_list(connection: Connection, *, organisation_id: UUID, now: datetime, limit: int) -> list[Seek]:
    """Read the open seeks of an organisation, oldest first."""
    records = queries.seek_list(connection, organisation_id=organisation_id, now=now, limit=limit)
    return [_seek(record) async for record in records]


async def seek_lock(connection: Connection, *, organisation_id: UUID, seek_id: UUID, now: datetime) -> Seek | None:
    """Read an open seek, and keep others from accepting it until the transaction ends."""
    record = await queries.seek_lock(connection, organisation_id=organisation_id, seek_id=seek_id, now=now)
    return None if record is None else _seek(record)


async def seek_lock_lobby(connection: Connection, *, organisation_id: UUID) -> None:
    """Keep others of an organisation from opening seeks until the transaction ends."""
    await queries.seek_lock_lobby(connection, organisation_id=organisation_id)


async def seek_lock_matching(connection: Connection, *, seek: Seek) -> Seek | None:
    """Read the oldest open seek of another player that fits a new one, and keep others from accepting it."""
    columns = _columns(seek)
    del columns["seek_id"], columns["created_at"], columns["expires_at"]
    # Two who both want White don't fit; who wants any colour fits everybody.
    colour = None if seek.terms.colour == "random" else seek.terms.colour
    record = await queries.seek_lock_matching(connection, **{**columns, "colour": colour}, now=seek.created_at)
    return None if record is None else _seek(record)


async def seek_set_accepted(connection: Connection, *, seek_id: UUID, game_id: UUID) -> None:
    """Write which game a seek has become."""
    await queries.seek_set_accepted(connection, seek_id=seek_id, game_id=game_id)


def _columns(seek: Seek) -> dict[str, Any]:
    return {
        "seek_id": seek.seek_id,
        "organisation_id": seek.organisation_id,
        "player_id": seek.player_id,
        "colour": seek.terms.colour,
        "is_rated": seek.terms.is_rated,
        **columns_of(seek.terms.time_control),
        "rating_min": seek.rating_min,
        "rating_max": seek.rating_max,
        "rating": seek.rating,
        "created_at": seek.created_at,
        "expires_at": seek.expires_at,
    }


def _seek(record: Any) -> Seek:
    return Seek(
        seek_id=record["seek_id"],
        organisation_id=record["organisation_id"],
        player_id=record["player_id"],
        terms=Terms(time_control=read_time_control(record), is_rated=record["is_rated"], colour=record["colour"]),
        rating_min=record["rating_min"],
        rating_max=record["rating_max"],
        rating=record["rating"],
        created_at=record["created_at"],
        expires_at=record["expires_at"],
    )
