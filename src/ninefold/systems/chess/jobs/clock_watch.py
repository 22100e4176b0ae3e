"""The worker's task that watches the clocks: it ends games whose time is up, and calls silent players gone.

All workers run it. Each game is ended under its own lock, so it doesn't matter which worker does it. While no server
runs, no time is up: `jobs/heartbeat.py` says so.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.chess.model import GAME_PREFIX
from ninefold.systems.chess.service import metrics
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.playing import flag_if_due
from ninefold.systems.chess.service.presence import SILENT_AFTER, mark_gone
from ninefold.systems.chess.settings import ChessSettings
from ninefold.systems.chess.store.games import game_list_due
from ninefold.systems.chess.store.presence import presence_list_silent

INTERVAL_S: Final = 0.25
FLAG_WAITS: Final = timedelta(milliseconds=300)
"""How long after the end of a time a game is ended: a move that a server has read in time may still be committed."""

GAMES_MAX: Final = 500
"""Games that are looked at at once."""

ORGANISATION_GAMES_MAX: Final = 100
"""Of one organisation, so that the games of others don't wait for a thousand of its own."""

log = structlog.get_logger(__name__)


class ClockWatch:
    """Watches the clocks until the worker stops."""

    name = "chess.clocks"

    def __init__(self, context: WorkerContext[ChessSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._clock = context.clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at the clocks four times a second until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self.look()
            except DatabaseUnavailableError as error:
                log.warning("chess.clocks.unwatched", error=str(error))
            await wait_for_any(stopping, timeout_s=INTERVAL_S)

    async def look(self) -> None:
        """End games whose time is up, and call silent players gone."""
        await self._flag()
        await self._mark_gone()

    async def _flag(self) -> None:
        async with self._database.connection() as connection:
            due = await game_list_due(
                connection,
                before=self._clock.now() - FLAG_WAITS,
                limit=GAMES_MAX,
                organisation_limit=ORGANISATION_GAMES_MAX,
            )
        for game_id, deadline_at in due:
            async with self._database.transaction() as connection:
                game = await flag_if_due(connection, game_id=game_id, waited=FLAG_WAITS)
            if game is not None:
                log.info("chess.game.flagged", game_id=format_id(GAME_PREFIX, game_id), reason=game.reason)
                notify_game(self._notifier, game)
                metrics.count_ended(game)
                metrics.count_flag(deadline_at=deadline_at, now=self._clock.now())

    async def _mark_gone(self) -> None:
        now = self._clock.now()
        async with self._database.connection() as connection:
            silent = await presence_list_silent(connection, before=now - SILENT_AFTER, limit=GAMES_MAX)
        for game_id, colour in silent:
            async with self._database.transaction() as connection:
                game = await mark_gone(connection, game_id=game_id, colour=colour, now=now)
            if game is not None:
                notify_game(self._notifier, game)
