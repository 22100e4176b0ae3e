"""Repositories that this installation hosts, their owners, and what was pushed to them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

REPOSITORY_PREFIX: Final = "repo"
PUSH_PREFIX: Final = "push"

NO_SHA: Final = "0" * 40
"""What git and GitHub say for a ref that isn't there."""

DEFAULT_BRANCH: Final = "main"
BRANCHES: Final = "refs/heads/"
TAGS: Final = "refs/tags/"
INTERNAL_REFS: Final = "refs/ninefold/"
"""Refs that no client sees or moves."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation as the owner of repositories."""

    organisation_id: UUID
    slug: str
    """The first part of the full names of its repositories."""


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that this installation hosts."""

    repository_id: UUID
    organisation_id: UUID
    owner: str
    name: str
    default_branch: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime | None
    github_full_name: str | None
    """The repository at GitHub whose pushes start workflows here too."""
    github_clone_url: str | None
    """Where the commits of those pushes are fetched from."""
    default_priority: int = 0
    """Of the runs that it starts, unless they say another one."""

    @property
    def full_name(self) -> str:
        """The owner and the name, such as `kestrel-outdoor/storefront`."""
        return f"{self.owner}/{self.name}"


class RepositoryChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a repository; None leaves it as it is."""

    name: str | None = None
    default_branch: str | None = None
    github_full_name: str | None = None
    """An empty text removes it, with the address."""
    github_clone_url: str | None = None
    default_priority: int | None = None


class RefUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """How a push moved a branch or a tag; `NO_SHA` before it was created, and after it was deleted."""

    ref: str
    before: str
    after: str

    @property
    def is_created(self) -> bool:
        """Whether the ref wasn't there before."""
        return self.before == NO_SHA

    @property
    def is_deleted(self) -> bool:
        """Whether the ref isn't there afterwards."""
        return self.after == NO_SHA


class PushState(StrEnum):
    """How far a push has come."""

    RECEIVING = "receiving"
    """Git receives it, or a crash left it so: then its updates are found by comparing refs."""
    ACCEPTED = "accepted"
    """Its updates are recorded."""
    TRIGGERED = "triggered"
    """Its updates have started the workflows that they start."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A push to a repository."""

    push_id: UUID
    repository_id: UUID
    state: PushState
    pushed_by: str
    received_at: datetime
    updates: Sequence[RefUpdate] | None
    """None while git receives it."""
    accepted_at: datetime | None
    triggered_at: datetime | None
