"""Queries for runners, registrations, and the shares of organisations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.fleet import Runner, Share
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Allows runners to register."""

    registration_id: UUID
    organisation_id: UUID | None
    """None for runners that run the jobs of all organisations."""
    created_at: datetime
    expires_at: datetime | None


async def registration_delete_expired(connection: Connection) -> None:
    """Delete registrations that have expired."""
    await queries.registration_delete_expired(connection)


async def registration_find_by_digest(connection: Connection, *, digest: bytes) -> Registration | None:
    """Find a registration that is valid by the digest of its token."""
    return read_row_or_none(Registration, await queries.registration_find_by_digest(connection, digest=digest))


async def registration_insert(
    connection: Connection,
    *,
    registration_id: UUID,
    organisation_id: UUID | None,
    digest: bytes,
    lifetime: timedelta | None,
) -> None:
    """Add a registration; one that is there already stays."""
    await queries.registration_insert(
        connection,
        registration_id=registration_id,
        organisation_id=organisation_id,
        digest=digest,
        lifetime=lifetime,
    )


async def runner_count_jobs(connection: Connection, *, runner_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Count the jobs that runners have."""
    return {row["runner_id"]: row["jobs"] async for row in queries.runner_count_jobs(connection, runner_ids=runner_ids)}


async def runner_delete(connection: Connection, *, runner_id: UUID) -> bool:
    """Delete a runner that has no job; return whether it was."""
    return await queries.runner_delete(connection, runner_id=runner_id) is not None


async def runner_delete_unseen(connection: Connection, *, before: datetime) -> list[UUID]:
    """Delete runners that were last seen before a time, and have no job."""
    return [row["runner_id"] async for row in queries.runner_delete_unseen(connection, before=before)]


async def runner_drain(connection: Connection, *, runner_id: UUID) -> Runner | None:
    """Make a runner take no further jobs."""
    return read_row_or_none(Runner, await queries.runner_drain(connection, runner_id=runner_id))


async def runner_find(connection: Connection, *, runner_id: UUID) -> Runner | None:
    """Find a runner."""
    return read_row_or_none(Runner, await queries.runner_find(connection, runner_id=runner_id))


async def runner_find_by_digest(connection: Connection, *, digest: bytes) -> Runner | None:
    """Find a runner by the digest of its token."""
    return read_row_or_none(Runner, await queries.runner_find_by_digest(connection, digest=digest))


async def runner_insert(
    connection: Connection,
    *,
    runner_id: UUID,
    organisation_id: UUID | None,
    name: str,
    runner_group: str,
    labels: Sequence[str],
    jobs_max: int,
    is_ephemeral: bool,
    version: str,
    prefix: str,
    digest: bytes,
) -> Runner:
    """Add a runner."""
    row = await queries.runner_insert(
        connection,
        runner_id=runner_id,
        organisation_id=organisation_id,
        name=name,
        runner_group=runner_group,
        labels=labels,
        jobs_max=jobs_max,
        is_ephemeral=is_ephemeral,
        version=version,
        prefix=prefix,
        digest=digest,
    )
    return read_row(Runner, row)


async def runner_list(connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int) -> list[Runner]:
    """List the runners that an organisation's jobs can run on, its own and those of all, oldest first."""
    rows = queries.runner_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [read_row(Runner, row) async for row in rows]


async def runner_see(connection: Connection, *, runner_id: UUID, resolution: timedelta) -> None:
    """Note that a runner has sent something."""
    await queries.runner_see(connection, runner_id=runner_id, resolution=resolution)


async def runner_use(connection: Connection, *, runner_id: UUID) -> None:
    """Note that a runner has begun a job: an ephemeral one gets no other."""
    await queries.runner_use(connection, runner_id=runner_id)


async def share_ensure(connection: Connection, *, organisation_id: UUID) -> Share:
    """Return the share of an organisation, which is added if there is none."""
    return read_row(Share, await queries.share_ensure(connection, organisation_id=organisation_id))


async def share_find(connection: Connection, *, organisation_id: UUID) -> Share | None:
    """Find the share of an organisation."""
    return read_row_or_none(Share, await queries.share_find(connection, organisation_id=organisation_id))


async def share_list_other(connection: Connection, *, organisation_ids: Sequence[UUID]) -> list[UUID]:
    """List the organisations that have another share than the default, without some."""
    rows = queries.share_list_other(connection, organisation_ids=organisation_ids)
    return [row["organisation_id"] async for row in rows]


async def share_set(
    connection: Connection, *, organisation_id: UUID, weight: int, jobs_max: int | None
) -> Share | None:
    """Set the weight and the quota of an organisation, and look at its queue again."""
    row = await queries.share_set(connection, organisation_id=organisation_id, weight=weight, jobs_max=jobs_max)
    return read_row_or_none(Share, row)
