from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from callbacks.callbacks_api import CallbacksApi
from durable_jobs import Jobs
from in_process import StartWorker
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.callbacks.jobs import retention
from ninefold.systems.callbacks.jobs.retention import Deleted, first_id_at
from ninefold.systems.callbacks.model import DELETE_EXPIRED, DeleteExpired

# What was received long ago has an id of that time.
MAKE_OLD = """
    UPDATE callbacks.callback
    SET callback_id = ('0100' || substr(callback_id::text, 5))::uuid
    WHERE body <> 'new'
"""


async def delete_expired(database: Database, start_worker: StartWorker) -> Deleted:
    """Run the job in a worker."""
    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_EXPIRED, DeleteExpired(), organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=Deleted)


async def test_old_callbacks_and_digests_are_deleted_in_batches(
    api: CallbacksApi, database: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    source = await api.create_source()
    for body in (b"1", b"2", b"3", b"new"):
        await api.call(source, body)
    await api.call(source, b"4", secret="wrong")
    async with start_worker():
        await api.judged(5, source=source)
    async with database.connection() as connection:
        await connection.execute(MAKE_OLD)
        await connection.execute("UPDATE callbacks.dedupe_key SET expires_at = now() WHERE digest > '\\x80'")
        expired = await connection.fetchval("SELECT count(*) FROM callbacks.dedupe_key WHERE expires_at <= now()")

    deleted = await delete_expired(database, start_worker)

    assert deleted == Deleted(callbacks=4, digests=expired)
    assert [each["body_bytes"] for each in (await api.get("/callbacks"))["items"]] == [3]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM callbacks.dedupe_key") == 8 - expired


async def test_what_waits_to_be_verified_is_kept(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    await api.call(source)
    async with database.connection() as connection:
        await connection.execute(MAKE_OLD)

    async with database.transaction() as connection:
        await connection.execute("SELECT FROM callbacks.callback FOR UPDATE")
        # Locked, so that no worker can verify it in the meantime.
        assert (await delete_expired(database, start_worker)).callbacks == 0


async def test_a_deleted_source_goes_with_its_last_callback(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    used, unused, recent = [await api.create_source() for _ in range(3)]
    await api.call(used, b"new")
    for source in (used, unused, recent):
        await api.request("DELETE", f"/sources/{source['source_id']}")
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE callbacks.source SET deleted_at = now() - interval '2 hours' WHERE token <> $1",
            recent["ingest_url"].rpartition("/")[2],
        )

    await delete_expired(database, start_worker)

    async with database.connection() as connection:
        left = await connection.fetch("SELECT token FROM callbacks.source")
    assert {record["token"] for record in left} == {
        source["ingest_url"].rpartition("/")[2] for source in (used, recent)
    }


def test_ids_from_a_time_on_sort_after_the_first_id_of_that_time() -> None:
    now = datetime.now(UTC)

    assert first_id_at(now - timedelta(milliseconds=1)) < new_id() < first_id_at(now + timedelta(minutes=1))
