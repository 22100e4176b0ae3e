"""The data types of chess: immutable, without behaviour or I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.jobs import Backoff, JobKind

CHALLENGE_PREFIX: Final = "chal"
GAME_PREFIX: Final = "game"
PLAYER_PREFIX: Final = "plr"
SEEK_PREFIX: Final = "seek"

START_FEN: Final = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"

Colour: TypeAlias = Literal["white", "black"]
Room: TypeAlias = Literal["player", "spectator"]

# JSON objects of the log, which only those who read it look into.
JsonObject: TypeAlias = Mapping[str, Any]


class Speed(StrEnum):
    """How fast a game is, by its clock; each speed has ratings of its own. The words are Lichess's."""

    ULTRA_BULLET = "ultraBullet"
    BULLET = "bullet"
    BLITZ = "blitz"
    RAPID = "rapid"
    CLASSICAL = "classical"
    CORRESPONDENCE = "correspondence"


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


class RealTime(msgspec.Struct, frozen=True, kw_only=True):
    """A clock for each player, and seconds that are added after each move."""

    limit_s: int
    increment_s: int


class Correspondence(msgspec.Struct, frozen=True, kw_only=True):
    """Days for each move."""

    days_per_turn: int


TimeControl: TypeAlias = RealTime | Correspondence | None
"""None: no limit."""


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


class ClocksShown(msgspec.Struct, frozen=True, kw_only=True):
    """What both have left, in milliseconds; None without a limit."""

    white_ms: int | None
    black_ms: int | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a move or an action. The same id of a client always gets the same answer."""

    result: Literal["committed", "rejected"]
    reason: str | None = None
    """Why it was rejected: one of `REJECTIONS`."""
    detail: str | None = None
    """The same in a sentence for people."""
    sequence: int
    """The number of the last entry that it appended; if it was rejected, of the last one in the log."""
    ply: int
    """How many moves were made, after it."""
    clocks: ClocksShown
    at: datetime


class NewMove(msgspec.Struct, frozen=True, kw_only=True):
    """A move as a client sends it."""

    ply: int | None
    """The ply that it makes, from 1; None from clients that don't say (Lichess's API): the next one."""
    uci: str
    client_action_id: str | None
    """Makes it idempotent; None from clients that have no such id."""
    lag_ms: int | None = None
    """How long a message takes from the client to the server and back, as the client has measured it."""
    move_time_ms: int | None = None
    """How long the player has thought, by the client's clock; 0 for a premove."""
    is_draw_offered: bool = False
    """Whether it comes with the offer of a draw."""


ActionKind: TypeAlias = Literal[
    "resign",
    "abort",
    "offer_draw",
    "accept_draw",
    "decline_draw",
    "claim_draw",
    "offer_takeback",
    "accept_takeback",
    "decline_takeback",
    "claim_victory",
    "claim_draw_gone",
    "add_time",
]


class NewAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a player does besides moving."""

    kind: ActionKind
    client_action_id: str | None


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a player is at a game, as its client has last said."""

    seen_at: datetime
    left_at: datetime | None
    gone_at: datetime | None
    """Since when the log calls the player gone."""
    claimable_at: datetime | None
    """From when on the opponent can claim."""


class ChatLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the chat of a game."""

    game_id: UUID
    room: Room
    sequence: int
    player_id: UUID
    name: str
    text: str
    at: datetime


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


ENGINE_SOURCE: Final = "ai"
"""The `source` of games against the engine."""


class EngineSeat(msgspec.Struct, frozen=True, kw_only=True):
    """Where the engine sits in a game."""

    player_id: UUID
    colour: Colour
    level: int


class EngineTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Play the engine's turn in a game."""

    game_id: UUID


ENGINE_TURN: Final = JobKind(
    name="chess.engine_turn",
    payload=EngineTurn,
    attempts_max=100,
    timeout_s=60.0,
    backoff=Backoff(first_s=1.0, max_s=30.0),
)
"""For about an hour: until then somebody may have installed what the engine lacks."""
