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
    warnings: list[str]
    """What people should know about it once it is ready."""
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
    deleted_at: datetime | None

    @property
    def is_ended(self) -> bool:
        """Whether its status is final."""
        return self.ended_at is not None


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe has found in a source. None is what it doesn't know yet."""

    source: dict[str, Any]
    """Container, codecs and streams, for people and for the encoder; and whether it is damaged. JSON."""
    is_streamable: bool | None = None
    duration_us: int | None = None
    width: int | None = None
    height: int | None = None


class TitleFields(msgspec.Struct, frozen=True, kw_only=True):
    """What people say about a title. None leaves it as it is."""

    name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    maturity: int | None = None
