"""The routes for who manages titles, and what they are given."""

from litestar import Router
from litestar.di import Provide

from ninefold.core.clock import SystemClock
from ninefold.core.system import ServerContext
from ninefold.systems.video.routes.subtitles import SUBTITLE_ROUTES
from ninefold.systems.video.routes.titles import TITLE_ROUTES, TitleShower
from ninefold.systems.video.service.tokens import PlaySigner
from ninefold.systems.video.settings import VideoSettings


def title_routes(context: ServerContext[VideoSettings]) -> Router:
    """Return the routes for titles and their subtitles."""
    clock = SystemClock()
    shower = TitleShower(
        signer=PlaySigner(context.sealer),
        site=context.site,
        lifetime_s=context.settings.play_token_lifetime_s,
        clock=clock,
    )
    return Router(
        path="/",
        route_handlers=[*TITLE_ROUTES, *SUBTITLE_ROUTES],
        dependencies={
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "notifier": Provide(lambda: context.notifier, sync_to_thread=False),
            "title_shower": Provide(lambda: shower, sync_to_thread=False),
        },
    )
