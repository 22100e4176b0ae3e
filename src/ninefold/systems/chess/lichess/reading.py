"""Reads what the routes and the streams show: players, games, challenges and their players."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Principal
from ninefold.systems.chess.errors import ChallengeNotFoundError, GameNotFoundError
from ninefold.systems.chess.lichess.errors import NotYourGameError
from ninefold.systems.chess.lichess.objects.games import Seat, Seats
from ninefold.systems.chess.lichess.pgn import MadeMove
from ninefold.systems.chess.model import Challenge, Colour, Game, GameStatus, Player, Rating, Speed
from ninefold.systems.chess.rules.clocks import speed_of
from ninefold.systems.chess.service.challenges import find_challenge_id, get_challenge
from ninefold.systems.chess.service.games import ShownGame, ShownSide, list_games, show_game
from ninefold.systems.chess.service.games import find_game as find_game_by_reference
from ninefold.systems.chess.service.players import get_player, get_player_by_name
from ninefold.systems.chess.service.ratings import find_rating, is_provisional

SHORT_ID_LENGTH: Final = 8
FULL_ID_LENGTH: Final = 12

RUNNING_MAX: Final = 50
"""Games that haven't ended that are shown at once, for each of the two statuses."""

GAMES_PER_READ: Final = 50


class GameFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which games of a player."""

    player_id: UUID
    opponent_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_rated: bool | None = None
    speeds: frozenset[Speed] | None = None
    colour: Colour | None = None
    has_ongoing: bool = False
    has_ended: bool = True

    def matches(self, game: Game) -> bool:
        """Return whether a game of the player is one of them."""
        is_ended = game.status is GameStatus.ENDED
        colour = game.colour_of(self.player_id)
        return (
            (self.has_ended if is_ended else self.has_ongoing)
            and (self.opponent_id is None or game.colour_of(self.opponent_id) not in (None, colour))
            and (self.since is None or game.created_at >= self.since)
            and (self.until is None or game.created_at <= self.until)
            and self.is_rated in (None, game.is_rated)
            and (self.speeds is None or game.speed in self.speeds)
            and self.colour in (None, colour)
        )


async def find_user(connection: Connection, principal: Principal, username: str) -> Player:
    """Return the player of a name.

    Raises:
        PlayerNotFoundError: the organisation has no such player.
    """
    return await get_player_by_name(connection, organisation_id=principal.organisation_id, name=username)


async def find_game(connection: Connection, organisation_id: UUID, game_id: str) -> Game:
    """Return a game by what Lichess calls its id: eight characters, or twelve with those of a player.

    Raises:
        GameNotFoundError: the organisation has no such game.
    """
    short_id = game_id[:SHORT_ID_LENGTH] if len(game_id) == FULL_ID_LENGTH else game_id
    return await find_game_by_reference(connection, organisation_id=organisation_id, reference=short_id)


async def find_own_game(connection: Connection, player: Player, game_id: str) -> tuple[Game, Colour]:
    """Return a game that a player plays, and the colour.

    Raises:
        NotYourGameError: there is no such game, or others play it.
    """
    try:
        game = await find_game(connection, player.organisation_id, game_id)
    except GameNotFoundError as error:
        raise NotYourGameError("No such game") from error
    colour = game.colour_of(player.player_id)
    if colour is None:
        raise NotYourGameError("Not your game")
    return game, colour


async def find_own_challenge(connection: Connection, player: Player, short_id: str) -> Challenge:
    """Return a challenge by a player, to it, or to whoever has the link; call it in a transaction.

    Raises:
        ChallengeNotFoundError: there is no such challenge.
    """
    challenge_id = await find_challenge_id(connection, organisation_id=player.organisation_id, short_id=short_id)
    challenge = await get_challenge(connection, challenge_id=challenge_id, organisation_id=player.organisation_id)
    if not challenge.is_open and player.player_id not in (challenge.from_player_id, challenge.to_player_id):
        raise ChallengeNotFoundError("There is no such challenge.")
    return challenge


async def read_shown(connection: Connection, game: Game) -> tuple[Seats, Sequence[MadeMove]]:
    """Return who plays a game, and the moves that count, with the clocks after them."""
    shown = await show_game(connection, game)
    return _seats_of(shown), [MadeMove(each.san, each.clock_ms) for each in shown.moves]


async def read_seats(connection: Connection, game: Game) -> Seats:
    """Return who plays a game, with the ratings before its end."""
    seats = [
        await _seat_at(connection, game.organisation_id, game.player_id_of(colour), game.speed) for colour in _COLOURS
    ]
    white, black = [_with_result(seat, game, colour) for seat, colour in zip(seats, _COLOURS, strict=True)]
    return Seats(white=white, black=black)


async def list_running_games(connection: Connection, organisation_id: UUID, player_id: UUID) -> list[Game]:
    """Return the games of a player that haven't ended."""
    return [
        game
        for status in (GameStatus.CREATED, GameStatus.RUNNING)
        for game in await list_games(
            connection, organisation_id=organisation_id, player_id=player_id, status=status, limit=RUNNING_MAX
        )
    ]


