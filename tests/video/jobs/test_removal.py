"""Uploads and sources whose time is over are removed, and nothing else."""

from collections.abc import Mapping

import msgspec
import pytest

from durable_jobs import Jobs
from http_api import Api
from in_process import StartWorker
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.video.jobs.removal import CLEAN
from ninefold.systems.video.model.removal import Clean, Cleaned
from ninefold.systems.video.service import removal
from video_uploads import VIDEO, Uploads


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return {"NINEFOLD_DATA_DIR": str(tmp_path_factory.mktemp("video"))}


async def clean(database: Database, start_worker: StartWorker) -> Cleaned:
    async with database.transaction() as connection:
        job_id = await enqueue(connection, CLEAN, Clean(), organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=Cleaned)


async def test_what_isnt_kept_is_removed(
    api: Api, database: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH", 1)
    uploads = Uploads(api)
    expired, going, old = [await uploads.create(title=name) for name in ("Expired", "Going", "Old")]
    for upload in (expired, going, old):
        assert (await uploads.append(upload, VIDEO[:1_000])).status_code == 204
    for offset in (1_000, 2_000):
        await uploads.append(old, VIDEO[offset : offset + 1_000], offset=offset)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE video.upload SET expires_at = now() - interval '1 s' "
            "WHERE title_id = (SELECT title_id FROM video.title WHERE name = 'Expired')"
        )
        await connection.execute(
            "UPDATE video.title SET status = 'failed', why = 'Broken.', ended_at = now() - interval '25 h' "
            "WHERE name = 'Old'"
        )

    cleaned = await clean(database, start_worker)

    assert cleaned == Cleaned(uploads=1, files=3)
    titles = {title["name"]: title for title in (await api.get("/video/titles"))["items"]}
    assert titles["Expired"]["status"] == "failed"
    assert titles["Expired"]["why"].startswith("The upload has expired at 1,000 of 10,244 bytes.")
    assert titles["Going"]["status"] == "uploading"
    async with database.connection() as connection:
        kept = await connection.fetch("SELECT state, count(*) AS count FROM blobs.blob GROUP BY state ORDER BY state")
    assert [tuple(row) for row in kept] == [("deleted", 3), ("stored", 2)]
