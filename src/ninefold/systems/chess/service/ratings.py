"""Rates the results of games, and shows how strong players are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Colour, Rating, RatingChange, RatingOfSpeed, Speed
from ninefold.systems.chess.rules.glicko2 import START, Strength, rate_game
from ninefold.systems.chess.store import ratings as store

_DAY: Final = timedelta(days=1)

UNRATED: Final = Rating(
    rating=START.rating, deviation=START.deviation, volatility=START.volatility, games=0, rated_at=None
)
"""What everybody begins with."""


async def rate_result(
    connection: Connection,
    *,
    game_id: UUID,
    white: UUID,
    black: UUID,
    speed: Speed,
    winner: Colour | None,
    at: datetime,
) -> tuple[RatingChange, RatingChange]:
    """Rate the result of a rated game, once; call it in the transaction that ends the game.

    Args:
        connection: in a transaction. Both players are locked, so that their other games are rated before or after.
        game_id: the game.
        white: who had the white pieces.
        black: who had the black pieces.
        speed: which ratings change.
        winner: None for a draw.
        at: when the game has ended.

    Returns:
        What it has made of White's rating and of Black's.
    """
    await store.rating_player_lock(connection, player_ids=[white, black])
    found = await store.rating_lock(connection, player_ids=[white, black], speed=speed)
    before = {player_id: found.get(player_id, UNRATED) for player_id in (white, black)}
    score = 0.5 if winner is None else float(winner == "white")
    after = {
        white: _rated(before[white], before[black], score=score, at=at),
        black: _rated(before[black], before[white], score=1 - score, at=at),
    }
    changes = [
        RatingChange(
            game_id=game_id,
            player_id=player_id,
            speed=speed,
            rating_before=before[player_id].rating,
            rating=strength.rating,
            deviation=strength.deviation,
            at=at,
        )
        for player_id, strength in after.items()
    ]
    await store.rating_upsert(
        connection,
        speed=speed,
        rated_at=at,
        ratings={
            player_id: (strength.rating, strength.deviation, strength.volatility)
            for player_id, strength in after.items()
        },
    )
    await store.rating_change_insert(connection, changes=changes)
    return changes[0], changes[1]


async def list_ratings(connection: Connection, player_ids: Sequence[UUID]) -> Mapping[UUID, list[RatingOfSpeed]]:
    """Return the ratings of players, by player; those who have played no rated game are missing."""
    return await store.rating_list(connection, player_ids=player_ids)


async def find_rating(connection: Connection, player_id: UUID, speed: Speed) -> Rating:
    """Return a player's rating at one speed; `UNRATED` if the player has played no rated game."""
    found = await store.rating_list(connection, player_ids=[player_id])
    return next((rating for rating in found.get(player_id, ()) if rating.speed is speed), UNRATED)


async def list_rating_changes(
    connection: Connection, player_id: UUID, *, speed: Speed | None, before: datetime | None, limit: int
) -> list[RatingChange]:
    """Return how a player's ratings have changed, latest first."""
    return await store.rating_change_list(connection, player_id=player_id, speed=speed, before=before, limit=limit)


def is_provisional(rating: Rating) -> bool:
    """Return whether a rating is still uncertain."""
    return _strength(rating).is_provisional


def _rated(own: Rating, opponent: Rating, *, score: float, at: datetime) -> Strength:
    days = 0.0 if own.rated_at is None else (at - own.rated_at) / _DAY
    return rate_game(_strength(own), _strength(opponent), score=score, days=days)


def _strength(rating: Rating) -> Strength:
    return Strength(rating=rating.rating, deviation=rating.deviation, volatility=rating.volatility)
