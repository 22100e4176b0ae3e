"""An upload: how far the bytes of a title have come."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

UPLOAD_PREFIX: Final = "vup"
"""The prefix of an upload's id as text."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.upload`, with the same names."""

    upload_id: UUID
    organisation_id: UUID
    title_id: UUID
    length: int
    last_offset: int
    """How many bytes are committed, from the first one on."""
    metadata: str
    """As the client has sent it: tus' `Upload-Metadata`."""
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None
    closed_at: datetime | None
    writer_id: UUID | None
    writer_seen_at: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are there."""
        return self.completed_at is not None


class SourcePart(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of an upload that one blob has."""

    first_byte: int
    size_bytes: int
    blob_id: UUID

    @property
    def end(self) -> int:
        """The byte after the last one."""
        return self.first_byte + self.size_bytes


class SourceProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the source of a title has come."""

    title_id: UUID
    organisation_id: UUID
    length: int
    last_offset: int
    is_complete: bool
    is_ended: bool
    """Whether no more will come: the upload was terminated or has expired, or the title has failed or was canceled."""
