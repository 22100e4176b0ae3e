"""The settings of video."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from ninefold.core.config import read_settings

PREFIX: Final = "NINEFOLD_VIDEO_"


class VideoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of video; prefix `NINEFOLD_VIDEO_`."""

    upload_bytes_max: Annotated[
        int, msgspec.Meta(ge=1_000_000, le=64 * 1024**3, description="The largest upload, in bytes.")
    ] = 20 * 1024**3
    uploads_kept_s: Annotated[
        float,
        msgspec.Meta(
            ge=1, le=90 * 86_400, description="How long an upload that isn't complete is kept after its last bytes."
        ),
    ] = 7 * 86_400.0
    uploads_at_once_max: Annotated[
        int, msgspec.Meta(ge=1, le=1_000, description="Requests that a server takes bytes from at the same time.")
    ] = 32
    sources_kept_s: Annotated[
        float,
        msgspec.Meta(
            ge=0, le=365 * 86_400, description="How long what was uploaded is kept after its title is ready or failed."
        ),
    ] = 86_400.0
    hot_set_bytes_max: Annotated[
        int,
        msgspec.Meta(
            ge=16_000_000, le=1024**4, description="Segments that a server keeps in memory for players, in bytes."
        ),
    ] = 512 * 1024**2
    play_token_lifetime_s: Annotated[
        int, msgspec.Meta(ge=5, le=7 * 86_400, description="Seconds for which the address of a title can be played.")
    ] = 6 * 3_600
    ffmpeg: Annotated[
        str | None,
        msgspec.Meta(description="The path of ffmpeg; by default, the one that comes with the extra `video`."),
    ] = None
    encoders: Annotated[
        int,
        msgspec.Meta(ge=0, le=256, description="Chunks that a worker encodes at once; 0 for its part of the cores."),
    ] = 0
    splitters: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Sources that a worker reads at once, while they are uploaded.")
    ] = 8
    heights: Annotated[
        tuple[Literal[360, 480, 720, 1080], ...],
        msgspec.Meta(min_length=1, description="The qualities to encode, by height: of 360, 480, 720 and 1080."),
    ] = (360, 480, 720, 1080)
    duration_s_max: Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400, description="The longest title, in seconds.")] = (
        12 * 3_600
    )
    plays_kept_s: Annotated[
        int,
        msgspec.Meta(
            ge=86_400,
            le=400 * 86_400,
            description="Seconds that each play is kept; after that, what the plays of a day add up to.",
        ),
    ] = 30 * 86_400


def read_video_settings(environment: Mapping[str, str]) -> VideoSettings:
    """Read the settings of video.

    Raises:
        SettingError: a value is invalid.
    """
    return read_settings(VideoSettings, prefix=PREFIX, environment=environment)
