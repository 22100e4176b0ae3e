"""A process that works on blobs and stops at a chosen moment, to be killed there.

    python tests/blob_processes.py upload|keep|remove DATABASE_URL STORE_URL ORGANISATION_ID

It prints the blob's id, or `halfway`, once it has stopped.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, cast
from unittest.mock import AsyncMock, patch
from uuid import UUID

import uvloop

from blob_contents import megabytes
from ninefold.core.blobs import Blob, Blobs, delete_blob, keep_blob
from ninefold.core.blobs.objects import open_objects
from ninefold.core.blobs.sweeping import Sweep, SweepContext, sweep
from ninefold.core.jobs import JobRun
from ninefold.core.postgres.database import Database


async def stop(line: object) -> NoReturn:
    """Say that the moment has come, and wait to be killed."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
    raise AssertionError("nothing sets the event")


async def half_of_a_file() -> AsyncIterator[bytes]:
    """Yield 20 MiB, of which some parts are in the store, and then nothing more."""
    async for chunk in megabytes(20):
        yield chunk
    await stop("halfway")


async def put(database: Database, blobs: Blobs, contents: AsyncIterator[bytes], organisation_id: UUID) -> Blob:
    """Upload a blob of up to 40 MB."""
    return await blobs.put(
        database,
        contents,
        organisation_id=organisation_id,
        owner="test.file",
        content_type="text/plain",
        size_max=40_000_000,
    )


async def main(moment: str, database_url: str, store_url: str, organisation: str) -> None:
    """Work until the chosen moment."""
    database = await Database.connect(database_url, application_name="ninefold-test")
    blobs = Blobs(open_objects(store_url, data_dir=Path("/nowhere")), organisation_bytes_max=50_000_000)
    organisation_id = UUID(organisation)
    if moment == "upload":
        await put(database, blobs, half_of_a_file(), organisation_id)
    blob = await put(database, blobs, megabytes(10), organisation_id)
    async with database.transaction() as connection:
        await keep_blob(connection, blob.blob_id, organisation_id=organisation_id)
        if moment == "keep":
            await stop(blob.blob_id)
    async with database.transaction() as connection:
        await delete_blob(connection, blob.blob_id, organisation_id=organisation_id)
    # Its contents are removed, and its row isn't yet.
    with patch("ninefold.core.blobs.store.blob_remove", lambda *_, **__: stop(blob.blob_id)):
        await sweep(
            cast("JobRun[Sweep]", AsyncMock()),
            SweepContext(
                database=database, blobs=blobs, pending_retention=timedelta(days=1), removal_delay=timedelta(0)
            ),
        )


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
