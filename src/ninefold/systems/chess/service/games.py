"""Start, show and list games."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, new_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import random_text
from ninefold.systems.chess.errors import GameNotFoundError, InvalidGameError
from ninefold.systems.chess.model import (
    GAME_PREFIX,
    PLAYER_PREFIX,
    START_FEN,
    Colour,
    Correspondence,
    Game,
    GameStatus,
    LogEvent,
    NewEvent,
    Player,
    Presence,
    Rating,
    RealTime,
    TimeControl,
)
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.rules.actions import clocks_of
from ninefold.systems.chess.rules.moves import claimable_draw, end_by_position, with_deadline
from ninefold.systems.chess.rules.position import PLIES_MAX, Position
from ninefold.systems.chess.service.channels import announce_game
from ninefold.systems.chess.service.players import get_player
from ninefold.systems.chess.service.ratings import find_rating
from ninefold.systems.chess.store import games as store
from ninefold.systems.chess.store.presence import presence_list

RUNNING_MAX: Final = 200
"""Games that a player can have at once that haven't ended."""

ORGANISATION_RUNNING_MAX: Final = 10_000
"""Games that an organisation can have at once that haven't ended."""

SHORT_ID_LENGTH: Final = 8
LOG_MAX: Final = PLIES_MAX * 8
"""Entries of a log that are read for a view."""


class PlayedMove(msgspec.Struct, frozen=True, kw_only=True):
    """A move that counts, as the log has it."""

    ply: int
    uci: str
    san: str
    clock_ms: int | None
    """What the player had left after it."""
    elapsed_ms: int | None
    lag_ms: int | None
    """The lag that the client claimed."""
    compensation_ms: int | None
    quota_ms: int | None
    """How much lag could still be compensated after it."""
    client_move_id: str | None
    at: datetime


class ShownSide(msgspec.Struct, frozen=True, kw_only=True):
    """A player of a game."""

    player: Player
    rating: Rating
    """At the speed of the game, now."""
    presence: Presence | None


class ShownGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game with its moves and its players."""

    game: Game
    moves: Sequence[PlayedMove]
    white: ShownSide
    black: ShownSide


async def start_game(
    connection: Connection,
    *,
    organisation_id: UUID,
    white: Player,
    black: Player,
    time_control: TimeControl,
    is_rated: bool,
    source: str,
    now: datetime,
    initial_fen: str = START_FEN,
    short_id: str | None = None,
    running_max: int = RUNNING_MAX,
    organisation_max: int = ORGANISATION_RUNNING_MAX,
) -> Game:
    """Start a game; call `notify_game` after the commit.

    Args:
        connection: in a transaction.
        organisation_id: whose players they are.
        white: who has the white pieces.
        black: who has the black pieces.
        time_control: the clock; None for no limit.
        is_rated: whether its result changes ratings.
        source: what it comes from, such as `api`, `challenge` or `seek`.
        now: the time.
        initial_fen: the position to begin with.
        short_id: that of the challenge that it comes from; None for a new one.
        running_max: how many games a player can have at once.
        organisation_max: how many games the organisation can have at once.

    Raises:
        InvalidGameError: the players are the same, or it can't have this clock, be rated, or begin with this position,
            or there are too many games.
        InvalidFenError: it isn't a position.
    """
    if white.player_id == black.player_id:
        raise InvalidGameError(
            "A player can't play against itself.", field="black_player_id", remedy="Choose another player."
        )
    check_time_control(time_control)
    position = Position.parse(initial_fen)
    check_rated(is_rated, (white, black), time_control, position)
    if await store.game_count_of_players(connection, player_ids=[white.player_id, black.player_id]) >= running_max:
        raise InvalidGameError(
            f"A player has {running_max} games that haven't ended.", remedy="End some of them first."
        )
    if await store.game_count_unfinished_of(connection, organisation_id=organisation_id, limit=organisation_max) >= (
        organisation_max
    ):
        raise InvalidGameError(
            f"The organisation has {organisation_max:,} games that haven't ended.", remedy="Wait until some have ended."
        )
    game = _new_game(
        organisation_id=organisation_id,
        white=white,
        black=black,
        time_control=time_control,
        is_rated=is_rated,
        source=source,
        now=now,
        position=position,
        short_id=short_id or random_text(SHORT_ID_LENGTH),
    )
    if end_by_position(game, position, at=now).reason is not None:
        raise InvalidGameError(
            "The game would have ended in this position.", field="initial_fen", remedy="Choose another position."
        )
    await store.game_insert(connection, game, started=_started_event(game, white, black))
    await announce_game(connection, "game_started", game)
    return game


async def find_game(connection: Connection, *, organisation_id: UUID, reference: str) -> Game:
    """Return a game of an organisation by its id or its short id.

    Raises:
        GameNotFoundError: it has no such game.
    """
    game_id, short_id = None, reference
    try:
        game_id = parse_id(GAME_PREFIX, reference)
    except InvalidIdError:
        if len(reference) != SHORT_ID_LENGTH:
            raise game_not_found(reference) from None
    game = await store.game_find(connection, organisation_id=organisation_id, game_id=game_id, short_id=short_id)
    if game is None:
        raise game_not_found(reference)
    return game


async def show_game(connection: Connection, game: Game) -> ShownGame:
    """Return a game with its moves and its players; call it in the snapshot that has read the game."""
    events = await store.event_list(connection, cursors=[(game.game_id, 0)], limit=LOG_MAX)
    presence = await presence_list(connection, game_id=game.game_id)
    return ShownGame(
        game=game,
        moves=moves_in(events.get(game.game_id, ())),
        white=await _show_side(connection, game, "white", presence),
        black=await _show_side(connection, game, "black", presence),
    )


async def list_games(
    connection: Connection,
    *,
    organisation_id: UUID,
    player_id: UUID | None = None,
    status: GameStatus | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Game]:
    """Return a page of the games of an organisation, latest first."""
    return await store.game_list(
        connection, organisation_id=organisation_id, player_id=player_id, status=status, before=before, limit=limit
    )


async def list_events(connection: Connection, game: Game, *, after: int, limit: int) -> list[LogEvent]:
    """Return the entries of a game's log after a number."""
    found = await store.event_list(connection, cursors=[(game.game_id, after)], limit=limit)
    return found.get(game.game_id, [])


def moves_in(events: Sequence[LogEvent]) -> list[PlayedMove]:
    """Return the moves of a log that weren't taken back."""
    moves: list[PlayedMove] = []
    for event in events:
        if event.type == "move":
            moves.append(_played(event))
        elif event.type == "takeback":
            del moves[-msgspec.json.decode(event.payload)["plies"] :]
    return moves


def claims_of(
    game: Game, colour: Colour | None, presence: Mapping[Colour, Presence | None], *, now: datetime
) -> list[str]:
    """Return what a player may claim now, as the actions that do it."""
    if colour is None or game.status is not GameStatus.RUNNING:
        return []
    opponent = presence.get("black" if colour == "white" else "white")
    claims = ["claim_draw"] if colour == game.turn and claimable_draw(game) is not None else []
    if opponent is not None and opponent.claimable_at is not None and opponent.claimable_at <= now:
        claims += ["claim_victory", "claim_draw_gone"]
    return claims


