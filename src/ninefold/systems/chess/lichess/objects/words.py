"""What several objects of Lichess's API have in common: variants, speeds, times and ids."""

from datetime import datetime
from typing import Final

import msgspec

from ninefold.systems.chess.model import START_FEN, Correspondence, Game, Player, RealTime, Speed, TimeControl

UNLIMITED_MS: Final = 2_147_483_647
"""What Lichess shows as the time of a player who has no limit."""

NAMES: Final = {
    Speed.ULTRA_BULLET: "UltraBullet",
    Speed.BULLET: "Bullet",
    Speed.BLITZ: "Blitz",
    Speed.RAPID: "Rapid",
    Speed.CLASSICAL: "Classical",
    Speed.CORRESPONDENCE: "Correspondence",
}
"""The speeds as people read them."""


class Variant(msgspec.Struct, frozen=True):
    """Which rules a game has."""

    key: str
    name: str
    short: str


STANDARD: Final = Variant("standard", "Standard", "Std")
FROM_POSITION: Final = Variant("fromPosition", "From Position", "FEN")


def variant_of(initial_fen: str) -> Variant:
    """Return the variant of a game that begins with a position."""
    return STANDARD if initial_fen == START_FEN else FROM_POSITION


def fen_of(initial_fen: str) -> str | None:
    """Return the position that a game begins with; None for the usual one."""
    return None if initial_fen == START_FEN else initial_fen


def millis(moment: datetime) -> int:
    """Return a time as Lichess shows it: milliseconds since 1970."""
    return int(moment.timestamp() * 1_000)


def user_id(player: Player) -> str:
    """Return the id of a player in Lichess's API."""
    return player.name.lower()


def title_of(player: Player) -> str | None:
    """Return the title of a player; only bots have one."""
    return "BOT" if player.is_bot else None


def full_id(game: Game, player: Player) -> str:
    """Return the twelve characters by which Lichess knows a game and one of its players."""
    return f"{game.short_id}{player.player_id.hex[-4:]}"


def increment_ms(control: TimeControl) -> int:
    """Return what a move adds to a clock."""
    return control.increment_s * 1_000 if isinstance(control, RealTime) else 0


def days_per_turn(control: TimeControl) -> int | None:
    """Return the days of a turn in correspondence chess."""
    return control.days_per_turn if isinstance(control, Correspondence) else None
