"""The schedule that deletes old logs, responses and conversations that nobody can read any more."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store.conversations import conversation_delete_unused
from ninefold.systems.assistant.store.responses import response_delete_logs, response_delete_unused

BATCH: Final = 200
"""Responses or conversations that one transaction deletes."""

DELETED_GRACE: Final = timedelta(hours=1)
"""How long what was deleted stays, for clients that are still reading it."""


class DeleteExpired(msgspec.Struct, frozen=True, kw_only=True):
    """Delete what the settings no longer keep."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    logs: int
    responses: int
    conversations: int


DELETE_EXPIRED: Final = JobKind(name="assistant.delete_expired", payload=DeleteExpired, timeout_s=3_600.0)


async def delete_expired(job: JobRun[DeleteExpired], context: WorkerContext[AssistantSettings]) -> Deleted:
    """Delete logs, responses and conversations that are no longer kept."""
    now, settings = context.clock.now(), context.settings
    deleted_before = now - DELETED_GRACE

    async def repeat(delete: Callable[[Connection], Awaitable[int]]) -> int:
        total, count = 0, BATCH
        while count == BATCH:
            job.check()
            async with context.database.transaction() as connection:
                count = await delete(connection)
            total += count
        return total

    return Deleted(
        conversations=await repeat(
            lambda connection: conversation_delete_unused(connection, before=deleted_before, limit=BATCH)
        ),
        responses=await repeat(
            lambda connection: response_delete_unused(
                connection,
                deleted_before=deleted_before,
                ended_before=now - timedelta(seconds=settings.responses_kept_s),
                limit=BATCH,
            )
        ),
        logs=await repeat(
            lambda connection: response_delete_logs(
                connection, before=now - timedelta(seconds=settings.log_kept_s), limit=BATCH
            )
        ),
    )


DELETE_EXPIRED_HANDLER: Final = JobHandler(DELETE_EXPIRED, delete_expired)

DELETE_EXPIRED_HOURLY: Final = Schedule(
    name="assistant.delete_expired",
    kind=DELETE_EXPIRED,
    cron="37 * * * *",
    make_payload=lambda _: DeleteExpired(),
)
