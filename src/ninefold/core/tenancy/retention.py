"""An hourly job that deletes ended sessions and links, forgotten failures, and old entries of the audit log."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.clock import Clock
from ninefold.core.jobs.handlers import JobHandler, JobRun
from ninefold.core.jobs.model import JobKind
from ninefold.core.jobs.schedules import Schedule
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.lockout import FORGOTTEN_AFTER
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK, PASSWORD_LINK, SESSION, SETUP_LINK
from ninefold.core.tenancy.store.audit_log import audit_entry_delete_old
from ninefold.core.tenancy.store.credentials import credential_delete_expired
from ninefold.core.tenancy.store.sign_in_limits import sign_in_limit_delete_old

BATCH: Final = 1_000
"""Rows that one transaction deletes."""

ENDED_KEPT: Final = timedelta(days=30)
"""How long sessions and links are kept after they would have expired."""

_SHORT_LIVED: Final = [kind.name for kind in (SESSION, SETUP_LINK, INVITATION_LINK, PASSWORD_LINK)]


class DeleteEnded(msgspec.Struct, frozen=True):
    """The empty payload of the job."""


class TenancyRetention(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler uses."""

    database: Database
    clock: Clock
    audit_log_retention: timedelta
    """How long entries of the audit log are kept."""


async def delete_ended(job: JobRun[DeleteEnded], context: TenancyRetention) -> int:
    """Delete in batches, and return how many rows. The next run continues if this one times out."""

    async def credentials(connection: Connection) -> int:
        return await credential_delete_expired(connection, kinds=_SHORT_LIVED, retention=ENDED_KEPT, limit=BATCH)

    async def limits(connection: Connection) -> int:
        failed_before = context.clock.now() - FORGOTTEN_AFTER
        return await sign_in_limit_delete_old(connection, failed_before=failed_before, limit=BATCH)

    async def entries(connection: Connection) -> int:
        return await audit_entry_delete_old(connection, retention=context.audit_log_retention, limit=BATCH)

    deletions: list[Callable[[Connection], Awaitable[int]]] = [credentials, limits, entries]
    total = 0
    for delete in deletions:
        count = BATCH
        while count == BATCH:
            async with context.database.transaction() as connection:
                count = await delete(connection)
            total += count
            await job.report(total)
    return total


DELETE_ENDED: Final = JobKind(name="tenancy.delete_ended", payload=DeleteEnded, attempts_max=3, timeout_s=3_000.0)

DELETE_ENDED_HANDLER: Final = JobHandler(DELETE_ENDED, delete_ended)

DELETE_ENDED_SCHEDULE: Final = Schedule(
    name=DELETE_ENDED.name, kind=DELETE_ENDED, cron="37 * * * *", make_payload=lambda _: DeleteEnded()
)
