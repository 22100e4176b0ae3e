"""Games as Lichess exports them in JSON."""

from collections.abc import Sequence

import msgspec

from ninefold.systems.chess.lichess.objects.games import Seat, Seats, source_of
from ninefold.systems.chess.lichess.objects.users import LightUser, show_light_user
from ninefold.systems.chess.lichess.objects.words import days_per_turn, fen_of, millis, variant_of
from ninefold.systems.chess.lichess.pgn import MadeMove
from ninefold.systems.chess.lichess.statuses import status_of
from ninefold.systems.chess.model import Colour, Game, RealTime, Speed
from ninefold.systems.chess.rules.clocks import estimated_s


class ExportPlayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A player of an exported game."""

    user: LightUser | None = None
    ai_level: int | None = None
    rating: int | None = None
    rating_diff: int | None = None
    provisional: bool | None = None


class ExportPlayers(msgspec.Struct, frozen=True):
    """Both players."""

    white: ExportPlayer
    black: ExportPlayer


class ExportClock(msgspec.Struct, frozen=True, rename="camel"):
    """The clock, in seconds."""

    initial: int
    increment: int
    total_time: int
    """How long a player's moves take in a game of 40 moves."""


class ExportGame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A game."""

    id: str
    rated: bool
    variant: str
    speed: Speed
    perf: Speed
    created_at: int
    last_move_at: int
    status: str
    source: str
    players: ExportPlayers
    initial_fen: str | None = None
    winner: Colour | None = None
    moves: str | None = None
    clocks: Sequence[int] | None = None
    """What the player had left after each move, in hundredths of a second."""
    pgn: str | None = None
    days_per_turn: int | None = None
    clock: ExportClock | None = None
    last_fen: str | None = None


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an export has: parameters of the query string."""

    moves: bool = True
    tags: bool = True
    clocks: bool | None = None
    """None: the default of the route."""
    pgn_in_json: bool = False
    last_fen: bool = False


def show_export(
    game: Game, seats: Seats, moves: Sequence[MadeMove], *, options: ExportOptions, pgn: str | None = None
) -> ExportGame:
    """Return a game in JSON.

    Args:
        game: the game.
        seats: its players.
        moves: its moves.
        options: what it has.
        pgn: the same in PGN, if that is wanted too.
    """
    control = game.time_control
    has_clocks = options.clocks and isinstance(control, RealTime)
    return ExportGame(
        id=game.short_id,
        rated=game.is_rated,
        variant=variant_of(game.initial_fen).key,
        speed=game.speed,
        perf=game.speed,
        created_at=millis(game.created_at),
        last_move_at=millis(game.ended_at or game.turn_started_at),
        status=status_of(game.status, game.reason).name,
        source=source_of(game),
        players=ExportPlayers(_show_player(seats.white), _show_player(seats.black)),
        initial_fen=fen_of(game.initial_fen),
        winner=game.winner,
        moves=" ".join(move.san for move in moves) if options.moves else None,
        clocks=[(move.clock_ms or 0) // 10 for move in moves] if has_clocks else None,
        pgn=pgn,
        days_per_turn=days_per_turn(control),
        clock=ExportClock(control.limit_s, control.increment_s, estimated_s(control))
        if isinstance(control, RealTime)
        else None,
        last_fen=game.fen if options.last_fen else None,
    )


def _show_player(seat: Seat) -> ExportPlayer:
    if seat.player.engine_level is not None:
        return ExportPlayer(ai_level=seat.player.engine_level)
    return ExportPlayer(
        user=show_light_user(seat.player),
        rating=seat.rating,
        rating_diff=seat.rating_change,
        provisional=seat.is_provisional or None,
    )
