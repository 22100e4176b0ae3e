"""The HTTP routes for players, their ratings and their tokens."""

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.chess.model import PLAY, PLAYER_PREFIX, Speed
from ninefold.systems.chess.routes.player_wire import (
    CreatedPlayerTokenView,
    CreatePlayer,
    CreatePlayerToken,
    PlayerId,
    PlayerTokenId,
    PlayerTokenList,
    PlayerView,
    RatingChangeView,
    show_created_player_token,
    show_player,
    show_player_token,
    show_rating_change,
)
from ninefold.systems.chess.service import players as service
from ninefold.systems.chess.service.ratings import list_rating_changes, list_ratings

_PLAYERS: Final = "/api/v1/chess/players"
_PLAYER: Final = f"{_PLAYERS}/{{player_id:str}}"
_TOKENS: Final = f"{_PLAYER}/tokens"
_TAGS: Final = ["chess"]
_PLAYER_READS: Final = access(also_scope=PLAY)

NameFilter = Annotated[
    str, QueryParameter(max_length=service.NAME_LENGTH_MAX, description="Only the player of this name.")
]

_player_list = PagedList("chess_players", UUID)
_change_list = PagedList("chess_rating_changes", datetime)


@get("/api/v1/chess/me", tags=_TAGS, opt=_PLAYER_READS, responses=problem_responses(422))
async def get_own_player(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> PlayerView:
    """Show your own player.

    A person gets one at the first time. An API key has none, and gets 422.
    """
    async with database.transaction() as connection:
        player = await service.get_acting_player(connection, principal, player_id=None)
        ratings = await list_ratings(connection, [player.player_id])
    return show_player(player, ratings.get(player.player_id, ()))


@post(_PLAYERS, tags=_TAGS, status_code=201, responses=problem_responses(409))
async def create_player(
    data: FromBody[CreatePlayer],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> PlayerView:
    """Create a player.

    For a bot, or for a user of your product. Create a token for it then. People who sign in have a player already.
    """
    async with database.transaction() as connection:
        player = await service.create_player(
            connection, organisation_id=principal.organisation_id, name=data.name, is_bot=data.is_bot
        )
        audit.target_id = format_id(PLAYER_PREFIX, player.player_id)
    return show_player(player)


@get(_PLAYERS, tags=_TAGS, opt=_PLAYER_READS)
async def list_players(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    name: FromQuery[NameFilter | None] = None,
    is_bot: Annotated[bool | None, QueryParameter(description="Only bots, or only others.")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[PlayerView]:
    """List players.

    Oldest first, without guests.
    """
    query = _player_list.query(cursor, limit)
    async with database.snapshot() as connection:
        if name is not None:
            found = await service.list_players_by_names(
                connection, organisation_id=principal.organisation_id, names=[name]
            )
        else:
            found = await service.list_players(
                connection,
                organisation_id=principal.organisation_id,
                is_bot=is_bot,
                after=query.position,
                limit=query.rows_max,
            )
        ratings = await list_ratings(connection, [each.player_id for each in found])
    return query.page(
        found,
        position_of=lambda each: each.player_id,
        show=lambda each: show_player(each, ratings.get(each.player_id, ())),
    )


@get(_PLAYER, tags=_TAGS, opt=_PLAYER_READS)
async def get_player(
    player_id: FromPath[PlayerId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PlayerView:
    """Show a player.

    With the ratings at all speeds.
    """
    async with database.snapshot() as connection:
        player = await service.get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
        ratings = await list_ratings(connection, [player_id])
    return show_player(player, ratings.get(player_id, ()))


@get(f"{_PLAYER}/ratings", tags=_TAGS, opt=_PLAYER_READS)
async def list_player_ratings(
    *,
    player_id: FromPath[PlayerId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    speed: FromQuery[Speed | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[RatingChangeView]:
    """List how a player's ratings have changed.

    One item for each rated game, latest first.
    """
    query = _change_list.query(cursor, limit)
    async with database.snapshot() as connection:
        await service.get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
        found = await list_rating_changes(
            connection, player_id, speed=speed, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.at, show=show_rating_change)


@post(_TOKENS, tags=_TAGS, status_code=201, responses=problem_responses(409))
async def create_player_token(
    *,
    player_id: FromPath[PlayerId],
    data: FromBody[CreatePlayerToken],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> CreatedPlayerTokenView:
    """Create a token that plays for a player.

    Only this response has its text. Clients and bots of Lichess send it as `Authorization: Bearer lip_…`. It is allowed
    what the player is in chess, and nothing else. Only the person creates tokens for a person's own player.
    """
    async with database.transaction() as connection:
        player = await service.get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
        created = await service.create_player_token(
            connection,
            player,
            principal=principal,
            name=data.name,
            expires_in=None if data.expires_in_s is None else timedelta(seconds=data.expires_in_s),
        )
        audit.target_id = format_id(service.PLAYER_TOKEN.id_prefix, created.credential_id)
    return show_created_player_token(created)


@get(_TOKENS, tags=_TAGS)
async def list_player_tokens(
    player_id: FromPath[PlayerId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PlayerTokenList:
    """List the tokens of a player.

    Oldest first, without their texts.
    """
    async with database.snapshot() as connection:
        player = await service.get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
        found = await service.list_player_tokens(connection, player)
    return PlayerTokenList(items=[show_player_token(each) for each in found])


@delete(f"{_TOKENS}/{{token_id:str}}", tags=_TAGS)
async def revoke_player_token(
    player_id: FromPath[PlayerId],
    token_id: FromPath[PlayerTokenId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke a token of a player.

    From the next request on it is refused. This can't be undone.
    """
    async with database.transaction() as connection:
        player = await service.get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
        await service.revoke_player_token(connection, player, credential_id=token_id)


PLAYER_ROUTES: Final[list[HTTPRouteHandler]] = [
    get_own_player,
    create_player,
    list_players,
    get_player,
    list_player_ratings,
    create_player_token,
    list_player_tokens,
    revoke_player_token,
]
