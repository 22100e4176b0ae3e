"""Queries for concurrency groups."""

from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


class GroupEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A run or a job that is in a concurrency group, or waits for it."""

    entry_id: int
    run_id: UUID
    attempt: int
    job_key: str | None
    """None if it is the run itself."""
    is_holder: bool


class LeftGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group that something has left."""

    repository_id: UUID
    group_name: str
    is_holder: bool
    """Whether it was in the group, and didn't only wait."""


async def concurrency_entry_delete(connection: Connection, *, run_id: UUID, job_key: str | None) -> list[LeftGroup]:
    """Let a run, or one of its jobs, leave its concurrency group; return the group."""
    records = queries.concurrency_entry_delete(connection, run_id=run_id, job_key=job_key or "")
    return [_left(record) async for record in records]


async def concurrency_entry_delete_of_run(connection: Connection, *, run_id: UUID) -> list[LeftGroup]:
    """Let a run and all its jobs leave their concurrency groups; return the groups."""
    records = queries.concurrency_entry_delete_of_run(connection, run_id=run_id)
    return [_left(record) async for record in records]


async def concurrency_entry_delete_one(connection: Connection, *, entry_id: int) -> None:
    """Delete an entry that waits for its group."""
    await queries.concurrency_entry_delete_one(connection, entry_id=entry_id)


async def concurrency_entry_find_next(
    connection: Connection, *, repository_id: UUID, group_name: str
) -> GroupEntry | None:
    """Read the entry that is in a group next: the oldest one that waits."""
    return read_row_or_none(
        GroupEntry,
        await queries.concurrency_entry_find_next(connection, repository_id=repository_id, group_name=group_name),
    )


async def concurrency_entry_hold(connection: Connection, *, entry_id: int) -> None:
    """Let an entry that has waited be in its group."""
    await queries.concurrency_entry_hold(connection, entry_id=entry_id)


async def concurrency_entry_insert(
    connection: Connection,
    *,
    repository_id: UUID,
    group_name: str,
    run_id: UUID,
    attempt: int,
    job_key: str | None,
    is_holder: bool,
) -> None:
    """Let a run or a job be in a group, or wait for it."""
    await queries.concurrency_entry_insert(
        connection,
        repository_id=repository_id,
        group_name=group_name,
        run_id=run_id,
        attempt=attempt,
        job_key=job_key,
        is_holder=is_holder,
    )


async def concurrency_entry_list(
    connection: Connection, *, repository_id: UUID, group_name: str, limit: int
) -> list[GroupEntry]:
    """Read the entries of a group, the oldest first."""
    records = queries.concurrency_entry_list(
        connection, repository_id=repository_id, group_name=group_name, limit=limit
    )
    return [read_row(GroupEntry, record) async for record in records]


async def concurrency_group_delete_unused(connection: Connection, *, repository_id: UUID, name: str) -> None:
    """Delete a group that is locked, if nothing is in it."""
    await queries.concurrency_group_delete_unused(connection, repository_id=repository_id, name=name)


async def concurrency_group_lock(connection: Connection, *, repository_id: UUID, name: str) -> None:
    """Keep others from entering or leaving a group until the transaction ends."""
    await queries.concurrency_group_lock(connection, repository_id=repository_id, name=name)


def _left(record: Any) -> LeftGroup:
    return read_row(LeftGroup, record)
