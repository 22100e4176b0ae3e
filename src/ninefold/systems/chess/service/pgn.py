"""Games as Portable Game Notation."""

from typing import Final

from ninefold.systems.chess.model import EndReason, Game, RealTime
from ninefold.systems.chess.rules.pgn import PgnMove, write_pgn
from ninefold.systems.chess.service.games import ShownGame

_TERMINATIONS: Final = {
    EndReason.FLAG: "Time forfeit",
    EndReason.FLAG_INSUFFICIENT: "Time forfeit",
    EndReason.ABANDONMENT: "Abandoned",
    EndReason.ABORTED: "Unterminated",
    EndReason.NOT_STARTED: "Unterminated",
}
_UNPLAYED: Final = frozenset({EndReason.ABORTED, EndReason.NOT_STARTED})


def export_pgn(shown: ShownGame, *, site: str = "Ninefold") -> str:
    """Return a game as PGN, with what the clocks had after each move.

    Args:
        shown: the game.
        site: the value of the tag `Site`, such as the address of its page.
    """
    game = shown.game
    tags = {
        "Event": f"{'Rated' if game.is_rated else 'Casual'} {game.speed} game",
        "Site": site,
        "Date": f"{game.created_at:%Y.%m.%d}",
        "Round": "-",
        "White": shown.white.player.name,
        "Black": shown.black.player.name,
        "Result": result_of(game),
        "GameId": game.short_id,
        "UTCDate": f"{game.created_at:%Y.%m.%d}",
        "UTCTime": f"{game.created_at:%H:%M:%S}",
        "TimeControl": _time_control(game),
        "Termination": _termination(game),
    }
    moves = [PgnMove(move.san, move.clock_ms) for move in shown.moves]
    return write_pgn(tags, moves, result=tags["Result"], initial_fen=game.initial_fen)


def result_of(game: Game) -> str:
    """Return the result as PGN has it: `*` for a game that hasn't ended, or has none."""
    if game.reason is None or game.reason in _UNPLAYED:
        return "*"
    if game.winner is None:
        return "1/2-1/2"
    return "1-0" if game.winner == "white" else "0-1"


def _time_control(game: Game) -> str:
    control = game.time_control
    return f"{control.limit_s}+{control.increment_s}" if isinstance(control, RealTime) else "-"


def _termination(game: Game) -> str:
    if game.reason is None:
        return "Unterminated"
    return _TERMINATIONS.get(game.reason, "Normal")
