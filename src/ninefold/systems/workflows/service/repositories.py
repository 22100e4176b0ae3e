"""Repositories that this installation hosts: their owners, names and default branches."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.egress.target import InvalidTargetError, parse_target
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.systems.workflows.errors import (
    InvalidOwnerError,
    InvalidRepositoryError,
    OwnerTakenError,
    RepositoryNameTakenError,
    RepositoryNotFoundError,
    RunsUnfinishedError,
    TooManyRepositoriesError,
)
from ninefold.systems.workflows.model.repositories import (
    BRANCHES,
    DEFAULT_BRANCH,
    REPOSITORY_PREFIX,
    Owner,
    Repository,
    RepositoryChanges,
)
from ninefold.systems.workflows.store import repositories as store
from ninefold.systems.workflows.store.pushes import ref_list
from ninefold.systems.workflows.store.runs import run_has_running

REPOSITORIES_MAX: Final = 10_000
"""Of an organisation."""

NAME_LENGTH_MAX: Final = 100
SLUG_LENGTH_MAX: Final = 39
BRANCH_LENGTH_MAX: Final = 200

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SLUG: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?")
_GITHUB_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_FORBIDDEN_IN_REFS: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)")
# Jobs ask the server for these paths, so that no repository's address can begin with them.
_RESERVED_SLUGS: Final = frozenset({"git", "twirp", "workflows"})
_SLUG_ATTEMPTS_MAX: Final = 100
_BRANCHES_SHOWN_MAX: Final = 10


async def create_repository(
    connection: Connection,
    *,
    organisation_id: UUID,
    name: str,
    default_branch: str = DEFAULT_BRANCH,
    at: datetime,
) -> Repository:
    """Create a repository, and make the organisation an owner if it isn't one yet; call it in a transaction.

    Raises:
        InvalidRepositoryError: it can't have this name or this default branch.
        RepositoryNameTakenError: the organisation has another one of this name, in any case.
        TooManyRepositoriesError: the organisation has `REPOSITORIES_MAX`.
    """
    _check_name(name)
    _check_branch(default_branch)
    await ensure_owner(connection, organisation_id=organisation_id)
    if await store.repository_count(connection, organisation_id=organisation_id) >= REPOSITORIES_MAX:
        raise TooManyRepositoriesError(
            f"The organisation has {REPOSITORIES_MAX:,} repositories.", remedy="Delete those that aren't needed."
        )
    repository = await store.repository_insert(
        connection,
        repository_id=new_id(),
        organisation_id=organisation_id,
        name=name,
        default_branch=default_branch,
        created_at=at,
    )
    if repository is None:
        raise _name_taken(name)
    return repository


async def update_repository(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID, changes: RepositoryChanges, at: datetime
) -> Repository:
    """Set what is given for a repository, and return it; call it in a transaction.

    Raises:
        InvalidRepositoryError: it can't be like this.
        RepositoryNotFoundError: the organisation has no such repository.
        RepositoryNameTakenError: the organisation has another one of this name, in any case.
        RunsUnfinishedError: it would be renamed while runs of it go on.
    """
    repository = await get_repository(connection, organisation_id=organisation_id, repository_id=repository_id)
    if changes.name is not None:
        _check_name(changes.name)
        if changes.name != repository.name:
            await _check_no_runs(connection, organisation_id, repository_id)
    if changes.default_branch is not None:
        _check_branch(changes.default_branch)
        await _check_branch_exists(connection, repository, changes.default_branch)
    _check_github(changes, repository)
    try:
        updated = await store.repository_update(
            connection,
            organisation_id=organisation_id,
            repository_id=repository_id,
            changes=changes,
            updated_at=at,
        )
    except asyncpg.UniqueViolationError as error:
        raise _name_taken(changes.name or "") from error
    if updated is None:
        raise _no_repository(repository_id)
    return updated


async def delete_repository(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID, at: datetime
) -> Repository:
    """Let nobody see a repository any more; call it in a transaction that also has its contents removed.

    Raises:
        RepositoryNotFoundError: the organisation has no such repository.
    """
    repository = await store.repository_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, deleted_at=at
    )
    if repository is None:
        raise _no_repository(repository_id)
    return repository


async def get_repository(connection: Connection, *, organisation_id: UUID, repository_id: UUID) -> Repository:
    """Return a repository.

    Raises:
        RepositoryNotFoundError: the organisation has no such repository.
    """
    repository = await store.repository_find(connection, organisation_id=organisation_id, repository_id=repository_id)
    if repository is None:
        raise _no_repository(repository_id)
    return repository


async def find_repository(connection: Connection, *, organisation_id: UUID, name: str) -> Repository | None:
    """Return a repository of an organisation by its name, or by its owner and its name; None if there is none."""
    owner, slash, short = name.rpartition("/")
    found = await store.repository_find_by_name(connection, organisation_id=organisation_id, name=short)
    return found if found is None or not slash or found.owner == owner.lower() else None


async def list_repositories(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Repository]:
    """Return the repositories of an organisation, oldest first."""
    return await store.repository_list(connection, organisation_id=organisation_id, after=after, limit=limit)


async def ensure_owner(connection: Connection, *, organisation_id: UUID) -> Owner:
    """Return the owner of an organisation; its slug is made from the organisation's name the first time."""
    owner = await store.owner_find(connection, organisation_id=organisation_id)
    if owner is not None:
        return owner
    name = (await tenancy.get_organisation(connection, organisation_id)).name
    for number in range(1, _SLUG_ATTEMPTS_MAX):
        slug = slug_of(name, number)
        if slug in _RESERVED_SLUGS:
            continue
        made = await store.owner_insert(connection, organisation_id=organisation_id, slug=slug)
        # None also if another request of the organisation was faster.
        made = made or await store.owner_find(connection, organisation_id=organisation_id)
        if made is not None:
            return made
    slug = format_id("org", organisation_id).replace("_", "-")
    made = await store.owner_insert(connection, organisation_id=organisation_id, slug=slug)
    assert made is not None, "ids are unique"
    return made


