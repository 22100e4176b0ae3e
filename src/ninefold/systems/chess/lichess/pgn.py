"""Games as PGN, with the tags and comments that Lichess writes."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.chess.lichess.objects.games import Seats
from ninefold.systems.chess.lichess.objects.words import fen_of, title_of, variant_of
from ninefold.systems.chess.model import GAME_PREFIX, Colour, Correspondence, EndReason, Game, RealTime, TimeControl

_TERMINATIONS: Final = {
    EndReason.FLAG: "Time forfeit",
    EndReason.FLAG_INSUFFICIENT: "Time forfeit",
    EndReason.ABANDONMENT: "Time forfeit",
    EndReason.ABORTED: "Abandoned",
    EndReason.NOT_STARTED: "Abandoned",
}


class MadeMove(msgspec.Struct, frozen=True):
    """A move that counts."""

    san: str
    clock_ms: int | None
    """What the player had left after it; None without a limit."""


class PgnOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the PGN has."""

    moves: bool = True
    tags: bool = True
    clocks: bool = True


def write_pgn(game: Game, seats: Seats, moves: Sequence[MadeMove], *, site_url: str, options: PgnOptions) -> str:
    """Return a game in Portable Game Notation, with an empty line after each part."""
    parts = []
    if options.tags:
        parts.append("\n".join(f'[{name} "{value}"]' for name, value in _tags(game, seats, site_url)))
    result = result_of(game)
    parts.append(f"{_moves_text(game, moves, options)}{result}")
    return "\n\n".join(parts) + "\n\n\n"


def result_of(game: Game) -> str:
    """Return the result as PGN writes it."""
    if game.winner is not None:
        return "1-0" if game.winner == "white" else "0-1"
    is_drawn = game.reason is not None and game.reason not in (EndReason.ABORTED, EndReason.NOT_STARTED)
    return "1/2-1/2" if is_drawn else "*"


def _tags(game: Game, seats: Seats, site_url: str) -> Iterator[tuple[str, str]]:
    kind = "rated" if game.is_rated else "casual"
    day, time = game.created_at.strftime("%Y.%m.%d"), game.created_at.strftime("%H:%M:%S")
    yield "Event", f"{kind} {game.speed.value} game"
    yield "Site", f"{site_url}/chess/games/{format_id(GAME_PREFIX, game.game_id)}"
    yield "Date", day
    yield "Round", "-"
    yield "White", seats.white.player.name
    yield "Black", seats.black.player.name
    yield "Result", result_of(game)
    yield "GameId", game.short_id
    yield "UTCDate", day
    yield "UTCTime", time
    yield from _of_each(seats)
    yield "Variant", variant_of(game.initial_fen).name
    yield "TimeControl", _time_control(game.time_control)
    yield "Termination", "Unterminated" if game.reason is None else _TERMINATIONS.get(game.reason, "Normal")
    if (fen := fen_of(game.initial_fen)) is not None:
        yield "FEN", fen
        yield "SetUp", "1"


def _of_each(seats: Seats) -> Iterator[tuple[str, str]]:
    for colour, name in _COLOURS:
        # The engine's games aren't rated.
        if seats.of(colour).player.engine_level is None:
            yield f"{name}Elo", str(seats.of(colour).rating)
    for colour, name in _COLOURS:
        if (change := seats.of(colour).rating_change) is not None:
            yield f"{name}RatingDiff", f"{change:+d}"
    for colour, name in _COLOURS:
        if (title := title_of(seats.of(colour).player)) is not None:
            yield f"{name}Title", title


_COLOURS: Final[tuple[tuple[Colour, str], ...]] = (("white", "White"), ("black", "Black"))


def _time_control(control: TimeControl) -> str:
    match control:
        case RealTime():
            return f"{control.limit_s}+{control.increment_s}"
        case Correspondence():
            return f"1/{control.days_per_turn * 86_400}"
        case _:
            return "-"


def _moves_text(game: Game, moves: Sequence[MadeMove], options: PgnOptions) -> str:
    if not options.moves:
        return ""
    _, turn, *_, number = game.initial_fen.split(" ")
    ply = 2 * (int(number) - 1) + (turn == "b")
    has_clocks = options.clocks and isinstance(game.time_control, RealTime)
    words: list[str] = []
    for offset, move in enumerate(moves):
        is_white = (ply + offset) % 2 == 0
        count = (ply + offset) // 2 + 1
        if is_white or offset == 0 or has_clocks:
            words.append(f"{count}." if is_white else f"{count}...")
        words.append(move.san)
        if has_clocks and move.clock_ms is not None:
            words.append(f"{{ [%clk {_clock_text(move.clock_ms)}] }}")
    return "".join(f"{word} " for word in words)


def _clock_text(left_ms: int) -> str:
    seconds = left_ms // 1_000
    return f"{seconds // 3_600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