async def list_running(connection: Connection, player: Player) -> list[tuple[Game, Seats]]:
    """Return the games of a player that haven't ended, those that are the most urgent first."""
    games = await list_running_games(connection, player.organisation_id, player.player_id)
    urgent = sorted(games, key=lambda game: (game.colour_of(player.player_id) != game.turn, game.turn_started_at))
    return [(game, await read_seats(connection, game)) for game in urgent]


async def list_playing(connection: Connection, players: Collection[Player]) -> Mapping[UUID, Game]:
    """Return a game that each of these players plays; those who play none are missing."""
    playing: dict[UUID, Game] = {}
    for player in players:
        games = await list_running_games(connection, player.organisation_id, player.player_id)
        if games:
            playing[player.player_id] = games[-1]
    return playing


async def games_of(
    connection: Connection, organisation_id: UUID, wanted: GameFilter, *, before: UUID | None
) -> AsyncIterator[Game]:
    """Yield the games of a player before another one, latest first; those that don't match are left out."""
    while True:
        games = await list_games(
            connection, organisation_id=organisation_id, player_id=wanted.player_id, before=before, limit=GAMES_PER_READ
        )
        for game in games:
            if wanted.matches(game):
                yield game
        if len(games) < GAMES_PER_READ:
            return
        before = games[-1].game_id


async def read_challenge_seats(connection: Connection, challenge: Challenge) -> tuple[Seat, Seat | None]:
    """Return the challenger and the challenged, who isn't known for a challenge by link."""
    speed = speed_of(challenge.terms.time_control)
    challenger = await _seat_at(connection, challenge.organisation_id, challenge.from_player_id, speed)
    if challenge.to_player_id is None:
        return challenger, None
    return challenger, await _seat_at(connection, challenge.organisation_id, challenge.to_player_id, speed)


_COLOURS: Final[tuple[Colour, ...]] = ("white", "black")


def _seats_of(shown: ShownGame) -> Seats:
    return Seats(white=_seat_of(shown.white, shown.game, "white"), black=_seat_of(shown.black, shown.game, "black"))


def _seat_of(side: ShownSide, game: Game, colour: Colour) -> Seat:
    return _with_result(_seat(side.player, side.rating), game, colour)


def _with_result(seat: Seat, game: Game, colour: Colour) -> Seat:
    """Return a seat with what the result has changed; the rating is then that before it."""
    if game.ratings is None:
        return seat
    rated = game.ratings[colour]
    return msgspec.structs.replace(seat, rating=rated["rating"], rating_change=rated["change"])


async def _seat_at(connection: Connection, organisation_id: UUID, player_id: UUID, speed: Speed) -> Seat:
    player = await get_player(connection, organisation_id=organisation_id, player_id=player_id)
    return _seat(player, await find_rating(connection, player_id, speed))


def _seat(player: Player, rating: Rating) -> Seat:
    return Seat(player=player, rating=round(rating.rating), is_provisional=is_provisional(rating))
