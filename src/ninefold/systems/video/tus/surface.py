"""The surface of tus, and how it shows errors."""

from typing import Any

from litestar import Request, Response, Router
from litestar.di import Provide

from ninefold.core.clock import SystemClock
from ninefold.core.errors import NinefoldError
from ninefold.core.system import ServerContext
from ninefold.core.web.api_authentication import api_authentication
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.problems import show_problem
from ninefold.core.web.surfaces import Surface
from ninefold.systems.video.errors import UploadVersionError
from ninefold.systems.video.service.appending import Appender
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.tus.bodies import BodyReceiver
from ninefold.systems.video.tus.headers import RESUMABLE, UPLOADS_PATH, VERSION
from ninefold.systems.video.tus.routes import UPLOAD_ROUTES


def tus_surface(context: ServerContext[VideoSettings]) -> Surface:
    """Return the surface."""
    clock = SystemClock()
    appender = Appender(
        context.database,
        context.blobs,
        context.notifier,
        context.settings,
        clock=clock,
        stopping=context.stopping,
    )
    receiver = BodyReceiver(appender, at_once_max=context.settings.uploads_at_once_max)
    dependencies = {
        "clock": Provide(lambda: clock, sync_to_thread=False),
        "notifier": Provide(lambda: context.notifier, sync_to_thread=False),
        "receiver": Provide(lambda: receiver, sync_to_thread=False),
        "video_settings": Provide(lambda: context.settings, sync_to_thread=False),
    }
    return Surface(
        path=UPLOADS_PATH,
        routes=[Router(path="/", route_handlers=UPLOAD_ROUTES, dependencies=dependencies)],
        authenticate=api_authentication(context.database, context.site),
        request_class=RawRequest,
        show_error=show_tus_error,
        has_own_methods=True,
    )


def show_tus_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the answer for an error: a problem, as everywhere in our API, with the headers of tus."""
    response = show_problem(request, error)
    response.headers.update(RESUMABLE)
    if isinstance(error, UploadVersionError):
        response.headers["Tus-Version"] = VERSION
    if request.method == "HEAD":
        response.content = None
    return response
