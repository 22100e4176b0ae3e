"""What workers do for logs and runners: archive logs that have ended, and delete what isn't needed any more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from ninefold.core.blobs import BlobQuotaError, Blobs, delete_blob, keep_blob
from ninefold.core.blobs.errors import BlobNotFoundError
from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.postgres.database import Database
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.service.fleet.log_archive import Packer
from ninefold.systems.workflows.service.fleet.logs import decode_lines
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import job_logs, runners
from ninefold.systems.workflows.store.job_logs import JobLog

ARCHIVED_AFTER: Final = timedelta(minutes=2)
"""After its end, so that those who follow a log have read its last lines."""

ARCHIVED_AT_ONCE: Final = 100
CHUNKS_AT_ONCE: Final = 100
ORPHANS_AT_ONCE: Final = 500

RUNNERS_KEPT: Final = timedelta(days=14)
"""Runners that weren't seen for so long are removed, as on GitHub."""

_OWNER: Final = "workflows.job_log"

log = structlog.get_logger(__name__)


class ArchiveLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Move logs that have ended into blobs."""


class CleanFleet(msgspec.Struct, frozen=True, kw_only=True):
    """Delete logs of deleted runs, expired registrations, and runners that are gone."""


ARCHIVE_LOGS: Final = JobKind(name="workflows.archive_logs", payload=ArchiveLogs, timeout_s=600.0)
CLEAN_FLEET: Final = JobKind(name="workflows.clean_fleet", payload=CleanFleet, timeout_s=600.0)


async def archive_logs(job: JobRun[ArchiveLogs], context: WorkerContext[WorkflowsSettings]) -> int:
    """Archive logs; return how many. A repetition goes on with those that are left."""
    before = context.clock.now() - ARCHIVED_AFTER
    archived = 0
    while True:
        async with context.database.connection() as connection:
            found = await job_logs.job_log_list_to_archive(connection, before=before, limit=ARCHIVED_AT_ONCE)
        for each in found:
            job.check()
            if not await archive_log(context.database, context.blobs, each):
                return archived
            archived += 1
        if len(found) < ARCHIVED_AT_ONCE:
            return archived


async def clean_fleet(job: JobRun[CleanFleet], context: WorkerContext[WorkflowsSettings]) -> None:
    """Delete what isn't needed any more. A repetition goes on with what is left."""
    while True:
        job.check()
        async with context.database.transaction() as connection:
            orphans = await job_logs.orphaned_log_take(connection, limit=ORPHANS_AT_ONCE)
            for blob_id, organisation_id in orphans:
                try:
                    await delete_blob(connection, blob_id, organisation_id=organisation_id)
                except BlobNotFoundError:
                    # Its organisation was deleted with all that it had.
                    continue
        if len(orphans) < ORPHANS_AT_ONCE:
            break
    async with context.database.transaction() as connection:
        await runners.registration_delete_expired(connection)
        await runners.runner_delete_unseen(connection, before=context.clock.now() - RUNNERS_KEPT)


async def archive_log(database: Database, blobs: Blobs, each: JobLog) -> bool:
    """Move a log that has ended into a blob; return False if its organisation has no room for it now."""
    packer = Packer()
    parts = [part async for part in _parts(database, each, packer)]
    last, places = packer.end()
    parts += last

    async def contents() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    try:
        blob = await blobs.put(
            database,
            contents(),
            organisation_id=each.organisation_id,
            owner=_OWNER,
            content_type="application/octet-stream",
            size_max=sum(map(len, parts)),
        )
    except BlobQuotaError as error:
        log.warning("workflows.log.not_archived", error=str(error))
        return False
    async with database.transaction() as connection:
        current = await job_logs.job_log_lock(connection, job_id=each.job_id)
        if current is None or current.blob_id is not None:
            # Its run was deleted meanwhile, or another worker was faster; the blob is removed when it expires.
            return True
        await keep_blob(connection, blob.blob_id, organisation_id=each.organisation_id)
        await job_logs.job_log_archive(connection, job_id=each.job_id, blob_id=blob.blob_id, parts=places)
        await job_logs.log_chunk_delete(connection, job_id=each.job_id)
    return True


async def _parts(database: Database, each: JobLog, packer: Packer) -> AsyncIterator[bytes]:
    after = 0
    while True:
        async with database.connection() as connection:
            chunks = await job_logs.log_chunk_list(connection, job_id=each.job_id, after=after, limit=CHUNKS_AT_ONCE)
        for chunk in chunks:
            for part in packer.add(decode_lines(chunk.content)):
                yield part
        if len(chunks) < CHUNKS_AT_ONCE:
            return
        after = chunks[-1].last_line


FLEET_HANDLERS: Final = (JobHandler(ARCHIVE_LOGS, archive_logs), JobHandler(CLEAN_FLEET, clean_fleet))

FLEET_SCHEDULES: Final = (
    Schedule(
        name="workflows.archive_logs_every_minute",
        kind=ARCHIVE_LOGS,
        cron="* * * * *",
        make_payload=lambda _: ArchiveLogs(),
    ),
    Schedule(
        name="workflows.clean_fleet_hourly", kind=CLEAN_FLEET, cron="17 * * * *", make_payload=lambda _: CleanFleet()
    ),
)
