"""The routes for viewers, and what they are given."""

from collections.abc import Sequence
from datetime import UTC, datetime

from litestar import Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from ninefold.core.system import ServerContext
from ninefold.systems.video.routes.cards import CardShower
from ninefold.systems.video.routes.profiles import PROFILE_ROUTES
from ninefold.systems.video.routes.watching import WATCHING_ROUTES
from ninefold.systems.video.settings import VideoSettings


def viewing_routes(context: ServerContext[VideoSettings]) -> Router:
    """Return the routes for profiles, for what they watch, and for what is known of it."""
    del context

    def provide_card_shower() -> CardShower:
        return CardShower(now=datetime.now(UTC))

    routes: Sequence[HTTPRouteHandler] = [*PROFILE_ROUTES, *WATCHING_ROUTES]
    return Router(
        path="/",
        route_handlers=routes,
        dependencies={"card_shower": Provide(provide_card_shower, sync_to_thread=False)},
    )
