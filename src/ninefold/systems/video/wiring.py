"""The definition of the system: everything that the composition root needs for video."""

from collections.abc import Sequence
from typing import Final

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import ServerContext, System
from ninefold.core.web.surfaces import Surface
from ninefold.systems.video.delivery.surface import stream_surface
from ninefold.systems.video.settings import VideoSettings, read_video_settings


def _surfaces(context: ServerContext[VideoSettings]) -> Sequence[Surface]:
    return [stream_surface(context)]


SYSTEM: Final[System[VideoSettings]] = System(
    name="video",
    migrations=MigrationSource(namespace="video", package="ninefold.systems.video"),
    read_settings=read_video_settings,
    surfaces=_surfaces,
)
