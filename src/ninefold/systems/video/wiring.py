"""The definition of the system: everything that the composition root needs for video."""

from typing import Final

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import System
from ninefold.systems.video.settings import VideoSettings, read_video_settings

SYSTEM: Final[System[VideoSettings]] = System(
    name="video",
    migrations=MigrationSource(namespace="video", package="ninefold.systems.video"),
    read_settings=read_video_settings,
)
