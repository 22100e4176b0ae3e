"""Concurrency groups: of a repository, one run or job at a time is in a group, and others wait.

Names don't differ by case. Runs and jobs share the names of groups, as on GitHub.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.runs import Run
from ninefold.systems.workflows.planning import PlannedConcurrency
from ninefold.systems.workflows.service.runs.background import advance_later, cancel_later
from ninefold.systems.workflows.store import concurrency as store

WAITING_MAX: Final = 100
"""That wait for a group with `queue: max`."""


class Entry(NamedTuple):
    """What has become of an attempt to be in a group."""

    state: Literal["in", "waiting", "refused"]
    why: str = ""
    """Why it waits, or can never be in the group."""
    has_background: bool = False


async def enter(connection: Connection, run: Run, concurrency: PlannedConcurrency, *, key: str | None = None) -> Entry:
    """Let a run that is locked, or one of its jobs, be in a group, or wait for it."""
    name = concurrency.group.lower()
    await store.concurrency_group_lock(connection, repository_id=run.repository_id, name=name)
    entries = await store.concurrency_entry_list(
        connection, repository_id=run.repository_id, group_name=name, limit=WAITING_MAX + 1
    )
    holders = [each for each in entries if each.is_holder]
    waiting = [each for each in entries if not each.is_holder]
    if any(_is_around(run, key, each) for each in holders):
        return Entry(
            "refused", f"The concurrency group {concurrency.group} can't be free: what this is part of is in it."
        )
    if concurrency.queue == "max" and len(waiting) >= WAITING_MAX:
        return Entry("refused", f"{WAITING_MAX} already wait for the concurrency group {concurrency.group}.")
    canceled = [*(waiting if concurrency.queue != "max" else ()), *(holders if concurrency.cancel_in_progress else ())]
    for each in canceled:
        if not each.is_holder:
            await store.concurrency_entry_delete_one(connection, entry_id=each.entry_id)
        await cancel_later(
            connection,
            organisation_id=run.organisation_id,
            run_id=each.run_id,
            attempt=each.attempt,
            job_key=each.job_key,
            why=f"A newer one is in the concurrency group {concurrency.group}, or waits for it.",
        )
    is_holder = not entries
    await store.concurrency_entry_insert(
        connection,
        repository_id=run.repository_id,
        group_name=name,
        run_id=run.run_id,
        attempt=run.attempt,
        job_key=key,
        is_holder=is_holder,
    )
    why = "" if is_holder else f"Another one is in the concurrency group {concurrency.group}."
    return Entry("in" if is_holder else "waiting", why, has_background=bool(canceled))


async def leave(connection: Connection, run: Run, *, key: str | None) -> bool:
    """Let a run, or one of its jobs, leave its group; return whether a durable job was enqueued."""
    return await _advance(
        connection, run, await store.concurrency_entry_delete(connection, run_id=run.run_id, job_key=key)
    )


async def leave_all(connection: Connection, run: Run) -> bool:
    """Let a run and its jobs leave their groups; return whether a durable job was enqueued."""
    return await _advance(connection, run, await store.concurrency_entry_delete_of_run(connection, run_id=run.run_id))


async def _advance(connection: Connection, run: Run, left: Iterable[store.LeftGroup]) -> bool:
    groups = {(each.repository_id, each.group_name) for each in left}
    for repository_id, name in sorted(groups):
        await advance_later(
            connection, organisation_id=run.organisation_id, repository_id=repository_id, group_name=name
        )
    return bool(groups)


def _is_around(run: Run, key: str | None, holder: store.GroupEntry) -> bool:
    """Return whether the run of a job is in a group, or the job that called it: then it never leaves first."""
    if holder.run_id != run.run_id or key is None:
        return False
    return holder.job_key is None or key.startswith(f"{holder.job_key}/")
