"""Jobs that remove: a title's files once it was canceled or deleted, sources and uploads whose time is over."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.video.model.removal import Clean, Cleaned, Removed, RemoveTitle
from ninefold.systems.video.service.removal import REMOVE_TITLE, remove_files, remove_source
from ninefold.systems.video.service.uploads import expire_upload
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.leftovers import leftover_list_source_titles, leftover_list_titles
from ninefold.systems.video.store.uploads import upload_list_expired

TITLES_MAX: Final = 500
"""Titles that one run looks at; the next one goes on."""

GRACE: Final = timedelta(minutes=1)
"""What encodes a title may still write for a moment after it was canceled."""

CLEAN: Final = JobKind(name="video.clean", payload=Clean, timeout_s=3_600.0)


async def remove_title(job: JobRun[RemoveTitle], context: WorkerContext[VideoSettings]) -> Removed:
    """Remove the files of a title, a batch after the other. A repetition finds those that are left."""
    return Removed(files=await _remove_all(job, context, job.payload.title_id))


async def clean(job: JobRun[Clean], context: WorkerContext[VideoSettings]) -> Cleaned:
    """End what has expired, and remove what isn't kept. A repetition finds what is left."""
    now = context.clock.now()
    kept_until = now - timedelta(seconds=context.settings.sources_kept_s)
    count = await _expire(context)
    async with context.database.connection() as connection:
        leftover = await leftover_list_titles(connection, before=now - GRACE, limit=TITLES_MAX)
        sources = await leftover_list_source_titles(connection, before=kept_until, limit=TITLES_MAX)
    files = 0
    for title_id in leftover:
        files += await _remove_all(job, context, title_id)
    for title_id in sources:
        files += await _remove_sources(job, context, title_id)
    return Cleaned(uploads=count, files=files)


async def _expire(context: WorkerContext[VideoSettings]) -> int:
    async with context.database.connection() as connection:
        expired = await upload_list_expired(connection, at=context.clock.now(), limit=TITLES_MAX)
    for upload in expired:
        async with context.database.transaction() as connection:
            changed = await expire_upload(connection, upload, context.clock.now())
        changed.notify(context.notifier)
    return len(expired)


async def _remove_all(
    job: JobRun[RemoveTitle] | JobRun[Clean], context: WorkerContext[VideoSettings], title_id: UUID
) -> int:
    files = 0
    while True:
        job.check()
        async with context.database.transaction() as connection:
            count = await remove_files(connection, title_id)
        files += count
        if count == 0:
            return files


async def _remove_sources(job: JobRun[Clean], context: WorkerContext[VideoSettings], title_id: UUID) -> int:
    files = 0
    while True:
        job.check()
        async with context.database.transaction() as connection:
            count = await remove_source(connection, title_id)
        files += count
        if count == 0:
            return files


REMOVE_TITLE_HANDLER: Final = JobHandler(REMOVE_TITLE, remove_title)

CLEAN_HANDLER: Final = JobHandler(CLEAN, clean)

CLEAN_OFTEN: Final = Schedule(name=CLEAN.name, kind=CLEAN, cron="*/10 * * * *", make_payload=lambda _: Clean())
