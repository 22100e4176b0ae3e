"""Queries for artifacts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.results import Artifact, JobCaller
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


async def artifact_delete(connection: Connection, *, artifact_ids: Sequence[UUID]) -> list[UUID]:
    """Delete artifacts; return their contents."""
    rows = queries.artifact_delete(connection, artifact_ids=artifact_ids)
    return [row["upload_id"] async for row in rows]


async def artifact_find(
    connection: Connection, *, organisation_id: UUID, artifact_id: UUID, at: datetime
) -> Artifact | None:
    """Read an artifact of an organisation."""
    row = await queries.artifact_find(connection, organisation_id=organisation_id, artifact_id=artifact_id, at=at)
    return read_row_or_none(Artifact, row)


async def artifact_find_by_name(
    connection: Connection, *, run_id: UUID, name: str, attempt: int | None, at: datetime
) -> Artifact | None:
    """Read the artifact of a run with a name, of an attempt or of the last one that has it."""
    row = await queries.artifact_find_by_name(connection, run_id=run_id, name=name, attempt=attempt, at=at)
    return read_row_or_none(Artifact, row)


async def artifact_insert(
    connection: Connection,
    *,
    artifact_id: UUID,
    caller: JobCaller,
    name: str,
    upload_id: UUID,
    created_at: datetime,
    expires_at: datetime,
) -> bool:
    """Insert an artifact that is being uploaded; return False if the attempt of the run has one of this name."""
    row = await queries.artifact_insert(
        connection,
        artifact_id=artifact_id,
        organisation_id=caller.organisation_id,
        repository_id=caller.repository_id,
        run_id=caller.run_id,
        attempt=caller.attempt,
        job_id=caller.job_id,
        name=name,
        upload_id=upload_id,
        created_at=created_at,
        expires_at=expires_at,
    )
    return row is not None


async def artifact_list(
    connection: Connection, *, organisation_id: UUID, run_id: UUID, at: datetime, limit: int
) -> list[Artifact]:
    """Read the artifacts of a run that can be used, of each name those of the last attempt that has it."""
    rows = queries.artifact_list(connection, organisation_id=organisation_id, run_id=run_id, at=at, limit=limit)
    return [read_row(Artifact, row) async for row in rows]


async def artifact_list_expired(
    connection: Connection, *, at: datetime, unfinished_before: datetime, limit: int
) -> list[UUID]:
    """Lock artifacts that have expired, or that were never finished, oldest first."""
    rows = queries.artifact_list_expired(connection, at=at, unfinished_before=unfinished_before, limit=limit)
    return [row["artifact_id"] async for row in rows]


async def artifact_list_of_repository(connection: Connection, *, repository_id: UUID, limit: int) -> list[UUID]:
    """Lock artifacts of a repository."""
    rows = queries.artifact_list_of_repository(connection, repository_id=repository_id, limit=limit)
    return [row["artifact_id"] async for row in rows]


async def artifact_set_ready(connection: Connection, *, artifact_id: UUID, ready_at: datetime) -> None:
    """Say that an artifact can be used."""
    await queries.artifact_set_ready(connection, artifact_id=artifact_id, ready_at=ready_at)
