"""The surfaces of Lichess's API.

`/api/v1` is Ninefold's own, as the longer path. `/api/token/test` needs no token. Everything else does, also what
Lichess shows to everybody: players and games belong to the organisation of the token.
"""

from collections.abc import Sequence

from ninefold.core.system import ServerContext
from ninefold.core.web.authentication import bearer_authentication
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.chess.lichess.errors import show_lichess_error
from ninefold.systems.chess.lichess.routes.account import ACCOUNT_ROUTES, TOKEN_ROUTES
from ninefold.systems.chess.lichess.routes.challenges import challenge_routes
from ninefold.systems.chess.lichess.routes.engine import engine_routes
from ninefold.systems.chess.lichess.routes.exports import export_routes, game_export_routes
from ninefold.systems.chess.lichess.routes.play import play_routes
from ninefold.systems.chess.lichess.routes.streams import stream_routes
from ninefold.systems.chess.lichess.routes.users import USER_ROUTES
from ninefold.systems.chess.service.players import PLAYER_TOKEN
from ninefold.systems.chess.settings import ChessSettings


def lichess_surfaces(context: ServerContext[ChessSettings]) -> Sequence[Surface]:
    """Return the surfaces."""
    assert context.hub is not None, "the server has it for surfaces"
    database, notifier, hub = context.database, context.notifier, context.hub
    authenticate = bearer_authentication(database, kinds=[PLAYER_TOKEN])
    return [
        Surface(
            path="/api",
            routes=[
                *ACCOUNT_ROUTES,
                *USER_ROUTES,
                *challenge_routes(database, notifier, hub, context.settings),
                *engine_routes(database, notifier, context.settings),
                *play_routes(database, notifier, hub),
                *stream_routes(database, notifier, hub, context.settings),
                *export_routes(database, hub),
            ],
            authenticate=authenticate,
            request_class=RawRequest,
            show_error=show_lichess_error,
        ),
        Surface(path="/api/token", routes=TOKEN_ROUTES, request_class=RawRequest, show_error=show_lichess_error),
        Surface(
            path="/game/export",
            routes=game_export_routes(database),
            authenticate=authenticate,
            request_class=RawRequest,
            show_error=show_lichess_error,
        ),
    ]
