"""What holds after a kill at any moment: no row names a blob that isn't there, and what no row names is removed."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from subprocess import PIPE, Popen
from uuid import UUID

import msgspec
import pytest

import blob_processes
from blob_contents import StoredObjects, chunks
from durable_jobs import Jobs, running
from ninefold.core.blobs import (
    Blob,
    Blobs,
    BlobStoreUnavailableError,
    BlobUsage,
    delete_blob,
    get_usage,
    keep_blob,
    sweeping,
)
from ninefold.core.blobs.model import BlobAddress
from ninefold.core.blobs.sweeping import SWEEP, SWEEP_HANDLER, SWEEP_SCHEDULE, Sweep, SweepContext, Swept
from ninefold.core.ids import new_id, parse_id
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database

DAY = timedelta(days=1)


class Sweeper:
    """Runs the sweep as a worker does, and says what is left."""

    def __init__(self, database: Database, jobs: Jobs, blobs: Blobs) -> None:
        self._database = database
        self._jobs = jobs
        self._blobs = blobs

    async def sweep(
        self,
        *,
        pending_retention: timedelta,
        removal_delay: timedelta = timedelta(0),
        state: JobState = JobState.SUCCEEDED,
    ) -> Swept | None:
        context = SweepContext(
            database=self._database,
            blobs=self._blobs,
            pending_retention=pending_retention,
            removal_delay=removal_delay,
        )
        async with self._database.transaction() as connection:
            job_id = await enqueue(connection, SWEEP, Sweep(), organisation_id=None)
        async with running(self._database, SWEEP_HANDLER, context=context):
            job = await self._jobs.wait(job_id, state)
        return None if job.result is None else msgspec.json.decode(job.result, type=Swept)

    async def rows(self) -> dict[UUID, str]:
        """Return the states of all blobs."""
        async with self._database.connection() as connection:
            records = await connection.fetch("SELECT blob_id, state FROM blobs.blob")
        return {record["blob_id"]: record["state"] for record in records}

    async def usage(self, organisation_id: UUID) -> BlobUsage:
        """Return what an organisation's blobs take."""
        async with self._database.connection() as connection:
            return await get_usage(connection, organisation_id=organisation_id)


@pytest.fixture
def sweeper(database: Database, jobs: Jobs, blobs: Blobs) -> Sweeper:
    return Sweeper(database, jobs, blobs)


@pytest.fixture
def kill_at(database_url: str, store_url: str, organisation_id: UUID) -> Callable[[str], str]:
    """Start a process, kill it at a moment, and return what it printed."""

    def kill(moment: str) -> str:
        command = [sys.executable, str(blob_processes.__file__), moment, database_url, store_url, str(organisation_id)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with Popen(command, stdout=PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            process.kill()
        assert process.returncode == -signal.SIGKILL
        return line

    return kill


async def put(database: Database, blobs: Blobs, organisation_id: UUID) -> Blob:
    return await blob_processes.put(database, blobs, chunks(b"hello"), organisation_id)


async def test_a_process_that_is_killed_during_an_upload_leaves_nothing(
    kill_at: Callable[[str], str], organisation_id: UUID, sweeper: Sweeper, stored: StoredObjects, store_url: str
) -> None:
    assert kill_at("upload") == "halfway"
    # In a folder, what was written is still there; S3 shows an object only when it is complete.
    assert len(await stored.keys()) == (1 if store_url.startswith("file:") else 0)
    assert await sweeper.usage(organisation_id) == BlobUsage(size_bytes=40_000_000, blob_count=1)

    assert await sweeper.sweep(pending_retention=DAY) == Swept(expired=0, removed=0)
    assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=1, removed=1)

    assert await stored.keys() == []
    assert await sweeper.rows() == {}
    assert await sweeper.usage(organisation_id) == BlobUsage(size_bytes=0, blob_count=0)


async def test_a_process_that_is_killed_before_its_commit_leaves_nothing(
    kill_at: Callable[[str], str], sweeper: Sweeper, stored: StoredObjects
) -> None:
    blob_id = UUID(kill_at("keep"))
    assert len(await stored.keys()) == 1
    assert await sweeper.rows() == {blob_id: "pending"}

    assert await sweeper.sweep(pending_retention=DAY) == Swept(expired=0, removed=0)
    assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=1, removed=1)

    assert await stored.keys() == []
    assert await sweeper.rows() == {}


