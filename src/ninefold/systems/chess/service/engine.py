"""The engine: a player of each level, which anybody can play against. Workers play its turns."""

import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.jobs import JobPriority, enqueue_unique
from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.errors import EngineMissingError
from ninefold.systems.chess.model import (
    ENGINE_SOURCE,
    ENGINE_TURN,
    GAME_PREFIX,
    START_FEN,
    Colour,
    EngineSeat,
    EngineTurn,
    Game,
    GameStatus,
    Player,
    Terms,
)
from ninefold.systems.chess.rules.colours import colour_of_proposer
from ninefold.systems.chess.rules.verdicts import OPPONENTS
from ninefold.systems.chess.service.games import RUNNING_MAX, start_game
from ninefold.systems.chess.settings import PREFIX, ChessSettings
from ninefold.systems.chess.store import players as store

INSTALL: Final = (
    f"Install Stockfish where the server and the workers run (Debian: `apt-get install stockfish`), or set "
    f"{PREFIX}STOCKFISH."
)

_FOLDERS: Final = "/usr/games:/usr/local/bin"
"""Where it is on Debian, and where people put what they build; the path of services leads to neither."""


def find_program(settings: ChessSettings) -> Path | None:
    """Return the engine's program on this machine; None if there is none."""
    if settings.stockfish is not None:
        return settings.stockfish if os.access(settings.stockfish, os.X_OK) else None
    found = shutil.which("stockfish") or shutil.which("stockfish", path=_FOLDERS)
    return None if found is None else Path(found)


def require_program(settings: ChessSettings) -> Path:
    """Return the engine's program on this machine.

    Raises:
        EngineMissingError: there is none.
    """
    program = find_program(settings)
    if program is None:
        raise EngineMissingError("Stockfish isn't installed, so nobody can play against it.", remedy=INSTALL)
    return program


async def start_engine_game(
    connection: Connection,
    *,
    player: Player,
    level: int,
    terms: Terms,
    now: datetime,
    running_max: int = RUNNING_MAX,
) -> Game:
    """Start an unrated game against the engine; call `notify_game` after the commit.

    Args:
        connection: in a transaction.
        player: who plays against it.
        level: how strong it is, 1 to 8.
        terms: what game it is to be; the colour is that of `player`.
        now: the time.
        running_max: how many games a player can have at once.

    Raises:
        InvalidGameError: there can't be such a game.
        InvalidFenError: the position isn't valid.
    """
    engine = await get_engine(connection, organisation_id=player.organisation_id, level=level)
    colour = colour_of_proposer(terms.colour, coin=secrets.choice([True, False]))
    white, black = (player, engine) if colour == "white" else (engine, player)
    game = await start_game(
        connection,
        organisation_id=player.organisation_id,
        white=white,
        black=black,
        time_control=terms.time_control,
        is_rated=terms.is_rated,
        source=ENGINE_SOURCE,
        now=now,
        initial_fen=terms.initial_fen or START_FEN,
        running_max=running_max,
    )
    await wake_engine(connection, game)
    return game


async def get_engine(connection: Connection, *, organisation_id: UUID, level: int) -> Player:
    """Return the player that is the engine at a level; call it in a transaction, because the first use creates it."""
    await store.player_insert(
        connection,
        player_id=new_id(),
        organisation_id=organisation_id,
        account_id=None,
        name=f"Stockfish level {level}",
        is_bot=True,
        is_guest=False,
        engine_level=level,
    )
    found = await store.player_find_engine(connection, organisation_id=organisation_id, level=level)
    assert found is not None, "nobody else can have its name"
    return found


async def find_engine_seat(connection: Connection, game: Game) -> EngineSeat | None:
    """Return which colour the engine plays in a game, and how well; None if it doesn't play."""
    if game.source != ENGINE_SOURCE:
        return None
    for colour in OPPONENTS:
        player_id = game.player_id_of(colour)
        player = await store.player_find(connection, organisation_id=game.organisation_id, player_id=player_id)
        if player is not None and player.engine_level is not None:
            return EngineSeat(player_id=player_id, colour=colour, level=player.engine_level)
    return None


async def wake_engine(connection: Connection, game: Game) -> None:
    """Have a worker play the engine's turn, if it has one; call it in the transaction that has changed the game."""
    seat = await find_engine_seat(connection, game)
    if seat is not None and is_waited_for(game, seat.colour):
        game_id = format_id(GAME_PREFIX, game.game_id)
        await enqueue_unique(
            connection,
            ENGINE_TURN,
            EngineTurn(game_id=game.game_id),
            organisation_id=game.organisation_id,
            key=f"engine:{game_id}",
            priority=JobPriority.HIGH,
        )


def is_waited_for(game: Game, colour: Colour) -> bool:
    """Return whether a player is to move, or has to answer an offer."""
    if game.status is GameStatus.ENDED:
        return False
    return game.turn == colour or OPPONENTS[colour] in (game.offers.draw, game.offers.takeback)
