"""`ninefold workflows repositories …` and `ninefold workflows owner`."""

from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Limit,
    Page,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.systems.workflows.model.priorities import Priority
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX

REPOSITORIES: Final = "/api/v1/workflows/repositories"
_OWNER: Final = "/api/v1/workflows/owner"

repositories = App(name="repositories", help="Manage the git repositories that this installation hosts.")


class RepositoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A repository."""

    repository_id: str
    full_name: str
    default_branch: str
    clone_url: str
    github_full_name: str | None
    github_clone_url: str | None
    default_priority: str
    created_at: str
    pushed_at: str | None


class OwnerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation as the owner of repositories."""

    slug: str


@repositories.command(name="create")
def create_repository(name: str, *, default_branch: str = "main", api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Create a repository, and print the address to push to.

    Args:
        name: What it is called: letters, digits, `.`, `_` and `-`.
        default_branch: Its default branch.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.post(REPOSITORIES, {"name": name, "default_branch": default_branch})
        show_answer(answer, RepositoryAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("Push to clone_url, with an API key as the password and any user name.")


@repositories.command(name="list")
def list_repositories(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List repositories, oldest first.

    Args:
        limit: Maximum number of repositories to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(REPOSITORIES, limit=limit, cursor=cursor)
        show_answer(answer, Page[RepositoryAnswer], api=api, show=_show_repositories)


@repositories.command(name="show")
def show_repository(repository: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a repository.

    Args:
        repository: Its name, such as storefront, or its id, such as repo_….
        api: The server and API key to use.
    """
    with api.client() as client:
        path = repository_path(client, repository)
        show_answer(client.get(path), RepositoryAnswer, api=api, show=show_fields)


@repositories.command(name="rename")
def rename_repository(repository: str, name: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Give a repository another name; the address to push to is another one then.

    Args:
        repository: Its name, such as storefront, or its id, such as repo_….
        name: The new name.
        api: The server and API key to use.
    """
    with api.client() as client:
        path = repository_path(client, repository)
        show_answer(client.patch(path, {"name": name}), RepositoryAnswer, api=api, show=show_fields)


@repositories.command(name="update")
def update_repository(
    repository: str,
    *,
    default_branch: str | None = None,
    github: str | None = None,
    github_clone_url: str | None = None,
    default_priority: Priority | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change a repository. What you omit stays.

    Args:
        repository: Its name, such as storefront, or its id, such as repo_….
        default_branch: Its default branch.
        github: The repository at GitHub whose pushes start workflows here too, such as octo/site; "" removes it.
        github_clone_url: Where the commits of those pushes are fetched from.
        default_priority: Of the runs that it starts, among the jobs of your organisation.
        api: The server and API key to use.
    """
    given = {
        "default_branch": default_branch,
        "github_full_name": github,
        "github_clone_url": github_clone_url,
        "default_priority": default_priority,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise InvalidInputError(
            "Nothing is changed.",
            remedy="Give --default-branch, --default-priority, --github or --github-clone-url.",
        )
    with api.client() as client:
        path = repository_path(client, repository)
        show_answer(client.patch(path, body), RepositoryAnswer, api=api, show=show_fields)


@repositories.command(name="delete")
def delete_repository(repository: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a repository with its commits. This can't be undone.

    Args:
        repository: Its name, such as storefront, or its id, such as repo_….
        api: The server and API key to use.
    """
    with api.client() as client:
        client.delete(repository_path(client, repository))
    if not api.json:
        print_note(f"Deleted {repository}.")


def show_owner(slug: str | None = None, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show the first part of the full names of your repositories, or change it.

    Args:
        slug: The new one: lower-case letters, digits and hyphens.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_OWNER) if slug is None else client.patch(_OWNER, {"slug": slug})
        show_answer(answer, OwnerAnswer, api=api, show=show_fields)


def repository_path(client: ApiClient, repository: str) -> str:
    """Return the path of a repository in the API.

    Raises:
        InvalidInputError: there is none with this id or name.
    """
    try:
        parse_id(REPOSITORY_PREFIX, repository)
    except InvalidIdError:
        found = client.get(REPOSITORIES, name=repository, limit=1).read(Page[RepositoryAnswer]).items
        if not found:
            raise InvalidInputError(
                f"There is no repository {repository!r}.", remedy="List them: ninefold workflows repositories list"
            ) from None
        return f"{REPOSITORIES}/{found[0].repository_id}"
    return f"{REPOSITORIES}/{repository}"


def _show_repositories(page: Page[RepositoryAnswer]) -> None:
    print_table(
        ["Repository", "Name", "Default branch", "Address", "Pushed at"],
        [
            [each.repository_id, each.full_name, each.default_branch, each.clone_url, each.pushed_at]
            for each in page.items
        ],
        empty="No repositories yet. Create one: ninefold workflows repositories create storefront",
    )
    print_next_page(page)
