"""An upload that no message shares is deleted after its time, and what is shared stays."""

import msgspec
import pytest

from durable_jobs import Jobs
from http_api import Api
from in_process import StartWorker
from messaging_api import Talk, upload
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.messaging.jobs import unshared_files
from ninefold.systems.messaging.jobs.unshared_files import DELETE_UNSHARED, Deleted, DeleteUnshared


async def test_what_nobody_has_shared_is_deleted_with_its_contents(
    api: Api, database: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unshared_files, "BATCH", 2)
    talk = Talk(api)
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    shared = await upload(api, ines)
    await talk.post(channel, ines, "Look", file_ids=[shared["file_id"]])
    old = [await upload(api, ines) for _ in range(3)]
    async with database.transaction() as connection:
        await connection.execute("UPDATE messaging.file SET created_at = created_at - interval '25 hours'")
    recent = await upload(api, ines)

    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_UNSHARED, DeleteUnshared(), organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)

    assert job.result is not None
    assert msgspec.json.decode(job.result, type=Deleted) == Deleted(files=3)
    for file in old:
        await api.refused(404, "GET", f"/messaging/files/{file['file_id']}")
    for file in (shared, recent):
        assert (await api.request("GET", f"/messaging/files/{file['file_id']}/content")).content == b"The plan."
    async with database.connection() as connection:
        states = [row["state"] for row in await connection.fetch("SELECT state FROM blobs.blob ORDER BY state")]
    assert states == ["deleted"] * 3 + ["stored"] * 2
