"""Queries for the tokens of jobs."""

from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.results import JobCaller
from ninefold.systems.workflows.store.queries import queries, read_row_or_none


async def job_token_find(connection: Connection, *, digest: bytes) -> JobCaller | None:
    """Find the job that runs and has a token."""
    return read_row_or_none(JobCaller, await queries.job_token_find(connection, digest=digest))


async def job_token_put(connection: Connection, *, job_id: UUID, digest: bytes, created_at: datetime) -> UUID | None:
    """Give a job a token; return its run, or None if there is no such job."""
    row = await queries.job_token_put(connection, job_id=job_id, digest=digest, created_at=created_at)
    return None if row is None else row["run_id"]
