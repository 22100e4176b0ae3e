"""`/api/user…`, `/api/users…`, `/api/bot/online` and `/api/bot/account/upgrade`: players as users."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.lichess.bodies import read_list, read_query, split_list
from ninefold.systems.chess.lichess.callers import find_caller
from ninefold.systems.chess.lichess.lines import line
from ninefold.systems.chess.lichess.objects.users import User, UserStatus, show_user, show_user_status
from ninefold.systems.chess.lichess.objects.words import NAMES, user_id
from ninefold.systems.chess.lichess.reading import find_user, list_playing
from ninefold.systems.chess.lichess.routes.account import Ok, site_url
from ninefold.systems.chess.lichess.streaming import NDJSON
from ninefold.systems.chess.model import Player, Speed
from ninefold.systems.chess.service.players import NAMES_MAX, list_players, list_players_by_names, make_bot
from ninefold.systems.chess.service.ratings import list_rating_changes, list_ratings

STATUSES_MAX: Final = 100
BOTS_MAX: Final = 512
HISTORY_MAX: Final = 10_000

ONLINE_FOR: Final = timedelta(minutes=2)
"""How long a player counts as online after the last sign."""


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose status, and what it has."""

    ids: str = ""
    with_game_ids: bool = False


class OnlineQuery(msgspec.Struct, frozen=True):
    """How many bots."""

    nb: Annotated[int, msgspec.Meta(ge=1, le=BOTS_MAX)] = 100


class RatingHistory(msgspec.Struct, frozen=True):
    """How a rating has changed: at most one point a day, `[year, month from 0, day, rating]`."""

    name: str
    points: list[tuple[int, int, int, int]]


@get("/api/user/{username:str}")
async def get_user(
    request: RawRequest,
    username: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> User:
    """Show a user."""
    async with database.snapshot() as connection:
        player = await find_user(connection, principal, username)
        ratings = await list_ratings(connection, [player.player_id])
        playing = await list_playing(connection, [player])
    return show_user(
        player,
        ratings.get(player.player_id, ()),
        site_url=site_url(request),
        playing=playing.get(player.player_id),
    )


@get("/api/user/{username:str}/rating-history")
async def get_rating_history(
    username: FromPath[str], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> list[RatingHistory]:
    """Show how the ratings of a user have changed."""
    async with database.snapshot() as connection:
        player = await find_user(connection, principal, username)
        changes = await list_rating_changes(connection, player.player_id, speed=None, before=None, limit=HISTORY_MAX)
    days: dict[Speed, dict[tuple[int, int, int], int]] = {speed: {} for speed in Speed}
    for change in reversed(changes):
        days[change.speed][change.at.year, change.at.month - 1, change.at.day] = round(change.rating)
    return [
        RatingHistory(NAMES[speed], [(*day, rating) for day, rating in points.items()])
        for speed, points in days.items()
    ]


@post("/api/users", status_code=200)
async def list_users(
    request: RawRequest, principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> list[User]:
    """Show users by their ids, in this order; those that don't exist are left out."""
    ids = [text.lower() for text in await read_list(request, items_max=NAMES_MAX, what="ids")]
    async with database.snapshot() as connection:
        found = await list_players_by_names(connection, organisation_id=principal.organisation_id, names=ids)
        ratings = await list_ratings(connection, [each.player_id for each in found])
    return [
        show_user(player, ratings.get(player.player_id, ()), site_url=site_url(request))
        for player in _in_order(found, ids)
    ]


@get("/api/users/status")
async def list_statuses(
    request: RawRequest, principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> list[UserStatus]:
    """Show what users do now."""
    query = read_query(request, StatusQuery)
    ids = [text.lower() for text in split_list(query.ids, items_max=STATUSES_MAX, what="ids")]
    async with database.snapshot() as connection:
        found = await list_players_by_names(connection, organisation_id=principal.organisation_id, names=ids)
        playing = await list_playing(connection, found)
    return [
        show_user_status(
            player,
            is_online=is_online(player),
            playing=playing.get(player.player_id),
            has_game_ids=query.with_game_ids,
        )
        for player in _in_order(found, ids)
    ]


@get("/api/bot/online")
async def list_online_bots(
    request: RawRequest, principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[bytes]:
    """Show the bots that are online, a line each."""
    query = read_query(request, OnlineQuery)
    async with database.snapshot() as connection:
        bots = await list_players(
            connection, organisation_id=principal.organisation_id, is_bot=True, after=None, limit=BOTS_MAX
        )
        online = [bot for bot in bots if is_online(bot)][: query.nb]
        ratings = await list_ratings(connection, [each.player_id for each in online])
    shown = [show_user(bot, ratings.get(bot.player_id, ()), site_url=site_url(request)) for bot in online]
    return Response(b"".join(map(line, shown)), media_type=NDJSON)


@post("/api/bot/account/upgrade", status_code=200)
async def upgrade_to_bot(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> Ok:
    """Make the caller a bot, which is only possible before the first game."""
    async with database.transaction() as connection:
        await make_bot(connection, await find_caller(connection, principal))
    return Ok()


def is_online(player: Player) -> bool:
    """Return whether a player has just done something, or has a stream open."""
    return player.seen_at is not None and datetime.now(UTC) - player.seen_at < ONLINE_FOR


def _in_order(players: list[Player], ids: list[str]) -> list[Player]:
    by_id = {user_id(player): player for player in players}
    return [by_id[each] for each in dict.fromkeys(ids) if each in by_id]


USER_ROUTES: Final[list[ControllerRouterHandler]] = [
    get_user,
    get_rating_history,
    list_users,
    list_statuses,
    list_online_bots,
    upgrade_to_bot,
]