def check_time_control(control: TimeControl) -> None:
    """Check that a game can have a clock.

    Raises:
        InvalidGameError: it has too much or too little time.
    """
    match control:
        case RealTime(limit_s=limit_s, increment_s=increment_s):
            is_valid = (
                0 <= limit_s <= clocks.LIMIT_S_MAX
                and 0 <= increment_s <= clocks.INCREMENT_S_MAX
                and limit_s + increment_s > 0
            )
        case Correspondence(days_per_turn=days):
            is_valid = 1 <= days <= clocks.DAYS_PER_TURN_MAX
        case _:
            is_valid = True
    if not is_valid:
        raise InvalidGameError(
            "A game can't have this clock.",
            field="clock",
            remedy=f"Use up to {clocks.LIMIT_S_MAX} s and up to {clocks.INCREMENT_S_MAX} s more for each move, or 1 to "
            f"{clocks.DAYS_PER_TURN_MAX} days for each move.",
        )


def game_not_found(reference: str) -> GameNotFoundError:
    """Return the error for a game that doesn't exist, or that is another organisation's."""
    return GameNotFoundError(f"There is no game {reference[:80]!r}.", remedy="List the games to see their ids.")


def check_rated(is_rated: bool, players: Sequence[Player], control: TimeControl, position: Position) -> None:  # noqa: FBT001  # one of the four it needs.
    """Check that a game can be rated, if it is to be.

    Raises:
        InvalidGameError: it has no limit, begins with another position, or a guest or the engine plays.
    """
    if not is_rated:
        return
    is_for_ratings = all(not player.is_guest and player.engine_level is None for player in players)
    if control is None or position.fen != START_FEN or not is_for_ratings:
        raise InvalidGameError(
            "A rated game has a clock, begins with the usual position, and neither guests nor the engine play it.",
            field="is_rated",
            remedy="Make it unrated.",
        )


def _new_game(
    *,
    organisation_id: UUID,
    white: Player,
    black: Player,
    time_control: TimeControl,
    is_rated: bool,
    source: str,
    now: datetime,
    position: Position,
    short_id: str,
) -> Game:
    clock = clocks.starting_clock(time_control)
    game = Game(
        game_id=new_id(),
        short_id=short_id,
        organisation_id=organisation_id,
        white_player_id=white.player_id,
        black_player_id=black.player_id,
        status=GameStatus.CREATED,
        is_rated=is_rated,
        speed=clocks.speed_of(time_control),
        time_control=time_control,
        source=source,
        initial_fen=position.fen,
        fen=position.fen,
        position_keys=(position.key,),
        white_clock=clock,
        black_clock=clock,
        turn_started_at=now,
        deadline_at=None,
        last_sequence=1,
        created_at=now,
    )
    return with_deadline(game)


def _started_event(game: Game, white: Player, black: Player) -> NewEvent:
    return NewEvent(
        type="started",
        payload={
            "white": _named(white),
            "black": _named(black),
            "clock": game.time_control,
            "speed": game.speed,
            "is_rated": game.is_rated,
            "initial_fen": game.initial_fen,
            "clocks": clocks_of(game),
        },
    )


def _named(player: Player) -> dict[str, Any]:
    return {"player_id": format_id(PLAYER_PREFIX, player.player_id), "name": player.name}


def _played(event: LogEvent) -> PlayedMove:
    payload = msgspec.json.decode(event.payload)
    is_white = payload["fen"].split(" ", 2)[1] == "b"
    return PlayedMove(
        ply=payload["ply"],
        uci=payload["uci"],
        san=payload["san"],
        clock_ms=payload["clocks"]["white_ms" if is_white else "black_ms"],
        elapsed_ms=payload["elapsed_ms"],
        lag_ms=payload["claimed_lag_ms"],
        compensation_ms=payload["compensation_ms"],
        quota_ms=payload["quota_ms"],
        client_move_id=payload["client_move_id"],
        at=event.at,
    )


async def _show_side(
    connection: Connection, game: Game, colour: Colour, presence: Mapping[Colour, Presence]
) -> ShownSide:
    player = await get_player(connection, organisation_id=game.organisation_id, player_id=game.player_id_of(colour))
    return ShownSide(
        player=player,
        rating=await find_rating(connection, player.player_id, game.speed),
        presence=presence.get(colour),
    )
