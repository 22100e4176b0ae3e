"""What jobs leave behind: artifacts of runs, caches of repositories, and the contents of both."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

ARTIFACT_PREFIX: Final = "artifact"

WHOLE_BLOCK: Final = "whole"
"""The name of the only block of contents that were uploaded with one request."""


class JobCaller(msgspec.Struct, frozen=True, kw_only=True):
    """A job that runs, as its token shows."""

    job_id: UUID
    organisation_id: UUID
    repository_id: UUID
    run_id: UUID
    attempt: int
    ref: str
    """The branch, tag or pull request of its run."""
    is_from_fork: bool
    default_branch: str
    """Of the repository."""


class ResultState(StrEnum):
    """Whether an artifact or a cache can be used."""

    UPLOADING = "uploading"
    READY = "ready"


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """Contents that a job uploads, or has uploaded."""

    upload_id: UUID
    organisation_id: UUID
    repository_id: UUID
    job_id: UUID
    signing_key: bytes
    bytes_max: int
    created_at: datetime
    committed_at: datetime | None
    size_bytes: int | None
    sha256: bytes | None
    content_type: str

    def __repr__(self) -> str:
        return f"Upload(upload_id={self.upload_id!r})"


class UploadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block of contents."""

    block_name: str
    blob_id: UUID
    size_bytes: int
    starts_at: int | None


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact of a run, with what is known of its contents."""

    artifact_id: UUID
    numeric_id: int
    organisation_id: UUID
    repository_id: UUID
    run_id: UUID
    attempt: int
    job_id: UUID
    name: str
    state: ResultState
    upload_id: UUID
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime
    size_bytes: int | None
    sha256: bytes | None
    content_type: str


class CacheEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A cache of a repository."""

    cache_entry_id: UUID
    numeric_id: int
    organisation_id: UUID
    repository_id: UUID
    scope: str
    key: str
    version: str
    state: ResultState
    upload_id: UUID
    size_bytes: int
    created_at: datetime
    last_used_at: datetime
