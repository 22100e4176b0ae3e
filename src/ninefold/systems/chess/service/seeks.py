"""Seeks: who looks for an opponent. Two that fit become a game."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.errors import InvalidSeekError, SeekNotFoundError
from ninefold.systems.chess.model import START_FEN, Game, Player, Seek, Terms
from ninefold.systems.chess.rules.clocks import speed_of
from ninefold.systems.chess.rules.colours import colour_of_proposer
from ninefold.systems.chess.rules.position import Position
from ninefold.systems.chess.service.games import RUNNING_MAX, check_rated, check_time_control, start_game
from ninefold.systems.chess.service.meetings import announce_seek
from ninefold.systems.chess.service.players import get_player
from ninefold.systems.chess.service.ratings import find_rating
from ninefold.systems.chess.store import seeks as store

OPEN_FOR: Final = timedelta(minutes=10)
"""How long a seek is open, unless it is extended or has days for each move."""

CORRESPONDENCE_OPEN_FOR: Final = timedelta(days=7)
SEEKS_MAX: Final = 200
"""Open seeks of an organisation that are shown."""


async def create_seek(
    connection: Connection,
    *,
    player: Player,
    terms: Terms,
    rating_min: int | None = None,
    rating_max: int | None = None,
    now: datetime,
    running_max: int = RUNNING_MAX,
) -> Seek | Game:
    """Look for an opponent: if another player's open seek fits, the game begins; else a seek is opened.

    A player's earlier seek with a clock is replaced.

    Raises:
        InvalidGameError: there can't be such a game.
        InvalidSeekError: the range of ratings is empty, or there is no time control.
    """
    check_time_control(terms.time_control)
    check_rated(terms.is_rated, (player,), terms.time_control, Position.parse())
    if terms.time_control is None:
        raise InvalidSeekError(
            "A seek needs a clock, or days for each move.", field="clock", remedy="Challenge somebody instead."
        )
    if rating_min is not None and rating_max is not None and rating_min > rating_max:
        raise InvalidSeekError("The range of ratings is empty.", field="rating_min", remedy="Use a lower one.")
    rating = await find_rating(connection, player.player_id, speed_of(terms.time_control))
    for seek_id in await store.seek_cancel_all(connection, player_id=player.player_id):
        await announce_seek(connection, "seek_closed", organisation_id=player.organisation_id, seek_id=seek_id)
    seek = Seek(
        seek_id=new_id(),
        organisation_id=player.organisation_id,
        player_id=player.player_id,
        terms=terms,
        rating_min=rating_min,
        rating_max=rating_max,
        rating=round(rating.rating),
        created_at=now,
        expires_at=now + open_for(terms),
    )
    # Two players who begin at once would otherwise not see each other's seek.
    await store.seek_lock_lobby(connection, organisation_id=player.organisation_id)
    found = await store.seek_lock_matching(connection, seek=seek)
    if found is not None:
        return await _start(connection, found, seek, player, now=now, running_max=running_max)
    await store.seek_insert(connection, seek=seek)
    await announce_seek(connection, "seek_opened", organisation_id=player.organisation_id, seek_id=seek.seek_id)
    return seek


async def accept_seek(
    connection: Connection, *, player: Player, seek_id: UUID, now: datetime, running_max: int = RUNNING_MAX
) -> Game:
    """Accept another player's seek: the game begins.

    Raises:
        SeekNotFoundError: there is no such seek, or it isn't open any more.
        InvalidSeekError: it is the player's own.
    """
    seek = await get_open_seek(connection, organisation_id=player.organisation_id, seek_id=seek_id, now=now)
    if seek.player_id == player.player_id:
        raise InvalidSeekError("It is your own seek.", field="seek_id", remedy="Wait for an opponent.")
    return await _start(connection, seek, None, player, now=now, running_max=running_max)


async def list_seeks(connection: Connection, *, organisation_id: UUID, now: datetime) -> list[Seek]:
    """Return the open seeks of an organisation, oldest first."""
    return await store.seek_list(connection, organisation_id=organisation_id, now=now, limit=SEEKS_MAX)


async def cancel_seek(connection: Connection, *, organisation_id: UUID, player: Player | None, seek_id: UUID) -> None:
    """Cancel an open seek of a player; without a player, anyone's in the organisation.

    Raises:
        SeekNotFoundError: there is no such open seek, or it is another player's.
    """
    player_id = None if player is None else player.player_id
    if not await store.seek_cancel(connection, organisation_id=organisation_id, player_id=player_id, seek_id=seek_id):
        raise _not_found()
    await announce_seek(connection, "seek_closed", organisation_id=organisation_id, seek_id=seek_id)


async def get_open_seek(connection: Connection, *, organisation_id: UUID, seek_id: UUID, now: datetime) -> Seek:
    """Return an open seek, which nobody else can accept until the transaction ends.

    Raises:
        SeekNotFoundError: there is no such seek, or it isn't open any more.
    """
    seek = await store.seek_lock(connection, organisation_id=organisation_id, seek_id=seek_id, now=now)
    if seek is None:
        raise _not_found()
    return seek


async def extend_seek(connection: Connection, *, seek: Seek, now: datetime) -> None:
    """Keep a seek open, because its player still waits."""
    # A seek that is being extended would otherwise be passed over by who looks for one.
    await store.seek_lock_lobby(connection, organisation_id=seek.organisation_id)
    await store.seek_extend(connection, seek_id=seek.seek_id, expires_at=now + open_for(seek.terms))


def open_for(terms: Terms) -> timedelta:
    """Return how long a seek is open."""
    return OPEN_FOR if speed_of(terms.time_control) != "correspondence" else CORRESPONDENCE_OPEN_FOR


async def _start(
    connection: Connection, found: Seek, own: Seek | None, player: Player, *, now: datetime, running_max: int
) -> Game:
    """Start the game of a seek that was found and locked, with the player who accepts it or whose seek fits."""
    proposer = await get_player(connection, organisation_id=found.organisation_id, player_id=found.player_id)
    wanted = "random" if own is None else own.terms.colour
    colour = colour_of_proposer(found.terms.colour, wanted, coin=secrets.choice([True, False]))
    white, black = (proposer, player) if colour == "white" else (player, proposer)
    game = await start_game(
        connection,
        organisation_id=found.organisation_id,
        white=white,
        black=black,
        time_control=found.terms.time_control,
        is_rated=found.terms.is_rated,
        source="seek",
        now=now,
        initial_fen=START_FEN,
        running_max=running_max,
    )
    await store.seek_set_accepted(connection, seek_id=found.seek_id, game_id=game.game_id)
    await announce_seek(connection, "seek_closed", organisation_id=found.organisation_id, seek_id=found.seek_id)
    return game


def _not_found() -> SeekNotFoundError:
    return SeekNotFoundError("There is no such open seek.", remedy="List the seeks to see which are open.")
