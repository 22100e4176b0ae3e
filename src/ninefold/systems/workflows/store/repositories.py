"""Queries for repositories and their owners."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import Owner, Repository, RepositoryChanges
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


async def owner_find(connection: Connection, *, organisation_id: UUID) -> Owner | None:
    """Read the owner of an organisation."""
    return read_row_or_none(Owner, await queries.owner_find(connection, organisation_id=organisation_id))


async def owner_insert(connection: Connection, *, organisation_id: UUID, slug: str) -> Owner | None:
    """Make an organisation an owner; return None if it is one, or if another has the slug."""
    row = await queries.owner_insert(connection, organisation_id=organisation_id, slug=slug)
    return read_row_or_none(Owner, row)


async def owner_update(connection: Connection, *, organisation_id: UUID, slug: str) -> Owner | None:
    """Change the slug of an owner; return None if the organisation isn't one."""
    row = await queries.owner_update(connection, organisation_id=organisation_id, slug=slug)
    return read_row_or_none(Owner, row)


async def repository_count(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the repositories of an organisation."""
    return int(await queries.repository_count(connection, organisation_id=organisation_id))


async def repository_delete(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID, deleted_at: datetime
) -> Repository | None:
    """Let nobody see a repository any more; return None if there is none."""
    row = await queries.repository_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, deleted_at=deleted_at
    )
    return read_row_or_none(Repository, row)


async def repository_find(connection: Connection, *, organisation_id: UUID, repository_id: UUID) -> Repository | None:
    """Read a repository of an organisation."""
    row = await queries.repository_find(connection, organisation_id=organisation_id, repository_id=repository_id)
    return read_row_or_none(Repository, row)


async def repository_find_by_name(connection: Connection, *, organisation_id: UUID, name: str) -> Repository | None:
    """Read a repository of an organisation by its name, in any case."""
    row = await queries.repository_find_by_name(connection, organisation_id=organisation_id, name=name)
    return read_row_or_none(Repository, row)


async def repository_get(connection: Connection, *, repository_id: UUID) -> Repository | None:
    """Read a repository by its id, for what the server does by itself."""
    return read_row_or_none(Repository, await queries.repository_get(connection, repository_id=repository_id))


async def repository_insert(
    connection: Connection,
    *,
    repository_id: UUID,
    organisation_id: UUID,
    name: str,
    default_branch: str,
    created_at: datetime,
) -> Repository | None:
    """Insert a repository; return None when the organisation has one of this name."""
    row = await queries.repository_insert(
        connection,
        repository_id=repository_id,
        organisation_id=organisation_id,
        name=name,
        default_branch=default_branch,
        created_at=created_at,
    )
    return read_row_or_none(Repository, row)


async def repository_list(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Repository]:
    """Read the repositories of an organisation, oldest first, from a position."""
    rows = queries.repository_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [read_row(Repository, row) async for row in rows]


async def repository_list_all(connection: Connection, *, organisation_id: UUID) -> list[UUID]:
    """Read the ids of all repositories of an organisation, also deleted ones."""
    records = queries.repository_list_all(connection, organisation_id=organisation_id)
    return [record["repository_id"] async for record in records]


async def repository_list_by_github(
    connection: Connection, *, organisation_id: UUID, github_full_name: str, limit: int
) -> list[UUID]:
    """List the repositories of an organisation that name one at GitHub."""
    rows = queries.repository_list_by_github(
        connection, organisation_id=organisation_id, github_full_name=github_full_name, limit=limit
    )
    return [row["repository_id"] async for row in rows]


async def repository_lock(connection: Connection, *, repository_id: UUID) -> Repository | None:
    """Lock a repository until the end of the transaction, also one that was deleted."""
    return read_row_or_none(Repository, await queries.repository_lock(connection, repository_id=repository_id))


async def repository_record_push(
    connection: Connection, *, repository_id: UUID, pushed_at: datetime, default_branch: str
) -> None:
    """Say that a repository was pushed to, and which branch is its default one."""
    await queries.repository_record_push(
        connection, repository_id=repository_id, pushed_at=pushed_at, default_branch=default_branch
    )


async def repository_update(
    connection: Connection,
    *,
    organisation_id: UUID,
    repository_id: UUID,
    changes: RepositoryChanges,
    updated_at: datetime,
) -> Repository | None:
    """Set what is given for a repository; return None if there is none."""
    row = await queries.repository_update(
        connection,
        organisation_id=organisation_id,
        repository_id=repository_id,
        updated_at=updated_at,
        **msgspec.structs.asdict(changes),
    )
    return read_row_or_none(Repository, row)
