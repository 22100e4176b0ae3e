"""`/api/stream/event`, `/api/board/seek` and `/api/account/playing`: how a player's games begin."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.ids import format_id
from ninefold.core.live import Follower, Hub
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.errors import SeekNotFoundError
from ninefold.systems.chess.lichess.bodies import read_fields, read_query
from ninefold.systems.chess.lichess.callers import find_caller, require_person
from ninefold.systems.chess.lichess.lines import event_lines
from ninefold.systems.chess.lichess.objects.games import GameInfo, show_game_info
from ninefold.systems.chess.lichess.presence import StreamPresence
from ninefold.systems.chess.lichess.reading import list_running
from ninefold.systems.chess.lichess.requests import SeekRequest
from ninefold.systems.chess.lichess.routes.account import site_url
from ninefold.systems.chess.lichess.streaming import LineStream
from ninefold.systems.chess.model import SEEK_PREFIX, Game, Player, Seek, Terms
from ninefold.systems.chess.service import seeks as service
from ninefold.systems.chess.service.channels import notify_game, player_channel
from ninefold.systems.chess.service.meetings import notify_lobby
from ninefold.systems.chess.settings import ChessSettings

PLAYING_MAX: Final = 50
KEEP_INTERVAL_S: Final = 5.0
"""How often a seek is kept while its client listens; a server that was killed doesn't, so the seek ends."""


class PlayingQuery(msgspec.Struct, frozen=True):
    """How many games."""

    nb: Annotated[int, msgspec.Meta(ge=1, le=PLAYING_MAX)] = 9


class NowPlaying(msgspec.Struct, frozen=True, rename="camel"):
    """The games that the caller plays."""

    now_playing: list[GameInfo]
    nb_my_turn: int


class SeekId(msgspec.Struct, frozen=True):
    """A seek that lasts longer than its response."""

    id: str


def stream_routes(
    database: Database, notifier: Notifier, hub: Hub, settings: ChessSettings
) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @get("/api/stream/event")
    async def stream_events(request: RawRequest, principal: NamedDependency[Principal]) -> ASGIApp:
        """Stream what happens to the caller."""
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
        lines = event_lines(database, hub, player, site_url=site_url(request))
        presence = StreamPresence(database, notifier, player)
        return LineStream(hub, lines, principal=principal, presence=presence)

    @get("/api/account/playing")
    async def list_now_playing(request: RawRequest, principal: NamedDependency[Principal]) -> NowPlaying:
        """Show the games that the caller plays, the most urgent first."""
        query = read_query(request, PlayingQuery)
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            running = await list_running(connection, player)
        at = datetime.now(UTC)
        shown = [
            show_game_info(game, seats, game.colour_of(player.player_id) or "white", at=at) for game, seats in running
        ]
        return NowPlaying(shown[: query.nb], sum(each.is_my_turn for each in shown))

    @post("/api/board/seek", status_code=200)
    async def seek_game(request: RawRequest, principal: NamedDependency[Principal]) -> ASGIApp:
        """Look for a game. With a clock, the response goes on until somebody has accepted."""
        wanted = await read_fields(request, SeekRequest)
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            require_person(player)
            found = await service.create_seek(
                connection,
                player=player,
                terms=Terms(time_control=wanted.time_control, is_rated=wanted.rated, colour=wanted.color),
                rating_min=wanted.rating_limits[0],
                rating_max=wanted.rating_limits[1],
                now=datetime.now(UTC),
                running_max=settings.running_max,
            )
        if isinstance(found, Game):
            notify_game(notifier, found)
        notify_lobby(notifier, player.organisation_id)
        if wanted.is_real_time:
            seek = found if isinstance(found, Seek) else None
            lines = _seek_lines(database, notifier, hub, player, seek)
            presence = StreamPresence(database, notifier, player)
            return LineStream(hub, lines, principal=principal, presence=presence)
        shown = SeekId(found.short_id if isinstance(found, Game) else format_id(SEEK_PREFIX, found.seek_id))
        response = Response(msgspec.json.encode(shown), media_type="application/json")
        return response.to_asgi_response(app=None, request=request)

    return [stream_events, list_now_playing, seek_game]


async def _seek_lines(
    database: Database, notifier: Notifier, hub: Hub, player: Player, seek: Seek | None
) -> AsyncGenerator[bytes, None]:
    """Yield empty lines until somebody has accepted a seek; if the client goes before, it ends."""
    if seek is None:
        return
    try:
        async with Follower(hub) as follower:
            await follower.open(player_channel(player.player_id))
            while await _keep(database, seek):
                yield b"\n"
                await _next_or_later(follower)
    finally:
        await _end(database, notifier, player, seek)


async def _keep(database: Database, seek: Seek) -> bool:
    """Keep a seek open; return whether it still is."""
    async with database.transaction() as connection:
        now = datetime.now(UTC)
        await service.extend_seek(connection, seek=seek, now=now)
        found = await service.list_seeks(connection, organisation_id=seek.organisation_id, now=now)
    return any(each.seek_id == seek.seek_id for each in found)


async def _end(database: Database, notifier: Notifier, player: Player, seek: Seek) -> None:
    with suppress(SeekNotFoundError):
        async with database.transaction() as connection:
            await service.cancel_seek(
                connection, organisation_id=player.organisation_id, player=player, seek_id=seek.seek_id
            )
        notify_lobby(notifier, player.organisation_id)


async def _next_or_later(follower: Follower) -> None:
    """Wait until something happens to the player, or until the seek has to be kept."""
    with suppress(TimeoutError):
        async with asyncio.timeout(KEEP_INTERVAL_S):
            await follower.next()
