"""Queries for the chat of games."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import ChatLine, Room
from ninefold.systems.chess.store.queries import queries


async def chat_append(connection: Connection, *, game_id: UUID, room: Room) -> int:
    """Return the number of a new line of a room, which is locked until the transaction ends."""
    sequence: int = await queries.chat_append(connection, game_id=game_id, room=room)
    return sequence


async def chat_line_count_recent(connection: Connection, *, game_id: UUID, player_id: UUID, since: datetime) -> int:
    """Count the lines that a player has written in a game since a time."""
    count: int = await queries.chat_line_count_recent(connection, game_id=game_id, player_id=player_id, since=since)
    return count


async def chat_line_insert(connection: Connection, line: ChatLine) -> None:
    """Insert a line."""
    await queries.chat_line_insert(
        connection,
        game_id=line.game_id,
        room=line.room,
        sequence=line.sequence,
        player_id=line.player_id,
        name=line.name,
        text=line.text,
        at=line.at,
    )


async def chat_line_list(
    connection: Connection, *, room: Room, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[ChatLine]]:
    """Read the next lines of a room of several games; cursors are pairs of a game and the last known number."""
    found: dict[UUID, list[ChatLine]] = {}
    records = queries.chat_line_list(
        connection,
        room=room,
        game_ids=[game_id for game_id, _ in cursors],
        after=[after for _, after in cursors],
        limit=limit,
    )
    async for record in records:
        line = ChatLine(
            game_id=record["game_id"],
            room=room,
            sequence=record["sequence"],
            player_id=record["player_id"],
            name=record["name"],
            text=record["text"],
            at=record["at"],
        )
        found.setdefault(line.game_id, []).append(line)
    return found


async def chat_list_positions(connection: Connection, *, room: Room, game_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read the numbers of the last lines of a room of several games."""
    records = queries.chat_list_positions(connection, room=room, game_ids=list(game_ids))
    return {record["game_id"]: record["last_sequence"] async for record in records}
