"""Pushes: what git has moved is recorded exactly once, however a server ends.

Git and PostgreSQL can't commit together. So the table `ref` has what was recorded, and what differs from git's own refs
is what a push has moved since. A process that holds the lock of the repository's folder (`hosting/locks.py`) compares
the two and records the difference in one transaction: before a push, after it, and after a crash.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import BRANCHES, NO_SHA, Push, RefUpdate, Repository
from ninefold.systems.workflows.store import pushes as store
from ninefold.systems.workflows.store import repositories

PUSHES_CHANNEL: Final = "ninefold_workflows_pushes"
"""The notifier's channel for pushes that were accepted."""

_UNKNOWN: Final = "unknown"
"""Who pushed, if refs were moved without a push, as by an operator with git."""


async def begin_push(
    connection: Connection, repository: Repository, *, refs: Mapping[str, str], pushed_by: str, at: datetime
) -> None:
    """Say that git begins to receive a push, and record first what an earlier one has left.

    Args:
        connection: a transaction.
        repository: the repository, whose lock the caller holds.
        refs: its refs in git.
        pushed_by: who pushes.
        at: now.
    """
    await record_refs(connection, repository.repository_id, refs=refs, at=at)
    await store.push_insert(
        connection,
        push_id=new_id(),
        repository_id=repository.repository_id,
        pushed_by=pushed_by,
        received_at=at,
    )


async def record_refs(
    connection: Connection, repository_id: UUID, *, refs: Mapping[str, str], at: datetime
) -> Push | None:
    """Record what git has moved since the last time; return the push, or None if nothing was moved.

    Args:
        connection: a transaction.
        repository_id: the repository, whose lock the caller holds.
        refs: its refs in git.
        at: now.
    """
    repository = await repositories.repository_lock(connection, repository_id=repository_id)
    if repository is None:
        return None
    receiving = await store.push_find_receiving(connection, repository_id=repository_id)
    recorded = await store.ref_list(connection, repository_id=repository_id)
    updates = compare_refs(recorded, refs)
    if not updates:
        await store.push_delete_receiving(connection, repository_id=repository_id)
        return None
    push_id = receiving.push_id if receiving else new_id()
    if receiving is None:
        await store.push_insert(
            connection, push_id=push_id, repository_id=repository_id, pushed_by=_UNKNOWN, received_at=at
        )
    push = await store.push_accept(connection, push_id=push_id, updates=updates, accepted_at=at)
    await _move_refs(connection, repository, updates, at=at, has_refs=bool(recorded))
    # A repository receives one push at a time, but an earlier crash may have left a row.
    await store.push_delete_receiving(connection, repository_id=repository_id)
    return push


def compare_refs(before: Mapping[str, str], after: Mapping[str, str]) -> list[RefUpdate]:
    """Return how refs were moved, by their names."""
    return [
        RefUpdate(ref=name, before=before.get(name, NO_SHA), after=after.get(name, NO_SHA))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


async def _move_refs(
    connection: Connection, repository: Repository, updates: Sequence[RefUpdate], *, at: datetime, has_refs: bool
) -> None:
    moved = {update.ref: update.after for update in updates if not update.is_deleted}
    deleted = [update.ref for update in updates if update.is_deleted]
    await store.ref_put(connection, repository_id=repository.repository_id, refs=moved, updated_at=at)
    await store.ref_delete(connection, repository_id=repository.repository_id, names=deleted)
    branches = [ref.removeprefix(BRANCHES) for ref in moved if ref.startswith(BRANCHES)]
    # The first push decides, as on GitHub.
    is_first = not has_refs and branches and repository.default_branch not in branches
    await repositories.repository_record_push(
        connection,
        repository_id=repository.repository_id,
        pushed_at=at,
        default_branch=branches[0] if is_first else repository.default_branch,
    )
