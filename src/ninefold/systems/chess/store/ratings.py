"""Queries for ratings and how they have changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Rating, RatingChange, RatingOfSpeed, Speed
from ninefold.systems.chess.store.queries import queries


async def rating_change_insert(connection: Connection, *, changes: Sequence[RatingChange]) -> None:
    """Keep what the result of one game has made of the ratings of its players."""
    first = changes[0]
    await queries.rating_change_insert(
        connection,
        game_id=first.game_id,
        speed=first.speed,
        at=first.at,
        player_ids=[change.player_id for change in changes],
        ratings_before=[change.rating_before for change in changes],
        ratings=[change.rating for change in changes],
        deviations=[change.deviation for change in changes],
    )


async def rating_change_list(
    connection: Connection, *, player_id: UUID, speed: Speed | None, before: datetime | None, limit: int
) -> list[RatingChange]:
    """Read how a player's ratings have changed, latest first."""
    records = queries.rating_change_list(connection, player_id=player_id, speed=speed, before=before, limit=limit)
    return [_change(record) async for record in records]


async def rating_list(connection: Connection, *, player_ids: Sequence[UUID]) -> dict[UUID, list[RatingOfSpeed]]:
    """Read the ratings of players, by player; those who have none are missing."""
    found: dict[UUID, list[RatingOfSpeed]] = {}
    async for record in queries.rating_list(connection, player_ids=player_ids, limit=len(player_ids) * len(Speed)):
        found.setdefault(record["player_id"], []).append(_rating(record))
    return found


async def rating_lock(connection: Connection, *, player_ids: Sequence[UUID], speed: Speed) -> dict[UUID, Rating]:
    """Read the ratings of players at one speed, and keep others from changing them until the transaction ends."""
    records = queries.rating_lock(connection, player_ids=player_ids, speed=speed, limit=len(player_ids))
    return {record["player_id"]: _rating(record) async for record in records}


async def rating_player_lock(connection: Connection, *, player_ids: Sequence[UUID]) -> None:
    """Keep others from rating results of these players until the transaction ends, also if they have no ratings yet."""
    async for _ in queries.rating_player_lock(connection, player_ids=player_ids, limit=len(player_ids)):
        pass


async def rating_upsert(
    connection: Connection, *, speed: Speed, rated_at: datetime, ratings: Mapping[UUID, tuple[float, float, float]]
) -> None:
    """Write the ratings, deviations and volatilities of players at one speed, after one more game."""
    await queries.rating_upsert(
        connection,
        speed=speed,
        rated_at=rated_at,
        player_ids=list(ratings),
        ratings=[rating for rating, _, _ in ratings.values()],
        deviations=[deviation for _, deviation, _ in ratings.values()],
        volatilities=[volatility for _, _, volatility in ratings.values()],
    )


def _rating(record: Any) -> RatingOfSpeed:
    return RatingOfSpeed(
        speed=Speed(record["speed"]),
        rating=record["rating"],
        deviation=record["deviation"],
        volatility=record["volatility"],
        games=record["games"],
        rated_at=record["rated_at"],
    )


def _change(record: Any) -> RatingChange:
    return RatingChange(**{**record, "speed": Speed(record["speed"])})
