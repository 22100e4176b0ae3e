"""The HTTP routes for games: their moves, actions, logs and chat."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.errors import InvalidInputError, NotFoundError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import PathId, parse_body_id
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.chess.model import GAME_PREFIX, PLAY, PLAYER_PREFIX, Colour, Game, GameStatus, Player, Room
from ninefold.systems.chess.routes.game_requests import (
    CreateEngineGame,
    CreateGame,
    MakeMove,
    SayPresent,
    TakeAction,
    WriteLine,
    read_action,
    read_clock,
    read_engine_terms,
    read_move,
    read_player_id,
)
from ninefold.systems.chess.routes.game_wire import (
    ChatLinesView,
    ChatLineView,
    GameAnswerView,
    GameEventsView,
    GameSummary,
    GameView,
    show_answer,
    show_event,
    show_game,
    show_line,
    show_summary,
)
from ninefold.systems.chess.routes.player_wire import PlayerId
from ninefold.systems.chess.service import chat as chat_service
from ninefold.systems.chess.service import games as service
from ninefold.systems.chess.service.channels import notify_chat, notify_game
from ninefold.systems.chess.service.engine import require_program, start_engine_game
from ninefold.systems.chess.service.pgn import export_pgn
from ninefold.systems.chess.service.players import find_own_player, get_acting_player, get_player
from ninefold.systems.chess.service.playing import submit_action, submit_move
from ninefold.systems.chess.service.presence import note_presence
from ninefold.systems.chess.settings import ChessSettings

_GAMES: Final = "/api/v1/chess/games"
_GAME: Final = f"{_GAMES}/{{game_id:str}}"
_TAGS: Final = ["chess"]
_READS: Final = access(also_scope=PLAY)
_PLAYS: Final = access(also_scope=PLAY, not_audited="What happens in a game is in its log.")
_PGN: Final = "application/x-chess-pgn"
EVENTS_MAX: Final = 500
CHAT_MAX: Final = 200

_game_list = PagedList("chess_games", UUID)

After = Annotated[int, QueryParameter(ge=0, le=2**53, description="Only what follows this sequence number; 0 for all.")]
EventLimit = Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX, description="How many at most.")]
ChatLimit = Annotated[int, QueryParameter(ge=1, le=CHAT_MAX, description="How many at most.")]


class GameId(PathId):
    """A game's id in a path."""

    prefix = GAME_PREFIX


@post(_GAMES, tags=_TAGS, status_code=201, responses=problem_responses(404))
async def create_game(
    *,
    data: FromBody[CreateGame],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
    audit: NamedDependency[AuditEntry],
) -> GameView:
    """Start a game between two players.

    For programs that bring players together themselves. People challenge each other.
    """
    async with database.transaction() as connection:
        white, black = [
            await get_player(
                connection,
                organisation_id=principal.organisation_id,
                player_id=parse_body_id(PLAYER_PREFIX, text, field=field),
            )
            for field, text in (("white_player_id", data.white_player_id), ("black_player_id", data.black_player_id))
        ]
        game = await service.start_game(
            connection,
            organisation_id=principal.organisation_id,
            white=white,
            black=black,
            time_control=read_clock(data.clock),
            is_rated=data.is_rated,
            initial_fen=data.initial_fen,
            source="api",
            now=datetime.now(UTC),
            running_max=chess_settings.running_max,
        )
        audit.target_id = format_id(GAME_PREFIX, game.game_id)
        shown = await service.show_game(connection, game)
    notify_game(notifier, game)
    return show_game(shown, own_colour=None, now=datetime.now(UTC))


