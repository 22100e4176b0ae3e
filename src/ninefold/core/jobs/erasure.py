"""Erases the jobs of an organisation. Those that run are asked to stop, and are erased when they have."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.erasure import BATCH, Erased
from ninefold.core.jobs import store
from ninefold.core.postgres.database import Database

CANCELED_BY: Final = "the erasure of its organisation"


async def erase_jobs(database: Database, *, organisation_id: UUID, check: Callable[[], None]) -> Erased:
    """See `EraseOrganisation`."""
    count, deleted, running = 0, BATCH, 0
    while deleted == BATCH:
        check()
        async with database.transaction() as connection:
            deleted = await store.job_delete_of_organisation(connection, organisation_id=organisation_id, limit=BATCH)
            running = await store.job_cancel_of_organisation(
                connection, organisation_id=organisation_id, canceled_by=CANCELED_BY
            )
        count += deleted
    return Erased({"jobs.job": count} if count else {}, is_complete=not running)
