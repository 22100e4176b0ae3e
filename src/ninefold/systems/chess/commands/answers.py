"""The fields that the commands read from the API's responses."""

from datetime import datetime

import msgspec

from ninefold.systems.chess.model import Colour


class RatingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How strong a player is at one speed."""

    rating: int
    is_provisional: bool


class PlayerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A player."""

    player_id: str
    name: str
    is_bot: bool
    ratings: dict[str, RatingAnswer]
    created_at: datetime
    seen_at: datetime | None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a player, without its text."""

    token_id: str
    prefix: str
    name: str
    state: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class CreatedTokenAnswer(TokenAnswer, frozen=True, kw_only=True):
    """A new token with its text."""

    token: str


class TokensAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a player."""

    items: list[TokenAnswer]


class ClockAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a game."""

    limit_s: int | None
    increment_s: int | None
    days_per_turn: int | None


class ClocksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What both have left."""

    white_ms: int | None
    black_ms: int | None


class MoveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A move that was made."""

    ply: int
    san: str


class SideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A player of a game."""

    name: str
    rating: int
    is_provisional: bool
    rating_change: int | None


class GameSummaryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A game in a list."""

    game_id: str
    short_id: str
    status: str
    winner: Colour | None
    reason: str | None
    speed: str
    is_rated: bool
    clock: ClockAnswer | None
    white_player_id: str
    black_player_id: str
    fen: str
    ply: int
    turn: Colour
    clocks: ClocksAnswer
    created_at: datetime


class GameAnswer(GameSummaryAnswer, frozen=True, kw_only=True):
    """A game with its moves and its players."""

    initial_fen: str
    moves: list[MoveAnswer]
    white: SideAnswer
    black: SideAnswer
