"""The schedule that deletes files that were uploaded and that no message shares."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.blobs import delete_blob
from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.messaging.settings import MessagingSettings
from ninefold.systems.messaging.store.files import file_delete_unused

BATCH: Final = 200
"""Files that one transaction deletes."""


class DeleteUnshared(msgspec.Struct, frozen=True, kw_only=True):
    """Delete files that no message shares."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    files: int


DELETE_UNSHARED: Final = JobKind(name="messaging.delete_unshared_files", payload=DeleteUnshared, timeout_s=3_600.0)


async def delete_unshared(job: JobRun[DeleteUnshared], context: WorkerContext[MessagingSettings]) -> Deleted:
    """Delete files with their contents, a batch after the other. A repetition finds those that are left."""
    before = context.clock.now() - timedelta(seconds=context.settings.unshared_files_kept_s)
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            deleted = await file_delete_unused(connection, before=before, limit=BATCH)
            for organisation_id, blob_id in deleted:
                if blob_id is not None:
                    await delete_blob(connection, blob_id, organisation_id=organisation_id)
        count = len(deleted)
        total += count
    return Deleted(files=total)


DELETE_UNSHARED_HANDLER: Final = JobHandler(DELETE_UNSHARED, delete_unshared)

DELETE_UNSHARED_HOURLY: Final = Schedule(
    name=DELETE_UNSHARED.name,
    kind=DELETE_UNSHARED,
    cron="23 * * * *",
    make_payload=lambda _: DeleteUnshared(),
)