@post(f"{_GAMES}/ai", tags=_TAGS, opt=_PLAYS, status_code=201, responses=problem_responses(501))
async def create_engine_game(
    *,
    data: FromBody[CreateEngineGame],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> GameView:
    """Start a game against the engine.

    Stockfish at a level from 1, which beginners beat, to 8. The game is unrated. It takes takebacks, and no draws.
    """
    require_program(chess_settings)
    async with database.transaction() as connection:
        player = await get_acting_player(connection, principal, player_id=read_player_id(data.player_id))
        game = await start_engine_game(
            connection,
            player=player,
            level=data.level,
            terms=read_engine_terms(data),
            now=datetime.now(UTC),
            running_max=chess_settings.running_max,
        )
        shown = await service.show_game(connection, game)
    notify_game(notifier, game)
    return show_game(shown, own_colour=_colour_of(game, player), now=datetime.now(UTC))


@get(_GAMES, tags=_TAGS, opt=_READS)
async def list_games(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    status: FromQuery[GameStatus | None] = None,
    player_id: FromQuery[PlayerId | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[GameSummary]:
    """List games.

    Those that began last come first.
    """
    query = _game_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_games(
            connection,
            organisation_id=principal.organisation_id,
            player_id=player_id,
            status=status,
            before=query.position,
            limit=query.rows_max,
        )
    now = datetime.now(UTC)
    return query.page(found, position_of=lambda game: game.game_id, show=lambda game: show_summary(game, now=now))


@get(_GAME, tags=_TAGS, opt=_READS)
async def get_game(
    game_id: FromPath[GameId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> GameView:
    """Show a game.

    Everybody in the organisation can. Follow it in its live channel from `last_sequence` on.
    """
    async with database.transaction() as connection:
        player = await find_own_player(connection, principal)
        game = await _find(connection, principal, game_id)
        shown = await service.show_game(connection, game)
    return show_game(shown, own_colour=_colour_of(game, player), now=datetime.now(UTC))


@get(f"{_GAME}/events", tags=_TAGS, opt=_READS)
async def list_game_events(
    *,
    game_id: FromPath[GameId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    after: After = 0,
    limit: EventLimit = EVENTS_MAX,
) -> GameEventsView:
    """Read the log of a game.

    Oldest first. To follow it, read its live channel.
    """
    async with database.snapshot() as connection:
        game = await _find(connection, principal, game_id)
        events = await service.list_events(connection, game, after=after, limit=min(limit, EVENTS_MAX))
    return GameEventsView(items=[show_event(event) for event in events])


@get(f"{_GAME}/pgn", tags=_TAGS, opt=_READS, responses=bytes_response(_PGN, description="The game."))
async def get_game_pgn(
    game_id: FromPath[GameId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[str]:
    """Export a game.

    In Portable Game Notation, with what the clocks had after each move.
    """
    async with database.snapshot() as connection:
        game = await _find(connection, principal, game_id)
        shown = await service.show_game(connection, game)
    return Response(export_pgn(shown), media_type=f"{_PGN}; charset=utf-8")


@post(f"{_GAME}/moves", tags=_TAGS, opt=_PLAYS, status_code=200, responses=problem_responses(403))
async def make_move(
    *,
    game_id: FromPath[GameId],
    data: FromBody[MakeMove],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> GameAnswerView:
    """Make a move.

    The answer comes after the commit, whether the move counts or was rejected. The same `client_move_id` always gets
    the same answer, so send the request again if no answer comes.
    """
    received_at = datetime.now(UTC)
    async with database.connection() as connection:
        player = await _act_for(connection, principal, data.player_id, game_id=game_id)
    answer = await submit_move(
        database,
        notifier,
        organisation_id=principal.organisation_id,
        game_id=game_id,
        player_id=player.player_id,
        move=read_move(data),
        received_at=received_at,
    )
    return show_answer(answer)


@post(f"{_GAME}/actions", tags=_TAGS, opt=_PLAYS, status_code=200, responses=problem_responses(403))
async def take_action(
    *,
    game_id: FromPath[GameId],
    data: FromBody[TakeAction],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> GameAnswerView:
    """Resign, abort, offer, accept, decline, claim or give time.

    The answer comes after the commit. The same `client_action_id` always gets the same answer.
    """
    received_at = datetime.now(UTC)
    async with database.connection() as connection:
        player = await _act_for(connection, principal, data.player_id, game_id=game_id)
    answer = await submit_action(
        database,
        notifier,
        organisation_id=principal.organisation_id,
        game_id=game_id,
        player_id=player.player_id,
        action=read_action(data),
        received_at=received_at,
    )
    return show_answer(answer)


@post(f"{_GAME}/presence", tags=_TAGS, opt=_PLAYS, status_code=204, responses=problem_responses(403))
async def say_present(
    *,
    game_id: FromPath[GameId],
    data: FromBody[SayPresent],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Say that a player is at a game.

    Send it every five seconds while the player sees the game. Whoever has once said so and is silent counts as gone,
    and the opponent can claim the win. Others, who watch, needn't say so; it has no effect.
    """
    async with database.transaction() as connection:
        player = await _act_for(connection, principal, data.player_id, game_id=game_id)
        game = await _find(connection, principal, game_id)
        colour = game.colour_of(player.player_id)
        has_changed = colour is not None and await note_presence(
            connection, game=game, colour=colour, now=datetime.now(UTC), is_leaving=data.is_leaving
        )
    if has_changed:
        notify_game(notifier, game)


@get(f"{_GAME}/chat", tags=_TAGS, opt=_READS, responses=problem_responses(403))
async def list_chat_lines(
    *,
    game_id: FromPath[GameId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    room: FromQuery[Room] = "spectator",
    after: After = 0,
    limit: ChatLimit = CHAT_MAX,
) -> ChatLinesView:
    """Read the chat of a game.

    Players read the room `player`, and others the room `spectator`. An API key reads both.
    """
    async with database.transaction() as connection:
        player = await find_own_player(connection, principal)
        game = await _find(connection, principal, game_id)
        chat_service.check_room(game, player, room)
        lines = await chat_service.list_lines(connection, game, room=room, after=after, limit=min(limit, CHAT_MAX))
    return ChatLinesView(items=[show_line(line) for line in lines])


@post(f"{_GAME}/chat", tags=_TAGS, opt=_PLAYS, status_code=201, responses=problem_responses(403, 429))
async def write_chat_line(
    *,
    game_id: FromPath[GameId],
    data: FromBody[WriteLine],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChatLineView:
    """Write a line in the chat of a game.

    Up to ten lines in 30 s.
    """
    async with database.transaction() as connection:
        player = await _act_for(connection, principal, data.player_id, game_id=game_id)
        game = await _find(connection, principal, game_id)
        line = await chat_service.write_line(
            connection, game=game, player=player, room=data.room, text=data.text, now=datetime.now(UTC)
        )
    notify_chat(notifier, game.game_id, line.room)
    return show_line(line)


GAME_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_game,
    create_engine_game,
    list_games,
    get_game,
    list_game_events,
    get_game_pgn,
    make_move,
    take_action,
    say_present,
    list_chat_lines,
    write_chat_line,
]


async def _find(connection: Connection, principal: Principal, game_id: UUID) -> Game:
    return await service.find_game(
        connection, organisation_id=principal.organisation_id, reference=format_id(GAME_PREFIX, game_id)
    )


async def _act_for(connection: Connection, principal: Principal, player_id: str | None, *, game_id: UUID) -> Player:
    """Return who acts; a game that doesn't exist is the first thing to complain about."""
    try:
        return await get_acting_player(connection, principal, player_id=read_player_id(player_id))
    except (InvalidInputError, NotFoundError):
        await _find(connection, principal, game_id)
        raise


def _colour_of(game: Game, player: Player | None) -> Colour | None:
    return None if player is None else game.colour_of(player.player_id)
