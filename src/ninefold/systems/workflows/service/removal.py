"""The job that removes what a deleted repository had."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind


class RemoveRepository(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the folder of a deleted repository, and what belongs to it."""

    repository_id: UUID


REMOVE_REPOSITORY: Final = JobKind(name="workflows.remove_repository", payload=RemoveRepository, timeout_s=3_600.0)
