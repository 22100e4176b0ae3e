"""Titles over the API: from the first bytes on, changed, canceled, tried again, deleted."""

from collections.abc import Mapping

import pytest

from durable_jobs import Jobs
from http_api import Api, Json
from in_process import StartWorker
from ninefold.core.ids import parse_id
from ninefold.core.jobs import JobState
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.service.titles import title_failed
from video_uploads import VIDEO, Uploads


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return {"NINEFOLD_DATA_DIR": str(tmp_path_factory.mktemp("video"))}


async def upload_title(api: Api, content: bytes = VIDEO, *, length: int | None = None, **pairs: str) -> Json:
    """Upload bytes; return the title."""
    uploads = Uploads(api)
    upload = await uploads.create(length or len(content), None, **pairs)
    if content:
        assert (await uploads.append(upload, content)).status_code == 204
    shown = await uploads.show(upload)
    return await api.get(f"/video/titles/{shown['title_id']}")


async def fail(database: Database, title: Json) -> None:
    async with database.transaction() as connection:
        at = await connection.fetchval("SELECT now()")
        await connection.execute("UPDATE video.task SET status = 'failed', finished_at = now(), error = 'broken'")
        await title_failed(connection, parse_id(TITLE_PREFIX, title["title_id"]), "It is broken. Upload it again.", at)


async def test_a_title_is_there_before_its_first_byte(api: Api) -> None:
    title = await upload_title(api, b"", length=5_000, filename="The quarry.mkv", tags="nature, short", maturity="6")

    assert title["name"] == "The quarry"
    assert title["tags"] == ["nature", "short"]
    assert title["maturity"] == 6
    assert title["status"] == "uploading"
    assert title["upload"]["bytes_received"] == 0
    assert title["upload"]["bytes_total"] == 5_000
    assert title["upload"]["upload_id"].startswith("vup_")
    assert title["hls_url"] is None
    assert title["live_channel"] == f"video.title:{title['title_id']}"


async def test_a_title_has_addresses_from_its_first_bytes_on(api: Api) -> None:
    title = await upload_title(api, VIDEO[:100], length=5_000)

    assert title["upload"]["bytes_received"] == 100
    assert title["first_bytes_at"] is not None
    assert title["hls_url"].endswith(f"{title['title_id']}/master.m3u8")
    assert title["dash_url"].endswith(f"{title['title_id']}/manifest.mpd")
    assert (title["chunks_ready"], title["chunks_total"], title["rungs"]) == (0, 0, [])
    ladder = await api.get(f"/video/titles/{title['title_id']}/ladder")
    assert (ladder["chunks"], ladder["rungs"], ladder["notes"]) == ([], [], [])


async def test_titles_are_listed_by_status_and_name(api: Api) -> None:
    quarry = await upload_title(api, b"", length=10, title="The quarry")
    harbour = await upload_title(api, title="Harbour at night")

    async def listed(query: str) -> list[str]:
        return [each["title_id"] for each in (await api.get(f"/video/titles{query}"))["items"]]

    assert await listed("") == [harbour["title_id"], quarry["title_id"]]
    assert await listed("?status=processing") == [harbour["title_id"]]
    assert await listed("?q=QUARRY") == [quarry["title_id"]]
    assert await listed("?q=100%25") == []
    assert [len(page) for page in await api.walk("/video/titles", limit=1)] == [1, 1]


async def test_what_people_say_about_a_title_can_be_changed(api: Api) -> None:
    title = await upload_title(api)
    path = f"/video/titles/{title['title_id']}"

    changed = await api.done(
        "PATCH", path, json={"name": " Red granite ", "description": "A day.", "tags": ["red", "red"], "maturity": 12}
    )
    partly = await api.done("PATCH", path, json={"description": ""})
    refused = await api.refused(422, "PATCH", path, json={"maturity": 7})

    assert (changed["name"], changed["tags"], changed["maturity"]) == ("Red granite", ["red"], 12)
    assert (partly["name"], partly["description"]) == ("Red granite", "")
    assert refused["field"] == "maturity"


