"""Queries for the leases of jobs, and for the first jobs of the queue."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.fleet import Claimed, Lane, QueuedJob, lower_labels
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a job, and until when."""

    job_id: UUID
    organisation_id: UUID
    run_id: UUID
    status: str
    runner_id: UUID | None
    lease_number: int
    lease_expires_at: datetime | None
    cancel_requested_at: datetime | None


class ClaimedRow(Claimed, frozen=True, kw_only=True):
    """A job that was claimed, and since when it was queued."""

    queued_at: datetime


async def lease_claim(
    connection: Connection,
    *,
    job_ids: Sequence[UUID],
    runner_ids: Sequence[UUID],
    runner_names: Sequence[str],
    lease: timedelta,
) -> list[ClaimedRow]:
    """Give queued jobs to runners; those that were taken back meanwhile are left out."""
    rows = queries.lease_claim(
        connection, job_ids=job_ids, runner_ids=runner_ids, runner_names=runner_names, lease=lease
    )
    return [read_row(ClaimedRow, row) async for row in rows]


async def lease_count_by_organisation(connection: Connection, *, organisation_ids: Collection[UUID]) -> dict[UUID, int]:
    """Count the jobs that runners have, of each of these organisations that has any."""
    rows = queries.lease_count_by_organisation(connection, organisation_ids=list(organisation_ids))
    return {row["organisation_id"]: row["claimed"] async for row in rows}


async def lease_count_claimed(connection: Connection, /, *, limit: int) -> int:
    """Count the jobs that runners have, up to a limit."""
    count: int = await queries.lease_count_claimed(connection, limit=limit)
    return count


async def lease_count_queued(connection: Connection, /, *, limit: int) -> int:
    """Count the jobs that wait for a runner, up to a limit."""
    count: int = await queries.lease_count_queued(connection, limit=limit)
    return count


async def lease_find(connection: Connection, *, job_id: UUID) -> Lease | None:
    """Find the lease of a job."""
    return read_row_or_none(Lease, await queries.lease_find(connection, job_id=job_id))


async def lease_list_expired(
    connection: Connection, *, lease: timedelta, silence: timedelta, limit: int
) -> list[Lease]:
    """List jobs whose runner has been silent for too long, although it could reach a server all that time."""
    rows = queries.lease_list_expired(connection, lease=lease, silence=silence, limit=limit)
    return [read_row(Lease, row) async for row in rows]


async def lease_list_first_jobs(
    connection: Connection, *, organisation_ids: Collection[UUID], lanes_max: int, limit: int
) -> dict[UUID, list[Lane]]:
    """List the first jobs that organisations can have claimed, of each set of labels apart."""
    lanes: dict[tuple[UUID, str, tuple[str, ...]], list[QueuedJob]] = {}
    async for row in queries.lease_list_first_jobs(
        connection, organisation_ids=list(organisation_ids), lanes_max=lanes_max, limit=limit
    ):
        key = (row["organisation_id"], row["runner_group"], tuple(row["labels"]))
        lanes.setdefault(key, []).append(QueuedJob(row["job_id"], row["priority"], row["queued_at"]))
    found: dict[UUID, list[Lane]] = {}
    for (organisation_id, runner_group, labels), jobs in lanes.items():
        lane = Lane(labels=lower_labels(labels), runner_group=runner_group, jobs=jobs)
        found.setdefault(organisation_id, []).append(lane)
    return found


async def lease_list_of_runner(connection: Connection, *, runner_id: UUID) -> list[Lease]:
    """List the jobs that a runner has."""
    return [read_row(Lease, row) async for row in queries.lease_list_of_runner(connection, runner_id=runner_id)]


async def lease_renew(
    connection: Connection, *, job_id: UUID, runner_id: UUID, lease_number: int, lease: timedelta
) -> Lease | None:
    """Renew a lease that is current, and return it; None if it isn't."""
    row = await queries.lease_renew(
        connection, job_id=job_id, runner_id=runner_id, lease_number=lease_number, lease=lease
    )
    return read_row_or_none(Lease, row)


async def reachability_note(connection: Connection, *, silence: timedelta) -> None:
    """Note that a server can be reached; after a break, it is since now."""
    await queries.reachability_note(connection, silence=silence)
