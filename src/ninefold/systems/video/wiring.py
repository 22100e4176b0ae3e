"""The definition of the system: everything that the composition root needs for video."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import ServerContext, System
from ninefold.systems.video.routes.viewing import viewing_routes
from ninefold.systems.video.settings import VideoSettings, read_video_settings


def _routes(context: ServerContext[VideoSettings]) -> Sequence[ControllerRouterHandler]:
    return [viewing_routes(context)]


SYSTEM: Final[System[VideoSettings]] = System(
    name="video",
    migrations=MigrationSource(namespace="video", package="ninefold.systems.video"),
    read_settings=read_video_settings,
    routes=_routes,
)
