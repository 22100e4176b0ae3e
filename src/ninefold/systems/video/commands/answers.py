"""What commands read of the API's answers."""

from datetime import datetime

import msgspec


class UploadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is."""

    upload_id: str
    bytes_received: int
    bytes_total: int


class RungAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One quality of a title, or its sound."""

    name: str
    kind: str
    width: int | None
    height: int | None
    bitrate_max: int
    bitrate_mean: int | None
    codecs: str | None
    vmaf: float | None
    segments_ready: int
    ready_until_s: float


class TitleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A title, and how far it is."""

    title_id: str
    name: str
    status: str
    why: str | None
    warnings: list[str] = []
    maturity: int
    tags: list[str]
    duration_s: float | None
    width: int | None
    height: int | None
    upload: UploadAnswer | None
    chunks_ready: int
    chunks_total: int
    eta_s: float | None
    rungs: list[RungAnswer]
    hls_url: str | None
    dash_url: str | None
    created_at: datetime
    playable_at: datetime | None
    ended_at: datetime | None
