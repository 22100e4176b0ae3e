"""Games: the lines of a game's stream, and what event streams and lists say of a game."""

from datetime import datetime, timedelta

import msgspec

from ninefold.systems.chess.lichess.objects.words import (
    NAMES,
    UNLIMITED_MS,
    Variant,
    days_per_turn,
    fen_of,
    full_id,
    increment_ms,
    millis,
    title_of,
    user_id,
    variant_of,
)
from ninefold.systems.chess.lichess.replay import GameSnapshot
from ninefold.systems.chess.lichess.statuses import LichessStatus, status_of
from ninefold.systems.chess.model import Colour, Game, GameStatus, Player, RealTime, Speed, TimeControl
from ninefold.systems.chess.rules import clocks


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A player at the board."""

    player: Player
    rating: int
    """At this speed."""
    is_provisional: bool = False
    rating_change: int | None = None
    """What the result has made of it; None before the end, and in casual games."""


class Seats(msgspec.Struct, frozen=True, kw_only=True):
    """Both players."""

    white: Seat
    black: Seat

    def of(self, colour: Colour) -> Seat:
        """Return who plays a colour."""
        return self.white if colour == "white" else self.black


class ClockMs(msgspec.Struct, frozen=True):
    """A clock in milliseconds."""

    initial: int
    increment: int


class PerfName(msgspec.Struct, frozen=True):
    """A speed as people read it."""

    name: str


class GamePlayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A player in the first line of a game's stream."""

    ai_level: int | None = None
    id: str | None = None
    name: str | None = None
    title: str | msgspec.UnsetType | None = msgspec.UNSET
    """Null for those without a title."""
    rating: int | None = None
    provisional: bool | None = None


class Expiration(msgspec.Struct, frozen=True, rename="camel"):
    """How long the first move may take."""

    idle_millis: int
    millis_to_move: int


class GameState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="gameState", tag_field="type"):
    """The state of a game after something has happened."""

    moves: str
    wtime: int
    btime: int
    winc: int
    binc: int
    status: str
    winner: Colour | None = None
    wdraw: bool | None = None
    bdraw: bool | None = None
    wtakeback: bool | None = None
    btakeback: bool | None = None
    expiration: Expiration | None = None


class GameFull(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="gameFull", tag_field="type"
):
    """The first line of a game's stream."""

    id: str
    variant: Variant
    speed: Speed
    perf: PerfName
    rated: bool
    created_at: int
    white: GamePlayer
    black: GamePlayer
    initial_fen: str
    clock: ClockMs | None = None
    days_per_turn: int | None = None
    state: GameState


class OpponentGone(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="opponentGone", tag_field="type"
):
    """The opponent isn't there any more, or again."""

    gone: bool
    claim_win_in_seconds: int | None = None


class ChatLine(msgspec.Struct, frozen=True, kw_only=True, tag="chatLine", tag_field="type"):
    """What somebody has written."""

    room: str
    username: str
    text: str


class Opponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The other player, for one of both."""

    id: str | None
    username: str
    rating: int | None = None
    rating_diff: int | None = None
    ai: int | None = None


class Compat(msgspec.Struct, frozen=True):
    """Which of Lichess's two APIs can play it."""

    bot: bool
    board: bool


class GameInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A game for one of its players."""

    full_id: str
    game_id: str
    fen: str
    color: Colour
    last_move: str
    source: str
    status: LichessStatus
    variant: Variant
    speed: Speed
    perf: Speed
    rated: bool
    has_moved: bool
    opponent: Opponent
    is_my_turn: bool
    seconds_left: int | None = None
    winner: Colour | None = None
    rating: int
    rating_diff: int | None = None
    compat: Compat
    id: str


class EngineGame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A game against the engine, in the answer to who began it."""

    id: str
    full_id: str
    variant: Variant
    speed: Speed
    perf: Speed
    rated: bool
    fen: str
    turns: int
    source: str
    status: LichessStatus
    created_at: int
    player: Colour
    """Whose turn it is."""


class GameStart(msgspec.Struct, frozen=True, tag="gameStart", tag_field="type"):
    """A game has begun; the line of an event stream."""

    game: GameInfo


class GameFinish(msgspec.Struct, frozen=True, tag="gameFinish", tag_field="type"):
    """A game has ended; the line of an event stream."""

    game: GameInfo


COMPAT_OF_BOTS = Compat(bot=True, board=False)
COMPAT_OF_PEOPLE = Compat(bot=False, board=True)


