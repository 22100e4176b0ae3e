"""The engine: its games, and the job that plays its turns."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import Backoff, JobKind
from ninefold.systems.chess.model.games import Colour

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
