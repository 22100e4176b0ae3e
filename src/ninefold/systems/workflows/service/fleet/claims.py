"""Claims jobs for runners: reads the first jobs of the organisations whose turn it is, and writes what was decided."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.fleet import FreeRunner, OrganisationQueue
from ninefold.systems.workflows.service.fleet.allocation import Allocation, allocate
from ninefold.systems.workflows.store import leases, turns
from ninefold.systems.workflows.store.leases import ClaimedRow
from ninefold.systems.workflows.store.turns import TurnRow

ORGANISATIONS_AT_ONCE: Final = 32
"""Organisations that are read together; more are only read if those leave runners free."""

ORGANISATIONS_MAX: Final = 4_096
"""Organisations that one claim reads."""

LANES_MAX: Final = 100
"""Different sets of labels of an organisation's queued jobs that are looked at; others wait until one is empty."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim has found."""

    claimed: Sequence[ClaimedRow]
    may_be_more: bool
    """Whether runners are still free although another organisation may have jobs: somebody else has locked it."""


async def claim_jobs(
    connection: Connection,
    runners: Sequence[FreeRunner],
    *,
    names: dict[UUID, str],
    jobs_max: int,
    lease: timedelta,
    at: datetime,
) -> Claims:
    """Give queued jobs to runners, in the caller's transaction.

    Many processes can claim at once: each locks the organisations that it reads, and passes over those of others.

    Args:
        connection: the caller's transaction.
        runners: those that ask for jobs.
        names: what they are called.
        jobs_max: the quota of organisations that have none of their own.
        lease: for how long the runners have the jobs.
        at: the time.
    """
    only = _only_organisations(runners)
    slots = sum(runner.slots for runner in runners)
    queues: list[OrganisationQueue] = []
    while True:
        found = await turns.turn_lock_next(
            connection,
            organisation_ids=[queue.organisation_id for queue in queues],
            only=only,
            jobs_max=jobs_max,
            limit=ORGANISATIONS_AT_ONCE,
        )
        queues += await _read_queues(connection, found, slots=slots)
        allocation = allocate(queues, runners, at=at)
        is_whole = len(found) < ORGANISATIONS_AT_ONCE or len(queues) >= ORGANISATIONS_MAX
        if is_whole or len(allocation.assigned) == slots:
            break
    claimed = await _write(connection, allocation, names=names, lease=lease)
    await _deactivate(connection, queues, allocation, jobs_max=jobs_max)
    may_be_more = len(allocation.assigned) < slots and await turns.turn_has_others(
        connection, organisation_ids=[queue.organisation_id for queue in queues], only=only
    )
    return Claims(claimed=claimed, may_be_more=may_be_more)


def _only_organisations(runners: Sequence[FreeRunner]) -> list[UUID] | None:
    """Return the only organisations that these runners run jobs for; None if one runs those of all."""
    own = [runner.organisation_id for runner in runners if runner.organisation_id is not None]
    return own if len(own) == len(runners) else None


async def _read_queues(connection: Connection, rows: Sequence[TurnRow], *, slots: int) -> list[OrganisationQueue]:
    if not rows:
        return []
    organisation_ids = [row.organisation_id for row in rows]
    # Read after the locks, so that what others have claimed before counts.
    claimed = await leases.lease_count_by_organisation(connection, organisation_ids=organisation_ids)
    room = {row.organisation_id: max(0, row.jobs_max - claimed.get(row.organisation_id, 0)) for row in rows}
    lanes = await leases.lease_list_first_jobs(
        connection,
        organisation_ids=[organisation_id for organisation_id in organisation_ids if room[organisation_id]],
        lanes_max=LANES_MAX,
        limit=slots,
    )
    return [
        OrganisationQueue(
            organisation_id=row.organisation_id,
            weight=row.weight,
            round=row.round,
            joined_at=row.joined_at,
            deficit=row.deficit,
            room=room[row.organisation_id],
            lanes=lanes.get(row.organisation_id, ()),
        )
        for row in rows
    ]


async def _write(
    connection: Connection, allocation: Allocation, *, names: dict[UUID, str], lease: timedelta
) -> list[ClaimedRow]:
    if allocation.turns:
        await turns.turn_update(
            connection,
            organisation_ids=[turn.organisation_id for turn in allocation.turns],
            rounds=[turn.round for turn in allocation.turns],
            joined_at=[turn.joined_at for turn in allocation.turns],
            deficits=[turn.deficit for turn in allocation.turns],
        )
    if not allocation.assigned:
        return []
    return await leases.lease_claim(
        connection,
        job_ids=[each.job_id for each in allocation.assigned],
        runner_ids=[each.runner_id for each in allocation.assigned],
        runner_names=[names[each.runner_id] for each in allocation.assigned],
        lease=lease,
    )


async def _deactivate(
    connection: Connection, queues: Sequence[OrganisationQueue], allocation: Allocation, *, jobs_max: int
) -> None:
    """Take organisations out of the round robin that have no more jobs to claim, or no room for them."""
    taken = [each.organisation_id for each in allocation.assigned]
    exhausted = [
        queue.organisation_id
        for queue in queues
        if taken.count(queue.organisation_id) >= min(queue.room, sum(len(lane.jobs) for lane in queue.lanes))
    ]
    if not exhausted:
        return
    locked = await turns.turn_lock_exhausted(connection, organisation_ids=exhausted)
    await turns.turn_deactivate(connection, organisation_ids=locked, jobs_max=jobs_max)
