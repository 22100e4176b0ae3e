"""The routes for viewers, and what they are given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Request, Router
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler

from ninefold.core.system import ServerContext
from ninefold.core.tenancy.model import Principal
from ninefold.systems.video.routes.cards import CardShower
from ninefold.systems.video.routes.play_wire import PlayAddresses
from ninefold.systems.video.routes.plays import PLAY_ROUTES
from ninefold.systems.video.routes.profiles import PROFILE_ROUTES
from ninefold.systems.video.routes.recommendations import RECOMMENDATION_ROUTES
from ninefold.systems.video.routes.watching import WATCHING_ROUTES
from ninefold.systems.video.service.posters import PosterUrls
from ninefold.systems.video.service.recommendations import Models
from ninefold.systems.video.service.tokens import PlaySigner
from ninefold.systems.video.settings import VideoSettings


def viewing_routes(context: ServerContext[VideoSettings]) -> Router:
    """Return the routes for profiles, for what they watch, and for what is known of it."""
    signer = PlaySigner(context.sealer)
    models = Models()

    def provide_models() -> Models:
        return models

    # Litestar types the state and the user of a request as Any.
    def provide_card_shower(request: Request[Any, Any, Any], principal: NamedDependency[Principal]) -> CardShower:
        now = datetime.now(UTC)
        posters = PosterUrls(
            signer=signer,
            organisation_id=principal.organisation_id,
            base_url=context.site.base_url(request),
            now=now,
            lifetime_s=context.settings.play_token_lifetime_s,
        )
        return CardShower(posters=posters, now=now)

    def provide_play_addresses(request: Request[Any, Any, Any]) -> PlayAddresses:
        return PlayAddresses(
            signer=signer,
            base_url=context.site.base_url(request),
            lifetime_s=context.settings.play_token_lifetime_s,
        )

    routes: Sequence[HTTPRouteHandler] = [*PROFILE_ROUTES, *WATCHING_ROUTES, *PLAY_ROUTES, *RECOMMENDATION_ROUTES]
    return Router(
        path="/",
        route_handlers=routes,
        dependencies={
            "card_shower": Provide(provide_card_shower, sync_to_thread=False),
            "models": Provide(provide_models, sync_to_thread=False),
            "play_addresses": Provide(provide_play_addresses, sync_to_thread=False),
        },
    )
