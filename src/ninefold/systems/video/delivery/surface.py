"""The surface of what players load."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response

from ninefold.core.errors import NinefoldError
from ninefold.core.system import ServerContext
from ninefold.core.web.problems import show_problem
from ninefold.core.web.surfaces import Surface
from ninefold.systems.video.delivery.application import StreamApplication
from ninefold.systems.video.delivery.beacons import BeaconTaker
from ninefold.systems.video.delivery.responses import CORS
from ninefold.systems.video.service.tokens import STREAM_PATH, PlaySigner
from ninefold.systems.video.settings import VideoSettings


def stream_surface(context: ServerContext[VideoSettings]) -> Surface:
    """Return the surface."""
    application = StreamApplication(
        context.database,
        context.blobs,
        context.notifier,
        PlaySigner(context.sealer),
        hot_set_bytes_max=context.settings.hot_set_bytes_max,
        take_beacons=BeaconTaker(context.database, now=lambda: datetime.now(UTC)),
    )
    return Surface(
        path=STREAM_PATH, application=application, from_memory=application.hot_responses, show_error=_show_error
    )


def _show_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return a problem that players of other sites can read too: they decide by its status what to do."""
    response = show_problem(request, error)
    for name, value in CORS:
        response.headers[name.decode()] = value.decode()
    return response
