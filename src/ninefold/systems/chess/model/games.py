"""Games: their state, and the log of what was committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.systems.chess.model.time_controls import Speed, TimeControl

GAME_PREFIX: Final = "game"

START_FEN: Final = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"

Colour: TypeAlias = Literal["white", "black"]

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object of the log, which only those who read it look into."""


class GameStatus(StrEnum):
    """The status of a game."""

    CREATED = "created"
    """One of the two first moves hasn't been made; the game can be aborted."""
    RUNNING = "running"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a game has ended."""

    CHECKMATE = "checkmate"
    RESIGNATION = "resignation"
    FLAG = "flag"
    """The time of the loser was up."""
    ABANDONMENT = "abandonment"
    """The opponent was gone, and the player claimed the win or a draw."""
    STALEMATE = "stalemate"
    THREEFOLD = "threefold"
    """A player claimed a draw, because the position had occurred three times."""
    FIVEFOLD = "fivefold"
    FIFTY_MOVES = "fifty_moves"
    """A player claimed a draw after fifty moves of each without a capture or a move of a pawn."""
    SEVENTY_FIVE_MOVES = "seventy_five_moves"
    INSUFFICIENT_MATERIAL = "insufficient_material"
    AGREEMENT = "agreement"
    FLAG_INSUFFICIENT = "flag_insufficient"
    """The time of a player was up, but the opponent couldn't have won by any moves: a draw."""
    ABORTED = "aborted"
    NOT_STARTED = "not_started"
    """A player hasn't made the first move in time."""


class SideClock(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of one player, as it was when the turn began."""

    remaining_ms: int
    quota_ms: int = 0
    """How much lag may still be compensated."""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What the players offer each other now."""

    draw: Colour | None = None
    takeback: Colour | None = None
    takeback_plies: int = 0
    """How many plies the takeback would undo: 1, or 2 if the player who offers it is to move."""
    white_draw_ply: int | None = None
    """The ply after which white last offered a draw."""
    black_draw_ply: int | None = None


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """A game, as its row has it: all that a move needs."""

    game_id: UUID
    short_id: str
    """Eight letters and digits; Lichess's API calls it the game's id."""
    organisation_id: UUID
    white_player_id: UUID
    black_player_id: UUID
    status: GameStatus
    winner: Colour | None = None
    reason: EndReason | None = None
    is_rated: bool
    speed: Speed
    time_control: TimeControl
    source: str
    """What it came from, such as `api`, `challenge`, `seek` or `rematch`."""
    initial_fen: str
    fen: str
    moves: Sequence[str] = ()
    """All moves that count, as UCI."""
    position_keys: Sequence[str] = ()
    """The keys of the positions since the last capture or move of a pawn, the current one last."""
    white_clock: SideClock | None
    """None: no limit."""
    black_clock: SideClock | None
    turn_started_at: datetime
    """When the current turn began: the player's time runs from here, once both have made their first move."""
    deadline_at: datetime | None
    """When the worker has to look: the time of the player to move is up. None: no limit, or the game has ended."""
    offers: Offers = Offers()
    ratings: JsonObject | None = None
    """What the end of the game did to the ratings, as `service/ratings.py` says."""
    last_sequence: int
    created_at: datetime
    started_at: datetime | None = None
    """When both had made their first move."""
    ended_at: datetime | None = None

    @property
    def ply(self) -> int:
        """How many moves were made and not taken back."""
        return len(self.moves)

    @property
    def turn(self) -> Colour:
        """Whose turn it is."""
        return "white" if self.fen.split(" ", 2)[1] == "w" else "black"

    def player_id_of(self, colour: Colour) -> UUID:
        """Return who plays a colour."""
        return self.white_player_id if colour == "white" else self.black_player_id

    def colour_of(self, player_id: UUID) -> Colour | None:
        """Return the colour of a player; None if it doesn't play."""
        if player_id == self.white_player_id:
            return "white"
        return "black" if player_id == self.black_player_id else None

    def clock_of(self, colour: Colour) -> SideClock | None:
        """Return the clock of a colour; None without a limit."""
        return self.white_clock if colour == "white" else self.black_clock


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something to append to the log of a game."""

    type: str
    payload: JsonObject


class LogEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry in the log of a game."""

    sequence: int
    type: str
    at: datetime
    payload: bytes
    """A JSON object without `sequence`, `type` and `at`."""

    def encode(self) -> bytes:
        """Return the entry as clients get it: its payload with `sequence`, `type` and `at`."""
        moment = self.at.isoformat().replace("+00:00", "Z")
        head = b'{"sequence":%d,"type":"%b","at":"%b"' % (self.sequence, self.type.encode(), moment.encode())
        return head + b"}" if self.payload == b"{}" else head + b"," + self.payload[1:]
