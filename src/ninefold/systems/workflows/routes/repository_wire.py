"""Repositories and their owners as the API shows and takes them."""

from typing import Annotated

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.priorities import Priority, priority_number, priority_of
from ninefold.systems.workflows.model.repositories import (
    DEFAULT_BRANCH,
    REPOSITORY_PREFIX,
    Owner,
    Repository,
    RepositoryChanges,
)
from ninefold.systems.workflows.routes.wire import RepositoryIdText
from ninefold.systems.workflows.service.repositories import BRANCH_LENGTH_MAX, NAME_LENGTH_MAX, SLUG_LENGTH_MAX

RepositoryName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, examples=["storefront"])]
BranchName = Annotated[str, msgspec.Meta(min_length=1, max_length=BRANCH_LENGTH_MAX, examples=["main"])]
Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=SLUG_LENGTH_MAX, examples=["kestrel-outdoor"])]
GitHubName = Annotated[str, msgspec.Meta(max_length=201, examples=["kestrel-outdoor/site"])]
CloneUrl = Annotated[str, msgspec.Meta(max_length=2_000, examples=["https://github.com/kestrel-outdoor/site.git"])]


class CreateRepository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new repository."""

    name: RepositoryName
    default_branch: BranchName = DEFAULT_BRANCH
    """If the first push has other branches, the first of them becomes the default one."""


class UpdateRepository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is set for a repository; what is absent stays as it is."""

    name: RepositoryName | None = None
    default_branch: BranchName | None = None
    github_full_name: GitHubName | None = None
    """The repository at GitHub whose pushes start workflows here too; an empty text removes it."""
    github_clone_url: CloneUrl | None = None
    """Where the commits of those pushes are fetched from."""
    default_priority: Priority | None = None
    """Of the runs that it starts, among the jobs of your organisation."""

    @property
    def changes(self) -> RepositoryChanges:
        """What is set."""
        return RepositoryChanges(
            name=self.name,
            default_branch=self.default_branch,
            github_full_name=self.github_full_name,
            github_clone_url=self.github_clone_url,
            default_priority=priority_number(self.default_priority),
        )


class RepositoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that this installation hosts."""

    repository_id: RepositoryIdText
    owner: Slug
    name: RepositoryName
    full_name: Annotated[str, msgspec.Meta(examples=["kestrel-outdoor/storefront"])]
    default_branch: BranchName
    clone_url: Annotated[str, msgspec.Meta(examples=["http://127.0.0.1:8900/git/kestrel-outdoor/storefront.git"])]
    """What `git clone` and `git push` take, with an API key or a personal token as the password."""
    github_full_name: GitHubName | None
    github_clone_url: CloneUrl | None
    default_priority: Annotated[Priority, msgspec.Meta(description="Of the runs that it starts.", examples=["normal"])]
    created_at: Timestamp
    pushed_at: Timestamp | None


class UpdateOwner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first part of the full names of the organisation's repositories."""

    slug: Slug


class OwnerView(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation as the owner of repositories."""

    slug: Slug


def show_repository(repository: Repository, *, server_url: str) -> RepositoryView:
    """Return a repository as the API shows it."""
    return RepositoryView(
        repository_id=format_id(REPOSITORY_PREFIX, repository.repository_id),
        owner=repository.owner,
        name=repository.name,
        full_name=repository.full_name,
        default_branch=repository.default_branch,
        clone_url=f"{server_url}/git/{repository.full_name}.git",
        github_full_name=repository.github_full_name,
        github_clone_url=repository.github_clone_url,
        default_priority=priority_of(repository.default_priority),
        created_at=repository.created_at,
        pushed_at=repository.pushed_at,
    )


def show_owner(owner: Owner) -> OwnerView:
    """Return an owner as the API shows it."""
    return OwnerView(slug=owner.slug)
