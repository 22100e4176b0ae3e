"""Who has a stream open is there: online, and at the game that it streams."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.chess.model import GAME_PREFIX, Player
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.games import find_game
from ninefold.systems.chess.service.players import note_seen
from ninefold.systems.chess.service.presence import note_presence

INTERVAL_S: Final = 4.0
"""How often it is written. A player who is silent for `SILENT_AFTER` counts as gone, so one time may be missed."""

log = structlog.get_logger(__name__)


class StreamPresence:
    """Writes that a player is there, as long as a stream of it is open.

    When the stream ends, nothing is written: the client may open it again at once. If it doesn't, its silence says so.

    Args:
        database: where players and games are.
        notifier: wakes those who follow a game to which the player has come back.
        player: who reads the stream.
        game_id: the game that it streams; None for a stream of events.
    """

    def __init__(self, database: Database, notifier: Notifier, player: Player, *, game_id: UUID | None = None) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._player: Final = player
        self._game_id: Final = game_id

    async def keep(self, ended: asyncio.Future[Any]) -> None:
        """Write it again and again, until the stream has ended.

        It is written at least once: who opened a stream was there, even if the stream ended at once.
        """
        while True:
            try:
                await self._write()
            except DatabaseUnavailableError as error:
                log.info("chess.lichess.presence.unwritten", error=str(error))
            await asyncio.wait([ended], timeout=INTERVAL_S)
            if ended.done():
                return

    async def _write(self) -> None:
        async with self._database.transaction() as connection:
            await note_seen(connection, self._player)
        if self._game_id is not None:
            await self._write_at_game(self._game_id)

    async def _write_at_game(self, game_id: UUID) -> None:
        player = self._player
        async with self._database.transaction() as connection:
            game = await find_game(
                connection, organisation_id=player.organisation_id, reference=format_id(GAME_PREFIX, game_id)
            )
            colour = game.colour_of(player.player_id)
            has_changed = colour is not None and await note_presence(
                connection, game=game, colour=colour, now=datetime.now(UTC)
            )
        if has_changed:
            notify_game(self._notifier, game)
