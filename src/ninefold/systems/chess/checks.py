"""The checks of `ninefold doctor` for chess."""

from collections.abc import Iterator

from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.chess.service.engine import INSTALL, find_program
from ninefold.systems.chess.settings import ChessSettings


def check_engine(settings: ChessSettings) -> Iterator[Finding]:
    """Say whether the engine is installed that people can play against."""
    program = find_program(settings)
    if program is None:
        missing = "Stockfish isn't installed" if settings.stockfish is None else f"{settings.stockfish} can't be run"
        yield warning("chess", f"Nobody can play against the engine: {missing}.", INSTALL)
    else:
        yield ok("chess", f"{program} plays against people, at most {settings.engines_max} processes of a worker")
