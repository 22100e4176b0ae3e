"""The settings of chess."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ninefold.core.config import read_settings

PREFIX: Final = "NINEFOLD_CHESS_"


class ChessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of games; prefix `NINEFOLD_CHESS_`."""

    aborted_kept_s: Annotated[
        int, msgspec.Meta(ge=3_600, description="Seconds that games are kept that were aborted or never started.")
    ] = 7 * 24 * 60 * 60
    running_max: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Games that a player can have at once that haven't ended.")
    ] = 200
    stockfish: Annotated[
        Path | None,
        msgspec.Meta(description="Program of the engine, which speaks UCI; by default, Stockfish if it is installed."),
    ] = None
    engines_max: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Processes of the engine that a worker runs at once.")
    ] = 2


def read_chess_settings(environment: Mapping[str, str]) -> ChessSettings:
    """Read the settings of chess.

    Raises:
        SettingError: a value is invalid.
    """
    return read_settings(ChessSettings, prefix=PREFIX, environment=environment)
