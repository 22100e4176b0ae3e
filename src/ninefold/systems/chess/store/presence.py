"""Queries for who is at a game."""

from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Colour, Presence
from ninefold.systems.chess.store.queries import queries


async def presence_delete(connection: Connection, *, game_id: UUID) -> None:
    """Forget who is at a game that has ended."""
    await queries.presence_delete(connection, game_id=game_id)


async def presence_list(connection: Connection, *, game_id: UUID) -> dict[Colour, Presence]:
    """Read who is at a game; players that never said so are missing."""
    return {
        record["colour"]: Presence(
            seen_at=record["seen_at"],
            left_at=record["left_at"],
            gone_at=record["gone_at"],
            claimable_at=record["claimable_at"],
        )
        async for record in queries.presence_list(connection, game_id=game_id)
    }


async def presence_list_silent(connection: Connection, *, before: datetime, limit: int) -> list[tuple[UUID, Colour]]:
    """Read which players weren't seen since a time, or have left, and aren't called gone yet."""
    records = queries.presence_list_silent(connection, before=before, limit=limit)
    return [(record["game_id"], record["colour"]) async for record in records]


async def presence_mark_back(connection: Connection, *, game_id: UUID, colour: Colour) -> None:
    """Don't call a player gone any more."""
    await queries.presence_mark_back(connection, game_id=game_id, colour=colour)


async def presence_mark_gone(
    connection: Connection, *, game_id: UUID, colour: Colour, gone_at: datetime, claimable_at: datetime
) -> None:
    """Call a player gone."""
    await queries.presence_mark_gone(
        connection, game_id=game_id, colour=colour, gone_at=gone_at, claimable_at=claimable_at
    )


async def presence_reset(connection: Connection, *, seen_at: datetime) -> None:
    """Note after an outage that everybody was seen, because nobody could say so."""
    await queries.presence_reset(connection, seen_at=seen_at)


async def presence_upsert(
    connection: Connection, *, game_id: UUID, colour: Colour, seen_at: datetime, left_at: datetime | None
) -> bool:
    """Note that a player was seen at a game; return whether the log calls the player gone."""
    is_gone: bool = await queries.presence_upsert(
        connection, game_id=game_id, colour=colour, seen_at=seen_at, left_at=left_at
    )
    return is_gone
