"""A title: a film, and how far it is."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

TITLE_PREFIX: Final = "vtl"
"""The prefix of a title's id as text."""


class TitleStatus(StrEnum):
    """How far a title is. The last three are final."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    CANCELED = "canceled"


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.title`, with the same names."""

    title_id: UUID
    organisation_id: UUID
    name: str
    description: str
    tags: list[str]
    maturity: int
    status: TitleStatus
    why: str | None
    source: dict[str, Any] | None
    is_streamable: bool | None
    duration_us: int | None
    width: int | None
    height: int | None
    poster_blob_id: UUID | None
    created_at: datetime
    first_bytes_at: datetime | None
    uploaded_at: datetime | None
    playable_at: datetime | None
    ended_at: datetime | None
