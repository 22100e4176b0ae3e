"""Queries for pushes, and for the refs that they have moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import Push, PushState, RefUpdate
from ninefold.systems.workflows.store.queries import json_rows, queries

_UPDATES: Final = msgspec.json.Decoder(tuple[RefUpdate, ...])


async def push_accept(
    connection: Connection, *, push_id: UUID, updates: Sequence[RefUpdate], accepted_at: datetime
) -> Push:
    """Record the updates of a push that git has received."""
    row = await queries.push_accept(connection, push_id=push_id, updates=json_rows(updates), accepted_at=accepted_at)
    return _read_push(row)


async def push_claim(connection: Connection, *, held_back: Sequence[UUID]) -> Push | None:
    """Lock the oldest push whose updates have started nothing yet, except of some repositories."""
    row = await queries.push_claim(connection, held_back=held_back)
    return None if row is None else _read_push(row)


async def push_delete_receiving(connection: Connection, *, repository_id: UUID) -> None:
    """Forget a push that has moved nothing."""
    await queries.push_delete_receiving(connection, repository_id=repository_id)


async def push_find_receiving(connection: Connection, *, repository_id: UUID) -> Push | None:
    """Read the push that git receives in a repository, or that a crash left so."""
    row = await queries.push_find_receiving(connection, repository_id=repository_id)
    return None if row is None else _read_push(row)


async def push_insert(
    connection: Connection, *, push_id: UUID, repository_id: UUID, pushed_by: str, received_at: datetime
) -> None:
    """Say that git begins to receive a push."""
    await queries.push_insert(
        connection, push_id=push_id, repository_id=repository_id, pushed_by=pushed_by, received_at=received_at
    )


async def push_list_unfinished(connection: Connection, *, before: datetime, limit: int) -> list[UUID]:
    """List the repositories in which git receives pushes, or in which a crash left some."""
    rows = queries.push_list_unfinished(connection, before=before, limit=limit)
    return [row["repository_id"] async for row in rows]


async def push_trigger(connection: Connection, *, push_id: UUID, triggered_at: datetime) -> None:
    """Say that the updates of a push have started what they start."""
    await queries.push_trigger(connection, push_id=push_id, triggered_at=triggered_at)


async def ref_delete(connection: Connection, *, repository_id: UUID, names: Sequence[str]) -> None:
    """Forget the refs of a repository with these names."""
    await queries.ref_delete(connection, repository_id=repository_id, names=names)


async def ref_list(connection: Connection, *, repository_id: UUID) -> dict[str, str]:
    """Read the refs of a repository, as the last accepted push left them."""
    return {row["name"]: row["sha"] async for row in queries.ref_list(connection, repository_id=repository_id)}


async def ref_put(
    connection: Connection, *, repository_id: UUID, refs: Mapping[str, str], updated_at: datetime
) -> None:
    """Record where refs of a repository are."""
    await queries.ref_put(
        connection,
        repository_id=repository_id,
        names=list(refs),
        shas=list(refs.values()),
        updated_at=updated_at,
    )


# Any, because asyncpg's records are untyped.
def _read_push(row: Any) -> Push:
    return Push(
        push_id=row["push_id"],
        repository_id=row["repository_id"],
        state=PushState(row["state"]),
        pushed_by=row["pushed_by"],
        received_at=row["received_at"],
        updates=None if row["updates"] is None else _UPDATES.decode(row["updates"]),
        accepted_at=row["accepted_at"],
        triggered_at=row["triggered_at"],
    )
