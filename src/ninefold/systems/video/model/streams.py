"""What is read of a title to send it to players."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.systems.video.model.titles import TitleStatus


class StreamedTitle(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a title that its manifests need."""

    title_id: UUID
    organisation_id: UUID
    status: TitleStatus
    why: str | None
    duration_us: int | None
    poster_blob_id: UUID | None
    created_at: datetime
    playable_at: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether nothing will be added to it."""
        return self.status in {TitleStatus.READY, TitleStatus.FAILED}


class BlobPart(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a file are."""

    blob_id: UUID
    first_byte: int
    size_bytes: int | None
    """None for all that follow."""
