"""Says of each queued job what it waits for, and when it may start."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.fleet import Blocker, Lane, Runner, lower_labels
from ninefold.systems.workflows.service.fleet.runners import RUNNERS_LISTED_MAX
from ninefold.systems.workflows.store import leases, queue_entries
from ninefold.systems.workflows.store import runners as runner_store
from ninefold.systems.workflows.store.queue_entries import QueueEntry, QueuePlace

ONLINE_WITHIN: Final = timedelta(seconds=75)
"""A runner that waits for jobs is seen at least every 50 s."""

ESTIMATED_FROM: Final = timedelta(minutes=10)
"""How far back the rate is looked at with which jobs start."""

STARTED_MIN: Final = 3
"""With fewer jobs in that time, there is no estimate."""

STARTED_MAX: Final = 10_000


class ExplainedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A queued job, its place in its organisation's queue, and what it waits for."""

    entry: QueueEntry
    position: int
    """From 1; jobs that no connected runner can take don't count among those before it."""
    ahead: int
    """How many jobs of its organisation come before the next one."""
    blocker: Blocker
    why: str
    estimated_start_at: datetime | None

    @property
    def place(self) -> QueuePlace:
        """Where it is in the queue."""
        entry = self.entry
        return QueuePlace(ahead=self.ahead, priority=entry.priority, queued_at=entry.queued_at, job_id=entry.job_id)


async def explain_queue(
    connection: Connection,
    *,
    organisation_id: UUID,
    jobs_max: int,
    after: QueuePlace | None,
    limit: int,
    now: datetime,
) -> list[ExplainedJob]:
    """Return the queued jobs of an organisation in the order in which they start, each explained.

    Args:
        connection: any connection.
        organisation_id: whose jobs.
        jobs_max: the quota of organisations that have none of their own.
        after: the last job of the page before.
        limit: how many.
        now: the time.
    """
    entries = await queue_entries.queue_entry_list(
        connection, organisation_id=organisation_id, after=after, limit=limit
    )
    if not entries:
        return []
    share = await runner_store.share_find(connection, organisation_id=organisation_id)
    quota = jobs_max if share is None or share.jobs_max is None else share.jobs_max
    claimed = (await leases.lease_count_by_organisation(connection, organisation_ids=[organisation_id])).get(
        organisation_id, 0
    )
    runners = [
        runner
        for runner in await runner_store.runner_list(
            connection, organisation_id=organisation_id, after=None, limit=RUNNERS_LISTED_MAX
        )
        if is_online(runner, now=now) and runner.draining_since is None
    ]
    interval = await _interval(connection, organisation_id, now=now)
    ahead = 0 if after is None else after.ahead
    explained = []
    for entry in entries:
        position = ahead + 1
        blocker, why = _explain(entry, runners, is_full=claimed >= quota, quota=quota, position=position)
        ahead += blocker != "labels"
        can_start = blocker in {"quota", "turn"} and interval is not None
        explained.append(
            ExplainedJob(
                entry=entry,
                position=position,
                ahead=ahead,
                blocker=blocker,
                why=why,
                estimated_start_at=now + interval * position if can_start and interval is not None else None,
            )
        )
    return explained


def is_online(runner: Runner, *, now: datetime) -> bool:
    """Return whether a runner was seen lately."""
    return now - runner.seen_at < ONLINE_WITHIN


def _explain(
    entry: QueueEntry, runners: Sequence[Runner], *, is_full: bool, quota: int, position: int
) -> tuple[Blocker, str]:
    if not runners:
        return "no_runner", "No runner is connected."
    lane = Lane(labels=lower_labels(entry.labels), runner_group=entry.runner_group or "", jobs=())
    if not any(_could_run(runner, lane) for runner in runners):
        wanted = ", ".join(entry.labels) or "no label"
        group = f" in the group {entry.runner_group}" if entry.runner_group else ""
        return "labels", f"No connected runner{group} has all of these labels: {wanted}."
    if is_full:
        return "quota", f"Your organisation runs {quota:,} jobs at once, as many as it can."
    if position == 1:
        return "turn", "It is the next of your organisation; all runners that it can run on are busy."
    if position == 2:  # noqa: PLR2004 - one other than itself.
        return "turn", "1 job of your organisation comes first."
    return "turn", f"{position - 1:,} jobs of your organisation come first."


def _could_run(runner: Runner, lane: Lane) -> bool:
    return lane.runner_group in ("", runner.runner_group) and lane.labels <= lower_labels(runner.labels)


async def _interval(connection: Connection, organisation_id: UUID, *, now: datetime) -> timedelta | None:
    started = await queue_entries.queue_entry_count_started(
        connection, organisation_id=organisation_id, since=now - ESTIMATED_FROM, limit=STARTED_MAX
    )
    return None if started < STARTED_MIN else ESTIMATED_FROM / started
