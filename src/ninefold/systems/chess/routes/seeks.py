"""The HTTP routes for seeks: the lobby."""

from datetime import UTC, datetime
from typing import Final

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.problems import problem_responses
from ninefold.systems.chess.model import GAME_PREFIX, PLAY, PLAYER_PREFIX, Game
from ninefold.systems.chess.routes.meeting_wire import (
    AcceptedView,
    ActFor,
    CreateSeek,
    SeekId,
    SeekList,
    SoughtView,
    read_terms,
    show_seek,
)
from ninefold.systems.chess.service import seeks as service
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.meetings import lobby_channel, notify_lobby
from ninefold.systems.chess.service.players import find_own_player, get_acting_player, get_player
from ninefold.systems.chess.settings import ChessSettings

_SEEKS: Final = "/api/v1/chess/seeks"
_SEEK: Final = f"{_SEEKS}/{{seek_id:str}}"
_TAGS: Final = ["chess"]
_PLAYS: Final = access(also_scope=PLAY, not_audited="Players look for opponents, at the rate of games.")


@post(_SEEKS, tags=_TAGS, status_code=201, opt=_PLAYS, responses=problem_responses(404))
async def create_seek(
    *,
    data: FromBody[CreateSeek],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> SoughtView:
    """Look for an opponent.

    If another player's open seek fits, the game begins at once. Otherwise yours is open for 10 minutes, or for 7 days
    if each move has days. It replaces your earlier one.
    """
    async with database.transaction() as connection:
        player = await get_acting_player(
            connection,
            principal,
            player_id=None
            if data.player_id is None
            else parse_body_id(PLAYER_PREFIX, data.player_id, field="player_id"),
        )
        sought = await service.create_seek(
            connection,
            player=player,
            terms=read_terms(data),
            rating_min=data.rating_min,
            rating_max=data.rating_max,
            now=datetime.now(UTC),
            running_max=chess_settings.running_max,
        )
    notify_lobby(notifier, principal.organisation_id)
    if isinstance(sought, Game):
        notify_game(notifier, sought)
        return SoughtView(seek=None, game=_show_game(sought))
    return SoughtView(seek=show_seek(sought, player), game=None)


@get(_SEEKS, tags=_TAGS, opt=access(also_scope=PLAY))
async def list_seeks(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> SeekList:
    """List open seeks.

    Oldest first, at most 200.
    """
    async with database.snapshot() as connection:
        found = await service.list_seeks(connection, organisation_id=principal.organisation_id, now=datetime.now(UTC))
        items = [
            show_seek(
                seek,
                await get_player(connection, organisation_id=seek.organisation_id, player_id=seek.player_id),
            )
            for seek in found
        ]
    return SeekList(items=items, live_channel=lobby_channel(principal.organisation_id))


@delete(_SEEK, tags=_TAGS, opt=_PLAYS)
async def cancel_seek(
    *,
    seek_id: FromPath[SeekId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Cancel a seek.

    Only your own. An API key cancels those of all players.
    """
    async with database.transaction() as connection:
        await service.cancel_seek(
            connection,
            organisation_id=principal.organisation_id,
            player=await find_own_player(connection, principal),
            seek_id=seek_id,
        )
    notify_lobby(notifier, principal.organisation_id)


@post(f"{_SEEK}/accept", tags=_TAGS, status_code=200, opt=_PLAYS)
async def accept_seek(
    *,
    seek_id: FromPath[SeekId],
    data: FromBody[ActFor],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> AcceptedView:
    """Accept a seek.

    The game begins.
    """
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        # A seek that isn't open is the first thing to complain about.
        await service.get_open_seek(connection, organisation_id=principal.organisation_id, seek_id=seek_id, now=now)
        player = await get_acting_player(
            connection,
            principal,
            player_id=None
            if data.player_id is None
            else parse_body_id(PLAYER_PREFIX, data.player_id, field="player_id"),
        )
        game = await service.accept_seek(
            connection, player=player, seek_id=seek_id, now=now, running_max=chess_settings.running_max
        )
    notify_lobby(notifier, principal.organisation_id)
    notify_game(notifier, game)
    return _show_game(game)


SEEK_ROUTES: Final[list[HTTPRouteHandler]] = [create_seek, list_seeks, cancel_seek, accept_seek]


def _show_game(game: Game) -> AcceptedView:
    return AcceptedView(game_id=format_id(GAME_PREFIX, game.game_id), short_id=game.short_id)
