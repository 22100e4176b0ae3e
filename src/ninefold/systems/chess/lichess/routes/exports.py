"""`/game/export/…`, `/api/games/…` and `/api/user/…/current-game`: games as PGN or JSON."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.live import Hub
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.errors import GameNotFoundError
from ninefold.systems.chess.lichess.bodies import read_list, read_query
from ninefold.systems.chess.lichess.lines import line
from ninefold.systems.chess.lichess.objects.exports import ExportOptions, show_export
from ninefold.systems.chess.lichess.pgn import PgnOptions, write_pgn
from ninefold.systems.chess.lichess.reading import (
    GameFilter,
    find_game,
    find_user,
    games_of,
    read_shown,
)
from ninefold.systems.chess.lichess.routes.account import site_url
from ninefold.systems.chess.lichess.streaming import LineStream
from ninefold.systems.chess.model import Colour, Game, Speed

GAMES_MAX: Final = 300
"""Games that can be exported by their ids at once."""

GAMES_PER_READ: Final = 20

_PGN: Final = "application/x-chess-pgn"
_JSON: Final = "application/json"
_NDJSON: Final = "application/x-ndjson"


class UserGamesQuery(ExportOptions, frozen=True, kw_only=True, rename="camel"):
    """Which games of a user, and what the export has."""

    since: int | None = None
    """Milliseconds since 1970."""
    until: int | None = None
    max: Annotated[int, msgspec.Meta(ge=1)] | None = None
    vs: str | None = None
    rated: bool | None = None
    perf_type: str | None = None
    color: Colour | None = None
    ongoing: bool = False
    finished: bool = True
    sort: Literal["dateDesc"] = "dateDesc"
    """The only order there is."""


class Export:
    """Exports games in the form that a request asks for.

    Args:
        request: the request, with its `Accept` header.
        options: what an export has.
        clocks_default: whether it has clocks if the request doesn't say.
    """

    def __init__(self, request: RawRequest, options: ExportOptions, *, clocks_default: bool) -> None:
        clocks = clocks_default if options.clocks is None else options.clocks
        self._options: Final = msgspec.structs.replace(options, clocks=clocks)
        self._site_url: Final = site_url(request)
        accepted = request.headers.get("accept", "")
        self.is_pgn: Final = _JSON not in accepted and _NDJSON not in accepted

    async def text_of(self, connection: Connection, game: Game) -> bytes:
        """Return a game, as PGN or as a line of JSON."""
        seats, moves = await read_shown(connection, game)
        options = self._options
        pgn_options = PgnOptions(moves=options.moves, tags=options.tags, clocks=bool(options.clocks))
        if self.is_pgn:
            return write_pgn(game, seats, moves, site_url=self._site_url, options=pgn_options).encode()
        pgn = None
        if options.pgn_in_json:
            pgn = write_pgn(game, seats, moves, site_url=self._site_url, options=pgn_options)
        return line(show_export(game, seats, moves, options=options, pgn=pgn))

    async def response_of(self, connection: Connection, game: Game) -> Response[bytes]:
        """Return the response with one game."""
        return Response(await self.text_of(connection, game), media_type=_PGN if self.is_pgn else _JSON)


def export_routes(database: Database, hub: Hub) -> list[ControllerRouterHandler]:
    """Return the routes of exports below `/api`."""

    @get("/api/games/user/{username:str}")
    async def export_user_games(
        request: RawRequest, username: FromPath[str], principal: NamedDependency[Principal]
    ) -> ASGIApp:
        """Export the games of a user, one after the other."""
        query = read_query(request, UserGamesQuery)
        export = Export(request, query, clocks_default=False)
        async with database.snapshot() as connection:
            player = await find_user(connection, principal, username)
            opponent = None if query.vs is None else await find_user(connection, principal, query.vs)
        wanted = GameFilter(
            player_id=player.player_id,
            opponent_id=None if opponent is None else opponent.player_id,
            since=_moment(query.since),
            until=_moment(query.until),
            is_rated=query.rated,
            speeds=_speeds(query.perf_type),
            colour=query.color,
            has_ongoing=query.ongoing,
            has_ended=query.finished,
        )
        return LineStream(
            hub,
            _games(database, principal, wanted, export, count_max=query.max),
            principal=principal,
            media_type=_PGN if export.is_pgn else _NDJSON,
            has_keep_alive=False,
        )

    @post("/api/games/export/_ids", status_code=200)
    async def export_games(request: RawRequest, principal: NamedDependency[Principal]) -> Response[bytes]:
        """Export games by their ids; those that don't exist are left out."""
        export = Export(request, read_query(request, ExportOptions), clocks_default=False)
        texts = []
        for game_id in await read_list(request, items_max=GAMES_MAX, what="ids"):
            async with database.snapshot() as connection:
                try:
                    texts.append(
                        await export.text_of(
                            connection, await find_game(connection, principal.organisation_id, game_id)
                        )
                    )
                except GameNotFoundError:
                    continue
        return Response(b"".join(texts), media_type=_PGN if export.is_pgn else _NDJSON)

    @get("/api/user/{username:str}/current-game")
    async def export_current_game(
        request: RawRequest, username: FromPath[str], principal: NamedDependency[Principal]
    ) -> Response[bytes]:
        """Export the game that a user has begun last."""
        export = Export(request, read_query(request, ExportOptions), clocks_default=True)
        async with database.snapshot() as connection:
            player = await find_user(connection, principal, username)
            wanted = GameFilter(player_id=player.player_id, has_ongoing=True)
            async for game in games_of(connection, principal.organisation_id, wanted, before=None):
                return await export.response_of(connection, game)
        raise GameNotFoundError(f"{player.name} has played no game.")

    return [export_user_games, export_games, export_current_game]


def game_export_routes(database: Database) -> list[ControllerRouterHandler]:
    """Return the route below `/game/export`."""

    @get("/game/export/{game_id:str}")
    async def export_game(
        request: RawRequest, game_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Response[bytes]:
        """Export one game."""
        export = Export(request, read_query(request, ExportOptions), clocks_default=True)
        async with database.snapshot() as connection:
            return await export.response_of(connection, await find_game(connection, principal.organisation_id, game_id))

    return [export_game]


async def _games(
    database: Database, principal: Principal, wanted: GameFilter, export: Export, *, count_max: int | None
) -> AsyncGenerator[bytes, None]:
    """Yield games, latest first, a few with each connection, until there are no more."""
    before: UUID | None = None
    count = 0
    while count_max is None or count < count_max:
        texts = []
        async with database.snapshot() as connection:
            async for game in games_of(connection, principal.organisation_id, wanted, before=before):
                texts.append(await export.text_of(connection, game))
                before = game.game_id
                if len(texts) >= GAMES_PER_READ or count + len(texts) == count_max:
                    break
        if texts:
            yield b"".join(texts)
        count += len(texts)
        if len(texts) < GAMES_PER_READ:
            return


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1_000, UTC)


def _speeds(perf_type: str | None) -> frozenset[Speed] | None:
    """Return the speeds of a list; variants, which aren't here, have no games."""
    if perf_type is None:
        return None
    known = {speed.value: speed for speed in Speed}
    return frozenset(known[word] for word in perf_type.split(",") if word in known)