async def test_a_sweep_that_is_killed_before_it_removes_rows_is_repeated(
    kill_at: Callable[[str], str], organisation_id: UUID, sweeper: Sweeper, stored: StoredObjects
) -> None:
    blob_id = UUID(kill_at("remove"))
    assert await stored.keys() == []
    assert await sweeper.rows() == {blob_id: "deleted"}

    assert await sweeper.sweep(pending_retention=DAY) == Swept(expired=0, removed=1)

    assert await sweeper.rows() == {}
    assert await sweeper.usage(organisation_id) == BlobUsage(size_bytes=0, blob_count=0)


async def test_only_what_no_row_names_is_removed(
    database: Database, blobs: Blobs, organisation_id: UUID, sweeper: Sweeper, stored: StoredObjects
) -> None:
    kept, deleted, _ = [await put(database, blobs, organisation_id) for _ in range(3)]
    async with database.transaction() as connection:
        await keep_blob(connection, kept.blob_id, organisation_id=organisation_id)
        await keep_blob(connection, deleted.blob_id, organisation_id=organisation_id)
        await delete_blob(connection, deleted.blob_id, organisation_id=organisation_id)

    assert await sweeper.sweep(pending_retention=DAY) == Swept(expired=0, removed=1)
    assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=1, removed=1)

    (key,) = await stored.keys()
    assert parse_id("blob", key.rpartition("/")[2]) == kept.blob_id
    assert await sweeper.usage(organisation_id) == BlobUsage(size_bytes=5, blob_count=1)
    assert b"".join([piece async for piece in blobs.read(kept)]) == b"hello"


async def test_contents_stay_for_a_while_after_they_were_deleted(
    database: Database, blobs: Blobs, organisation_id: UUID, sweeper: Sweeper, stored: StoredObjects
) -> None:
    blob = await put(database, blobs, organisation_id)
    async with database.transaction() as connection:
        await delete_blob(connection, blob.blob_id, organisation_id=organisation_id)

    assert await sweeper.sweep(pending_retention=DAY, removal_delay=DAY) == Swept(expired=0, removed=0)

    assert len(await stored.keys()) == 1


async def test_a_blob_that_a_transaction_is_just_keeping_is_not_expired(
    database: Database, blobs: Blobs, organisation_id: UUID, sweeper: Sweeper, stored: StoredObjects
) -> None:
    blob = await put(database, blobs, organisation_id)

    async with database.transaction() as connection:
        await keep_blob(connection, blob.blob_id, organisation_id=organisation_id)
        assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=0, removed=0)

    assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=0, removed=0)
    assert len(await stored.keys()) == 1


async def test_it_removes_batches_until_nothing_is_left(
    database: Database, blobs: Blobs, sweeper: Sweeper, stored: StoredObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    for _ in range(5):
        await put(database, blobs, new_id())

    assert await sweeper.sweep(pending_retention=timedelta(0)) == Swept(expired=5, removed=5)
    assert await stored.keys() == []


async def test_contents_that_cannot_be_removed_keep_their_row_and_fail_the_job(
    database: Database, blobs: Blobs, organisation_id: UUID, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await put(database, blobs, organisation_id)
    await put(database, blobs, organisation_id)
    monkeypatch.setattr(blobs, "remove_contents", refusing(blobs, refused))

    await sweeper.sweep(pending_retention=timedelta(0), state=JobState.RETRYING)

    assert await sweeper.rows() == {refused.blob_id: "deleted"}


def refusing(blobs: Blobs, refused: Blob) -> Callable[[BlobAddress], object]:
    """Return what removes all contents but those of one blob."""
    remove_contents = blobs.remove_contents

    async def remove(address: BlobAddress) -> None:
        if address.blob_id == refused.blob_id:
            raise BlobStoreUnavailableError("The store refuses.")
        await remove_contents(address)

    return remove


def test_it_runs_every_five_minutes() -> None:
    assert (SWEEP_SCHEDULE.kind, SWEEP_SCHEDULE.cron) == (SWEEP_HANDLER.kind, "*/5 * * * *")
