"""Erases what the core and the systems have of an organisation: a durable job, which continues after every failure.

The organisation itself is deleted first, in the transaction that enqueues the job, so that nothing answers for it any
more. The job then goes through all systems again and again, until it finds nothing: requests that had begun end, and so
does what workers have in flight.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.blobs import Blobs
from ninefold.core.blobs.erasure import erase_blobs
from ninefold.core.clock import Clock
from ninefold.core.erasure import Erased, EraseOrganisation
from ninefold.core.ids import format_id
from ninefold.core.jobs import Job, JobHandler, JobKind, JobRun, enqueue_unique
from ninefold.core.jobs.erasure import erase_jobs
from ninefold.core.jobs.service import list_jobs
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.system import AnySystem
from ninefold.core.tenancy.erasure import delete_organisation, erase_audit_log
from ninefold.core.tenancy.model import ORGANISATION_PREFIX

QUIET: Final = timedelta(seconds=60)
"""How long after the organisation was deleted something can still be written for it: by requests that had begun."""

SETTLED_S: Final = 75.0
"""How long nothing must have been found: workers add up figures of what they did, and write them every minute."""

PASS_INTERVAL_S: Final = 1.0

LISTED_MAX: Final = 1_000
"""Earlier erasures among which one is found."""


class EraseData(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of the job."""

    organisation_id: UUID
    requested_at: datetime
    settled_s: float = SETTLED_S


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased; the result of the job and its cursor. What was counted before a failure may be missing."""

    counts: Mapping[str, Mapping[str, int]] = {}
    """For the core and each system, how many rows of which tables."""
    not_erased: Sequence[str] = ()
    """The systems that can't erase an organisation; what they have of it stays."""


class ErasureContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler uses."""

    database: Database
    blobs: Blobs
    clock: Clock
    systems: Sequence[AnySystem]


async def begin_erasure(
    connection: Connection,
    *,
    organisation_id: UUID,
    confirmed_name: str,
    requested_at: datetime,
    settled_s: float = SETTLED_S,
) -> None:
    """Delete an organisation and enqueue the job that erases its data, in the caller's transaction.

    Args:
        connection: the transaction.
        organisation_id: the organisation.
        confirmed_name: its name, as somebody has typed it.
        requested_at: the time.
        settled_s: for how long nothing must have been found; less only if no worker ran before.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        NotConfirmedError: its name is another one.
    """
    await delete_organisation(connection, organisation_id=organisation_id, confirmed_name=confirmed_name)
    await enqueue_unique(
        connection,
        ERASE,
        EraseData(organisation_id=organisation_id, requested_at=requested_at, settled_s=settled_s),
        organisation_id=None,
        key=format_id(ORGANISATION_PREFIX, organisation_id),
    )


async def find_erasure(connection: Connection, *, organisation_id: UUID) -> Job | None:
    """Return the job that erases an organisation, or has erased it; None if there is none, or not any more."""
    for job in await list_jobs(connection, kind=ERASE.name, limit=LISTED_MAX):
        if msgspec.json.decode(job.payload, type=EraseData).organisation_id == organisation_id:
            return job
    return None


async def erase_data(job: JobRun[EraseData], context: ErasureContext) -> Erasure:
    """Erase in passes until one finds nothing that began when nothing could be written any more."""
    erasure = job.read_cursor(Erasure) or Erasure(
        not_erased=[system.name for system in context.systems if system.erase is None]
    )
    quiet_at, settled = job.payload.requested_at + QUIET, timedelta(seconds=job.payload.settled_s)
    is_over = False
    while not is_over:
        is_quiet = context.clock.now() >= quiet_at
        is_clean = True
        async for name, erased in _erase_once(job, context):
            erasure = _with(erasure, name, erased)
            is_clean = is_clean and erased.is_complete and not erased.counts
            if erased.counts:
                async with context.database.transaction() as connection:
                    await job.save(connection, cursor=erasure, done=_total(erasure), note=name)
        is_over = is_quiet and is_clean
        if not is_clean:
            quiet_at = max(quiet_at, context.clock.now() + settled)
        if not is_over:
            await job.report(_total(erasure), note="what had begun before ends first")
            await asyncio.sleep(PASS_INTERVAL_S)
    return erasure


async def _erase_once(job: JobRun[EraseData], context: ErasureContext) -> AsyncIterator[tuple[str, Erased]]:
    steps: list[tuple[str, EraseOrganisation]] = [
        ("core", erase_jobs),
        *[(system.name, system.erase) for system in context.systems if system.erase is not None],
        ("core", partial(erase_blobs, blobs=context.blobs)),
        ("core", erase_audit_log),
    ]
    for name, erase in steps:
        job.check()
        yield name, await erase(context.database, organisation_id=job.payload.organisation_id, check=job.check)


def _with(erasure: Erasure, name: str, erased: Erased) -> Erasure:
    counts = dict(erasure.counts.get(name, {}))
    for table, count in erased.counts.items():
        counts[table] = counts.get(table, 0) + count
    return msgspec.structs.replace(erasure, counts={**erasure.counts, name: counts} if counts else erasure.counts)


def _total(erasure: Erasure) -> int:
    return sum(count for counts in erasure.counts.values() for count in counts.values())


ERASE: Final = JobKind(name="tenancy.erase_organisation", payload=EraseData, attempts_max=1_000, timeout_s=86_400.0)
"""It is tried again for weeks, because a store that doesn't answer must not leave anything."""

ERASE_HANDLER: Final = JobHandler(ERASE, erase_data)