async def update_owner(connection: Connection, *, organisation_id: UUID, slug: str) -> Owner:
    """Change the first part of the names of an organisation's repositories; call it in a transaction.

    Raises:
        InvalidOwnerError: it can't be this.
        OwnerTakenError: another organisation has it.
        RunsUnfinishedError: runs have begun that haven't ended.
    """
    if not _SLUG.fullmatch(slug) or slug in _RESERVED_SLUGS:
        raise InvalidOwnerError(
            f"{slug[:80]!r} can't be an owner.",
            field="slug",
            remedy="Use lower-case letters, digits and hyphens: at most 39, not with a hyphen first or last.",
        )
    owner = await ensure_owner(connection, organisation_id=organisation_id)
    if slug != owner.slug:
        await _check_no_runs(connection, organisation_id)
    try:
        updated = await store.owner_update(connection, organisation_id=organisation_id, slug=slug)
    except asyncpg.UniqueViolationError as error:
        raise OwnerTakenError(
            f"Another organisation is {slug!r}.", field="slug", remedy="Choose another one."
        ) from error
    assert updated is not None, "the owner is ensured"
    return updated


def slug_of(name: str, number: int = 1) -> str:
    """Return the slug for the name of an organisation; from the second attempt on, with a number."""
    suffix = "" if number == 1 else f"-{number}"
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "owner"
    return f"{words[: SLUG_LENGTH_MAX - len(suffix)].rstrip('-')}{suffix}"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in {".", ".."} or name.lower().endswith((".git", ".lock")):
        raise InvalidRepositoryError(
            f"A repository can't have the name {name[:120]!r}.",
            field="name",
            remedy=f"Use letters, digits, `.`, `_` and `-`: at most {NAME_LENGTH_MAX}, and not with .git at the end.",
        )


def _check_branch(branch: str) -> None:
    is_bad = _FORBIDDEN_IN_REFS.search(branch) or branch.startswith(("/", ".", "-")) or branch.endswith(("/", "."))
    if not branch or is_bad or branch == "@" or len(branch) > BRANCH_LENGTH_MAX or branch.startswith(BRANCHES):
        raise InvalidRepositoryError(
            f"A branch can't have the name {branch[:120]!r}.",
            field="default_branch",
            remedy="Use a name that git accepts, such as `main`, without refs/heads/.",
        )


async def _check_branch_exists(connection: Connection, repository: Repository, branch: str) -> None:
    """Raise an InvalidRepositoryError if a repository has branches, and this isn't one of them."""
    refs = await ref_list(connection, repository_id=repository.repository_id)
    branches = [name.removeprefix(BRANCHES) for name in refs if name.startswith(BRANCHES)]
    if branches and branch not in branches:
        others = f"{len(branches) - _BRANCHES_SHOWN_MAX:,} others"
        shown = [*branches[:_BRANCHES_SHOWN_MAX], *[others] * (len(branches) > _BRANCHES_SHOWN_MAX)]
        raise InvalidRepositoryError(
            f"The repository has no branch {branch!r}.",
            field="default_branch",
            remedy=f"Push it first, or choose one that is there: {', '.join(shown)}.",
        )


async def _check_no_runs(connection: Connection, organisation_id: UUID, repository_id: UUID | None = None) -> None:
    """Raise a RunsUnfinishedError if runs go on, whose later checkouts would use the name from before."""
    if await run_has_running(connection, organisation_id=organisation_id, repository_id=repository_id):
        raise RunsUnfinishedError(
            "Runs go on that fetch from the address from before.",
            remedy="Wait until they have ended, or cancel them: ninefold workflows runs list.",
        )


def _check_github(changes: RepositoryChanges, repository: Repository) -> None:
    name = changes.github_full_name
    if name is None and changes.github_clone_url is None:
        return
    if name == "":
        if changes.github_clone_url:
            raise _bad_github("github_clone_url", "Without a repository at GitHub there is no address of it.")
        return
    if name is not None and not _GITHUB_NAME.fullmatch(name):
        raise _bad_github("github_full_name", f"{name[:120]!r} isn't the full name of a repository at GitHub.")
    if not (name or repository.github_full_name):
        raise _bad_github("github_full_name", "The repository at GitHub is missing.")
    if changes.github_clone_url:
        _check_clone_url(changes.github_clone_url)
    if not (changes.github_clone_url or repository.github_clone_url):
        raise _bad_github("github_clone_url", "The address that its commits are fetched from is missing.")


def _check_clone_url(url: str) -> None:
    try:
        parse_target(url)
    except InvalidTargetError as error:
        raise _bad_github("github_clone_url", error.detail) from error


def _bad_github(field: str, detail: str) -> InvalidRepositoryError:
    return InvalidRepositoryError(
        detail, field=field, remedy="Send both, such as `octo/site` and `https://github.com/octo/site.git`."
    )


def _name_taken(name: str) -> RepositoryNameTakenError:
    return RepositoryNameTakenError(
        f"There is a repository with the name {name!r}.", field="name", remedy="Choose another name."
    )


def _no_repository(repository_id: UUID) -> RepositoryNotFoundError:
    return RepositoryNotFoundError(
        f"There is no repository {format_id(REPOSITORY_PREFIX, repository_id)}.",
        field="repository_id",
        remedy="List the repositories: ninefold workflows repositories list.",
    )