async def test_a_canceled_title_keeps_nothing(api: Api, database: Database, start_worker: StartWorker) -> None:
    title = await upload_title(api, VIDEO[:2_000], length=5_000)
    path = f"/video/titles/{title['title_id']}"

    canceled = await api.done("POST", f"{path}/cancel")
    again = await api.refused(409, "POST", f"{path}/cancel")
    async with database.connection() as connection:
        job_id = await connection.fetchval("SELECT job_id FROM jobs.job WHERE kind = 'video.remove_title'")
    async with start_worker():
        await Jobs(database).wait(job_id, JobState.SUCCEEDED)

    assert canceled["status"] == "canceled"
    assert canceled["why"].startswith("It was canceled by API key key_")
    assert (canceled["hls_url"], canceled["upload"]) == (None, None)
    assert again["code"] == "video_title_ended"
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM video.source_part") == 0
        assert [row["state"] for row in await connection.fetch("SELECT state FROM blobs.blob")] == ["deleted"]
        assert [row["status"] for row in await connection.fetch("SELECT status FROM video.task")] == ["canceled"]
    assert (await api.get(path))["status"] == "canceled"


async def test_a_deleted_title_is_gone(api: Api, database: Database, start_worker: StartWorker) -> None:
    title = await upload_title(api)
    path = f"/video/titles/{title['title_id']}"

    assert (await api.request("DELETE", path)).status_code == 204
    await api.refused(404, "GET", path)
    await api.refused(404, "DELETE", path)
    assert (await api.get("/video/titles"))["items"] == []
    async with database.connection() as connection:
        job_id = await connection.fetchval("SELECT job_id FROM jobs.job WHERE kind = 'video.remove_title'")
    async with start_worker():
        await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM video.title") == 0
        assert await connection.fetchval("SELECT count(*) FROM blobs.blob WHERE state <> 'deleted'") == 0


async def test_what_has_failed_can_be_tried_again(api: Api, database: Database) -> None:
    title = await upload_title(api)
    path = f"/video/titles/{title['title_id']}"
    not_failed = await api.refused(409, "POST", f"{path}/retry")
    await fail(database, title)
    failed = await api.get(path)

    retried = await api.done("POST", f"{path}/retry")

    assert not_failed["code"] == "video_title_not_failed"
    assert (failed["status"], failed["why"]) == ("failed", "It is broken. Upload it again.")
    assert (retried["status"], retried["why"], retried["ended_at"]) == ("processing", None, None)
    async with database.connection() as connection:
        assert [row["status"] for row in await connection.fetch("SELECT status FROM video.task")] == ["queued"]


async def test_what_was_refused_cant_be_tried_again(api: Api) -> None:
    uploads = Uploads(api)
    upload = await uploads.create(100)
    assert (await uploads.append(upload, b"%PDF-1.7" + bytes(92))).status_code == 415
    title_id = (await uploads.show(upload))["title_id"]

    problem = await api.refused(409, "POST", f"/video/titles/{title_id}/retry")

    assert problem["code"] == "video_title_not_failed"
    assert (await api.get(f"/video/titles/{title_id}"))["status"] == "failed"


async def test_subtitles_of_both_formats_are_kept_as_webvtt(api: Api) -> None:
    title = await upload_title(api)
    path = f"/video/titles/{title['title_id']}/subtitles"
    srt = "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>Hej</i> & välkommen\r\n".encode()

    swedish = await api.done("PUT", f"{path}/sv?label=Svenska", content=srt, headers={"Content-Type": "text/plain"})
    await api.done("PUT", f"{path}/en", content=b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
    text = (await api.request("GET", f"{path}/sv")).text

    assert (swedish["language"], swedish["label"]) == ("sv", "Svenska")
    assert text == "WEBVTT\n\n00:00:01.500 --> 00:00:03.000\n<i>Hej</i> &amp; välkommen\n"
    assert [each["language"] for each in (await api.get(path))["items"]] == ["en", "sv"]
    assert (await api.request("DELETE", f"{path}/en")).status_code == 204
    await api.refused(404, "GET", f"{path}/en")
    assert (await api.refused(422, "PUT", f"{path}/de", content=b"Guten Tag"))["code"] == "video_invalid_subtitle"
    assert (await api.refused(422, "PUT", f"{path}/Klingon!", content=srt))["field"] == "language"
