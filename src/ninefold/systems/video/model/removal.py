"""The payloads and results of the jobs that remove things."""

from uuid import UUID

import msgspec


class RemoveTitle(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the files of a title that was canceled or deleted."""

    title_id: UUID


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were removed."""

    files: int


class Clean(msgspec.Struct, frozen=True, kw_only=True):
    """End uploads that have expired, and remove what isn't kept any more."""


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What was ended and removed."""

    uploads: int
    files: int
