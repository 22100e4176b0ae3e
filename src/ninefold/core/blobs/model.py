"""What a blob is, as frozen data, and the limits of all blobs."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

BLOB_PREFIX: Final = "blob"
"""The prefix of a blob's id as text."""

BLOB_BYTES_MAX: Final = 64 * 1024**3
"""The largest blob: 10,000 parts, which is S3's limit, of 8 MiB would be 78 GiB."""

PUT_TIMEOUT_S: Final = 3_600.0
"""How long an upload can take, however slow its source is. The sweep may only remove blobs that are older."""


class BlobState(StrEnum):
    """Whether a row of a system names a blob."""

    PENDING = "pending"
    """No row names it yet: it is being uploaded, or its owner hasn't committed."""
    STORED = "stored"
    """A row names it."""
    DELETED = "deleted"
    """No row will name it any more; the sweep removes its contents and then its row."""


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded blob. Its contents never change."""

    blob_id: UUID
    organisation_id: UUID
    owner: str
    """Whose rows name it: a system and a table, such as `messaging.file`."""
    content_type: str
    """What its uploader says that it is; nothing has checked it."""
    state: BlobState
    size_bytes: int
    sha256: bytes
    """The digest of its contents: 32 bytes."""
    created_at: datetime
    """When its upload began."""


class BlobAddress(msgspec.Struct, frozen=True):
    """What the place of a blob's contents follows from."""

    blob_id: UUID
    organisation_id: UUID


class BlobUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation's blobs take, including those that are being uploaded or removed."""

    size_bytes: int
    blob_count: int
