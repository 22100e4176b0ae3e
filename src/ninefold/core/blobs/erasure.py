"""Erases the blobs of an organisation: they are deleted at once, and their contents a minute later, as by the sweep."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from ninefold.core.blobs import store
from ninefold.core.blobs.service import Blobs
from ninefold.core.blobs.sweeping import BATCH, REMOVAL_DELAY, remove
from ninefold.core.erasure import Erased
from ninefold.core.postgres.database import Database


async def erase_blobs(
    database: Database,
    blobs: Blobs,
    *,
    organisation_id: UUID,
    check: Callable[[], None],
    removal_delay: timedelta = REMOVAL_DELAY,
) -> Erased:
    """Erase what can be erased now, as an `EraseOrganisation`; it isn't complete while contents are there.

    Raises:
        BlobStoreUnavailableError: some contents can't be removed.
    """
    async with database.transaction() as connection:
        deleted = await store.blob_delete_of_organisation(connection, organisation_id=organisation_id)
    has_more = True
    while has_more:
        check()
        async with database.connection() as connection:
            addresses = await store.blob_list_deleted(
                connection, delay=removal_delay, organisation_id=organisation_id, limit=BATCH
            )
        await remove(database, blobs, addresses)
        has_more = len(addresses) == BATCH
    async with database.transaction() as connection:
        is_complete = not await store.blob_exists(connection, organisation_id=organisation_id)
        if is_complete:
            await store.usage_delete(connection, organisation_id=organisation_id)
    return Erased({"blobs.blob": deleted} if deleted else {}, is_complete=is_complete)
