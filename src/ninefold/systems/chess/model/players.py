"""Players and their ratings."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.chess.model.time_controls import Speed

PLAYER_PREFIX: Final = "plr"

PLAY: Final = "chess.play"
"""The scope of player tokens: it allows what a player does, and nothing else of the organisation."""


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who plays in an organisation: a person, a guest without an account, or a bot."""

    player_id: UUID
    organisation_id: UUID
    account_id: UUID | None
    """The account of the person; None for bots, for guests, and for players that a program has created."""
    name: str
    is_bot: bool
    is_guest: bool
    """Whether the player has come by a link, without an account."""
    created_at: datetime
    seen_at: datetime | None
    """When the player has last done something; updated once a minute."""
    engine_level: int | None = None
    """How strong the engine is that this player is, 1 to 8; None for all others."""


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """How strong a player is at one speed, by Glicko-2."""

    rating: float
    """1,500 is where everybody begins."""
    deviation: float
    """How uncertain that is: with 95 % the strength is within two deviations of the rating."""
    volatility: float
    games: int
    rated_at: datetime | None
    """When a result has last changed it."""


class RatingOfSpeed(Rating, frozen=True, kw_only=True):
    """A rating, and the speed that it is for."""

    speed: Speed


class RatingChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the result of a game has made of a player's rating."""

    game_id: UUID
    player_id: UUID
    speed: Speed
    rating_before: float
    rating: float
    deviation: float
    at: datetime

    @property
    def difference(self) -> int:
        """By how many points the rating that people see has changed."""
        return round(self.rating) - round(self.rating_before)