def show_game_state(snapshot: GameSnapshot, game: Game, *, idle_ms: int = 0) -> GameState:
    """Return the state of a game as a line of its stream.

    Args:
        snapshot: what has changed.
        game: what doesn't change.
        idle_ms: how long ago the last move was, or the start.
    """
    increment = increment_ms(game.time_control)
    return GameState(
        moves=" ".join(snapshot.moves),
        wtime=_shown_ms(snapshot.white_ms),
        btime=_shown_ms(snapshot.black_ms),
        winc=increment,
        binc=increment,
        status=status_of(snapshot.status, snapshot.reason).name,
        winner=snapshot.winner,
        wdraw=snapshot.draw == "white" or None,
        bdraw=snapshot.draw == "black" or None,
        wtakeback=snapshot.takeback == "white" or None,
        btakeback=snapshot.takeback == "black" or None,
        expiration=_expiration(snapshot, game.time_control, idle_ms),
    )


def show_game_full(game: Game, seats: Seats, snapshot: GameSnapshot, *, at: datetime) -> GameFull:
    """Return the first line of a game's stream."""
    return GameFull(
        id=game.short_id,
        variant=variant_of(game.initial_fen),
        speed=game.speed,
        perf=PerfName(NAMES[game.speed]),
        rated=game.is_rated,
        created_at=millis(game.created_at),
        white=_show_game_player(seats.white),
        black=_show_game_player(seats.black),
        initial_fen=fen_of(game.initial_fen) or "startpos",
        clock=_clock_of(game.time_control),
        days_per_turn=days_per_turn(game.time_control),
        state=show_game_state(snapshot, game, idle_ms=clocks.elapsed_ms(game, at)),
    )


def show_opponent_gone(claimable_at: datetime | None, *, at: datetime) -> OpponentGone:
    """Return that the opponent is gone, and from when on the player can claim; None if the opponent is back."""
    if claimable_at is None:
        return OpponentGone(gone=False)
    return OpponentGone(gone=True, claim_win_in_seconds=max(0, -((at - claimable_at) // timedelta(seconds=1))))


def show_engine_game(game: Game, player: Player) -> EngineGame:
    """Return a game against the engine that has just begun."""
    return EngineGame(
        id=game.short_id,
        full_id=full_id(game, player),
        variant=variant_of(game.initial_fen),
        speed=game.speed,
        perf=game.speed,
        rated=game.is_rated,
        fen=game.fen,
        turns=game.ply,
        source=source_of(game),
        status=status_of(game.status, game.reason),
        created_at=millis(game.created_at),
        player=game.turn,
    )


def show_game_info(game: Game, seats: Seats, colour: Colour, *, at: datetime) -> GameInfo:
    """Return a game for one of its players."""
    own, other = seats.of(colour), seats.of("black" if colour == "white" else "white")
    left_ms = clocks.remaining_ms(game, colour, at)
    return GameInfo(
        full_id=full_id(game, own.player),
        game_id=game.short_id,
        fen=game.fen,
        color=colour,
        last_move=game.moves[-1] if game.moves else "",
        source=source_of(game),
        status=status_of(game.status, game.reason),
        variant=variant_of(game.initial_fen),
        speed=game.speed,
        perf=game.speed,
        rated=game.is_rated,
        has_moved=len(game.moves) > (0 if colour == "white" else 1),
        opponent=_show_opponent(other),
        is_my_turn=game.status is not GameStatus.ENDED and game.turn == colour,
        seconds_left=None if left_ms is None else left_ms // 1_000,
        winner=game.winner,
        rating=own.rating,
        rating_diff=own.rating_change,
        compat=COMPAT_OF_BOTS if own.player.is_bot else COMPAT_OF_PEOPLE,
        id=game.short_id,
    )


def source_of(game: Game) -> str:
    """Return Lichess's word for what a game came from."""
    return {"challenge": "friend", "rematch": "friend", "link": "friend", "seek": "lobby", "ai": "ai"}.get(
        game.source, "api"
    )


def _shown_ms(left_ms: int | None) -> int:
    return UNLIMITED_MS if left_ms is None else left_ms


def _clock_of(control: TimeControl) -> ClockMs | None:
    return ClockMs(control.limit_s * 1_000, control.increment_s * 1_000) if isinstance(control, RealTime) else None


def _expiration(snapshot: GameSnapshot, control: TimeControl, idle_ms: int) -> Expiration | None:
    first_move_s = clocks.first_move_s(control) if isinstance(control, RealTime) else None
    if first_move_s is None or snapshot.status is not GameStatus.CREATED:
        return None
    return Expiration(idle_ms, first_move_s * 1_000)


def _show_game_player(seat: Seat) -> GamePlayer:
    if seat.player.engine_level is not None:
        return GamePlayer(ai_level=seat.player.engine_level)
    return GamePlayer(
        id=user_id(seat.player),
        name=seat.player.name,
        title=title_of(seat.player),
        rating=seat.rating,
        provisional=seat.is_provisional or None,
    )


def _show_opponent(seat: Seat) -> Opponent:
    if seat.player.engine_level is not None:
        return Opponent(id=None, username=seat.player.name, ai=seat.player.engine_level)
    return Opponent(
        id=user_id(seat.player),
        username=seat.player.name,
        rating=seat.rating,
        rating_diff=seat.rating_change,
    )
