"""The messages of the results services, as Twirp's JSON has them: names with underscores, 64-bit numbers as texts."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

import msgspec

NUMBER_MAX: Final = 2**63 - 1

Number: TypeAlias = int | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]
"""A 64-bit number, as a number or as a text."""


class OfRun(msgspec.Struct, frozen=True, kw_only=True):
    """What each request for artifacts has."""

    workflow_run_backend_id: str
    workflow_job_run_backend_id: str = ""


class CreateArtifact(OfRun, frozen=True, kw_only=True):
    """Begin an artifact."""

    name: str
    expires_at: datetime | None = None
    version: int = 0
    mime_type: str | None = None


class FinalizeArtifact(OfRun, frozen=True, kw_only=True):
    """End an artifact."""

    name: str
    size: Number = 0
    hash: str | None = None


class ListArtifacts(OfRun, frozen=True, kw_only=True):
    """List the artifacts of a run."""

    name_filter: str | None = None
    id_filter: Number | None = None


class NameArtifact(OfRun, frozen=True, kw_only=True):
    """Name an artifact."""

    name: str


class CreateCacheEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a cache."""

    key: str
    version: str


class FinalizeCacheEntry(CreateCacheEntry, frozen=True, kw_only=True):
    """End a cache."""

    size_bytes: Number = 0


class FindCacheEntry(CreateCacheEntry, frozen=True, kw_only=True):
    """Find a cache."""

    restore_keys: Annotated[list[str], msgspec.Meta(max_length=100)] = []


Answer: TypeAlias = dict[str, Any]
"""A message that is sent."""


def number(value: Number) -> int:
    """Return a 64-bit number."""
    return min(int(value), NUMBER_MAX)


def timestamp(at: datetime) -> str:
    """Return a time as protobuf's JSON has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
