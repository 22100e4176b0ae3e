"""How far a title is."""

from typing import Literal

import msgspec

from ninefold.systems.video.model.titles import Title
from ninefold.systems.video.model.uploads import Upload


class RungProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A quality of a title, or its sound, and how far it is."""

    name: str
    kind: Literal["video", "audio"]
    width: int | None
    height: int | None
    bitrate_max: int
    bitrate_mean: int | None
    codecs: str | None
    vmaf: float | None
    segments_ready: int
    ready_until_s: float
    """Until when it has all segments."""


class EncodingCount(msgspec.Struct, frozen=True, kw_only=True):
    """The chunks of a title, each counted once for each rung."""

    ready: int
    total: int


class TitleProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A title with all that says how far it is."""

    title: Title
    upload: Upload | None
    rungs: list[RungProgress]
    chunks: EncodingCount
    eta_s: float | None = None
