"""How players meet: challenges and seeks."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.systems.chess.model.time_controls import TimeControl

CHALLENGE_PREFIX: Final = "chal"
SEEK_PREFIX: Final = "seek"

ChallengeStatus: TypeAlias = Literal["created", "accepted", "declined", "canceled"]

ColourChoice: TypeAlias = Literal["white", "black", "random"]
"""Which pieces somebody wants to have."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What two players agree on before a game."""

    time_control: TimeControl
    is_rated: bool
    colour: ColourChoice
    """Of the player who proposes it."""
    initial_fen: str | None = None
    """None for the usual position."""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation to a game."""

    challenge_id: UUID
    short_id: str
    """That of the game that it becomes."""
    organisation_id: UUID
    from_player_id: UUID
    to_player_id: UUID | None
    """None for an open one that nobody has accepted."""
    is_open: bool
    """Whether anybody who has its link can accept it."""
    terms: Terms
    rematch_of: UUID | None
    """The game that it is a rematch of."""
    status: ChallengeStatus
    decline_reason: str | None
    game_id: UUID | None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class Seek(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks for an opponent."""

    seek_id: UUID
    organisation_id: UUID
    player_id: UUID
    terms: Terms
    rating_min: int | None
    rating_max: int | None
    rating: int
    """The player's rating when it was made."""
    created_at: datetime
    expires_at: datetime
