"""Lets time pass in games of tests, and looks at the clocks as a worker does."""

from datetime import timedelta

from chess_api import Duel
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.model import GAME_PREFIX
from ninefold.systems.chess.service.playing import flag_if_due

WORKERS_WAIT = timedelta(milliseconds=300)


async def let_pass(database: Database, duel: Duel, seconds: float) -> None:
    """Let the current turn have begun earlier, and its players' last signs be older."""
    async with database.transaction() as connection:
        for statement in (
            """
            UPDATE chess.game
            SET turn_started_at = turn_started_at - $2::interval, deadline_at = deadline_at - $2::interval
            WHERE game_id = $1
            """,
            "UPDATE chess.presence SET seen_at = seen_at - $2::interval WHERE game_id = $1",
        ):
            await connection.execute(statement, parse_id(GAME_PREFIX, duel.game_id), timedelta(seconds=seconds))


async def flag(database: Database, duel: Duel) -> bool:
    """End the game if its time is up; return whether it was."""
    async with database.transaction() as connection:
        game_id = parse_id(GAME_PREFIX, duel.game_id)
        return await flag_if_due(connection, game_id=game_id, waited=WORKERS_WAIT) is not None
