"""`/api/challenge/ai`: games against the engine."""

from datetime import UTC, datetime

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.lichess.bodies import read_fields
from ninefold.systems.chess.lichess.callers import find_caller
from ninefold.systems.chess.lichess.objects.games import show_engine_game
from ninefold.systems.chess.lichess.requests import EngineRequest
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.engine import require_program, start_engine_game
from ninefold.systems.chess.settings import ChessSettings


def engine_routes(database: Database, notifier: Notifier, settings: ChessSettings) -> list[ControllerRouterHandler]:
    """Return the route."""

    @post("/api/challenge/ai", status_code=201)
    async def challenge_engine(request: RawRequest, principal: NamedDependency[Principal]) -> Response[bytes]:
        """Start a game against the engine."""
        new = await read_fields(request, EngineRequest)
        require_program(settings)
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            game = await start_engine_game(
                connection,
                player=player,
                level=new.level,
                terms=new.terms,
                now=datetime.now(UTC),
                running_max=settings.running_max,
            )
        notify_game(notifier, game)
        shown = show_engine_game(game, player)
        return Response(msgspec.json.encode(shown), media_type="application/json", status_code=201)

    return [challenge_engine]
