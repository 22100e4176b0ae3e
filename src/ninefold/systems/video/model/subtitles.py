"""Text of a title for a language."""

from datetime import datetime

import msgspec


class Subtitle(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.subtitle`, without its text if it is listed."""

    language: str
    label: str
    updated_at: datetime
    webvtt: str = ""
