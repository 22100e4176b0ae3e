"""The durable jobs that runs enqueue: what concerns another run is done in a transaction of its own.

A transaction locks one run, then a concurrency group. If it locked a second run, two of them could wait for each other.
"""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind, enqueue
from ninefold.core.postgres.database import Connection


class AdvanceGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A concurrency group may be free: the next one can be in it."""

    repository_id: UUID
    group_name: str


class CancelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A run, or one of its jobs, is to be cancelled because of another one in its concurrency group."""

    run_id: UUID
    attempt: int
    job_key: str | None
    why: str


ADVANCE_GROUP: Final = JobKind(name="workflows.advance_group", payload=AdvanceGroup)
CANCEL_ENTRY: Final = JobKind(name="workflows.cancel_entry", payload=CancelEntry)


async def advance_later(connection: Connection, *, organisation_id: UUID, repository_id: UUID, group_name: str) -> None:
    """Let the next one be in a concurrency group soon after the commit."""
    payload = AdvanceGroup(repository_id=repository_id, group_name=group_name)
    await enqueue(connection, ADVANCE_GROUP, payload, organisation_id=organisation_id)


async def cancel_later(
    connection: Connection, *, organisation_id: UUID, run_id: UUID, attempt: int, job_key: str | None, why: str
) -> None:
    """Cancel a run, or one of its jobs, soon after the commit."""
    payload = CancelEntry(run_id=run_id, attempt=attempt, job_key=job_key, why=why)
    await enqueue(connection, CANCEL_ENTRY, payload, organisation_id=organisation_id)
