"""Files that members share in messages."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

FILE_PREFIX: Final = "file"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a member has uploaded."""

    file_id: UUID
    organisation_id: UUID
    slack_id: str
    """The id in Slack's API, `F…`."""
    member_id: UUID
    """Who has uploaded it."""
    name: str
    """Empty if it was deleted."""
    title: str
    media_type: str
    size_bytes: int
    """Without a blob: how large the upload may be."""
    width: int | None
    """Of an image, in pixels."""
    height: int | None
    blob_id: UUID | None
    """None until it is uploaded, and after it was deleted."""
    created_at: datetime
    kept_at: datetime | None
    """When it was first shared, or its upload completed by Slack's API. Without it, it is deleted after a while."""
    deleted_at: datetime | None

    @property
    def is_image(self) -> bool:
        """Whether it is an image that browsers show."""
        return self.width is not None


class FileShare(msgspec.Struct, frozen=True, kw_only=True):
    """That a file is in a message."""

    file_id: UUID
    channel_id: UUID
    sequence: int
    ts_us: int
    thread_sequence: int | None


class UploadedContent(msgspec.Struct, frozen=True, kw_only=True):
    """What was uploaded, and is a blob already that no file names yet."""

    blob_id: UUID
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
