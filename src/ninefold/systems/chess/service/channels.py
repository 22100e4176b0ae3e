"""The names of chess's live channels, and what is announced in them."""

from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.systems.chess.model import PLAYER_PREFIX

PLAYER_PATTERN: Final = "chess.player:{player_id}"
LOBBY_PATTERN: Final = "chess.lobby:{organisation_id}"


def player_channel(player_id: UUID) -> str:
    """Return the channel of a player's challenges and games."""
    return f"chess.player:{format_id(PLAYER_PREFIX, player_id)}"
