"""What tus 1.0 says, by plain requests: what counts, what is refused, and with which status."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from http_api import Api, problem_of
from ninefold.core.blobs import Blobs
from ninefold.core.blobs.objects import open_objects
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX
from ninefold.systems.video.service import parts
from ninefold.systems.video.service.appending import WRITER_UNSEEN_S_MAX
from ninefold.systems.video.service.sources import SourceReader, SourceSignals
from video_uploads import BYTES, TUS, VIDEO, Uploads


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return {
        "NINEFOLD_DATA_DIR": str(tmp_path_factory.mktemp("video")),
        "NINEFOLD_VIDEO_UPLOAD_BYTES_MAX": "1000000",
        "NINEFOLD_BLOBS_ORGANISATION_BYTES_MAX": "1500000",
    }


@pytest.fixture
def own(api: Api) -> Uploads:
    return Uploads(api)


@pytest.fixture
def other(other_api: Api) -> Uploads:
    return Uploads(other_api)


async def read_source(database: Database, environment: Mapping[str, str], upload: str) -> bytes:
    folder = Path(environment["NINEFOLD_DATA_DIR"])
    blobs = Blobs(open_objects(None, data_dir=folder), organisation_bytes_max=1)
    upload_id = parse_id(UPLOAD_PREFIX, upload.rpartition("/")[2])
    reader = await SourceReader.open(database, blobs, SourceSignals(Notifier(database)), upload_id)
    return b"".join([piece async for piece in reader.read(0, reader.length, idle_s=0)])


async def test_an_upload_is_made_with_its_title_and_says_what_it_can_do(own: Uploads) -> None:
    response = await own.api.http.request("OPTIONS", "/api/v1/video/uploads")
    upload = await own.create(filename="The quarry.mkv", tags="nature, short", maturity="6")
    shown = await own.show(upload)

    assert response.status_code == 204
    assert response.headers["tus-version"] == "1.0.0"
    assert set(response.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "checksum",
        "expiration",
    }
    assert response.headers["tus-max-size"] == "1000000"
    assert (shown["bytes_received"], shown["bytes_total"]) == (0, len(VIDEO))
    assert parse_id(TITLE_PREFIX, shown["title_id"]).version == 7


async def test_bytes_are_committed_part_by_part_and_are_the_same(
    own: Uploads, database: Database, environment: Mapping[str, str]
) -> None:
    upload = await own.create()
    first = await own.append(upload, VIDEO[:3_000])
    second = await own.append(upload, VIDEO[3_000:], offset=3_000)

    assert (first.status_code, first.headers["upload-offset"]) == (204, "3000")
    assert "upload-expires" in first.headers
    assert (second.status_code, second.headers["upload-offset"]) == (204, str(len(VIDEO)))
    assert "upload-expires" not in second.headers
    assert await read_source(database, environment, upload) == VIDEO
    async with database.connection() as connection:
        title = await connection.fetchrow("SELECT status, first_bytes_at, uploaded_at FROM video.title")
        tasks = await connection.fetch("SELECT kind, status FROM video.task")
    assert title is not None
    assert title["status"] == "processing"
    assert title["first_bytes_at"] is not None
    assert title["uploaded_at"] is not None
    assert [tuple(task) for task in tasks] == [("split", "queued")]


async def test_the_first_bytes_can_come_with_the_creation(own: Uploads) -> None:
    response = await own.api.request(
        "POST", "/video/uploads", content=VIDEO[:100], headers={**BYTES, "Upload-Length": str(len(VIDEO))}
    )

    assert response.status_code == 201
    assert response.headers["upload-offset"] == "100"
    upload = response.headers["location"].removeprefix("/api/v1")
    assert response.json() == await own.api.get(upload)
    assert await own.offset(upload) == 100


async def test_bytes_that_come_slowly_are_committed_while_they_come(
    own: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_OPEN_S", 0.05)
    upload = await own.create()
    may_end = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield VIDEO[:1_000]
        await may_end.wait()
        yield VIDEO[1_000:]

    appending = asyncio.create_task(own.append(upload, slowly()))
    async with asyncio.timeout(10):
        while (await own.show(upload))["bytes_received"] < 1_000:
            await asyncio.sleep(0.02)
    may_end.set()

    assert (await appending).status_code == 204
    assert (await own.show(upload))["bytes_received"] == len(VIDEO)


async def test_the_second_of_two_requests_at_once_is_refused_and_a_head_takes_the_upload_over(
    own: Uploads, monkeypatch: pytest.MonkeyPatch, database: Database, environment: Mapping[str, str]
) -> None:
    monkeypatch.setattr(parts, "PART_OPEN_S", 0.05)
    upload = await own.create()
    may_end = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield VIDEO[:1_000]
        await may_end.wait()
        yield VIDEO[1_000:2_000]

    first = asyncio.create_task(own.append(upload, slowly()))
    async with asyncio.timeout(10):
        while (await own.show(upload))["bytes_received"] < 1_000:
            await asyncio.sleep(0.02)
    second = await own.append(upload, VIDEO[1_000:], offset=1_000)
    offset = await own.offset(upload)
    third = await own.append(upload, VIDEO[offset:], offset=offset)
    may_end.set()

    assert problem_of(second, status=423)["code"] == "video_upload_busy"
    assert offset == 1_000
    assert third.status_code == 204
    assert (await first).status_code == 423
    assert await read_source(database, environment, upload) == VIDEO


async def test_a_request_that_is_gone_blocks_nobody_for_long(own: Uploads, database: Database) -> None:
    upload = await own.create()
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE video.upload SET writer_id = gen_random_uuid(), writer_seen_at = now() - $1::interval",
            timedelta(seconds=WRITER_UNSEEN_S_MAX + 1),
        )

    assert (await own.append(upload, VIDEO)).status_code == 204


async def test_a_wrong_offset_is_refused(own: Uploads) -> None:
    upload = await own.create()
    await own.append(upload, VIDEO[:10])

    for offset in (0, 5, 11):
        problem = problem_of(await own.append(upload, VIDEO[10:20], offset=offset), status=409)
        assert problem["code"] == "video_upload_offset"
    assert await own.offset(upload) == 10


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_bytes_with_a_checksum_count_only_if_it_is_right(own: Uploads, algorithm: str) -> None:
    upload = await own.create()
    digest = base64.b64encode(hashlib.new(algorithm, VIDEO).digest()).decode()

    wrong = await own.append(upload, VIDEO[:-1] + b"!", checksum=f"{algorithm} {digest}")
    nothing = await own.offset(upload)
    right = await own.append(upload, VIDEO, checksum=f"{algorithm} {digest}")

    assert problem_of(wrong, status=460)["code"] == "video_upload_checksum"
    assert nothing == 0
    assert right.status_code == 204
    assert await own.offset(upload) == len(VIDEO)


async def test_bytes_that_dont_count_leave_no_blob(own: Uploads, database: Database) -> None:
    upload = await own.create()
    await own.append(upload, VIDEO, checksum=f"sha1 {base64.b64encode(bytes(20)).decode()}")

    async with database.connection() as connection:
        states = [row["state"] for row in await connection.fetch("SELECT state FROM blobs.blob")]
    assert states == ["deleted"]


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha1 not base64!", "sha1"])
async def test_a_checksum_of_another_form_is_refused(own: Uploads, checksum: str) -> None:
    upload = await own.create()

    response = await own.append(upload, VIDEO, checksum=checksum)

    assert response.status_code in (400, 460)
    assert await own.offset(upload) == 0


async def test_a_terminated_upload_is_gone_and_its_title_canceled(own: Uploads, database: Database) -> None:
    upload = await own.create()
    await own.append(upload, VIDEO[:10])

    assert (await own.send("DELETE", upload)).status_code == 204
    assert (await own.send("HEAD", upload)).status_code == 410
    assert problem_of(await own.append(upload, b"x", offset=10), status=410)["code"] == "video_upload_gone"
    assert (await own.send("DELETE", upload)).status_code == 410
    async with database.connection() as connection:
        title = await connection.fetchrow("SELECT status, why FROM video.title")
        tasks = await connection.fetch("SELECT status FROM video.task")
    assert title is not None
    assert title["status"] == "canceled"
    assert title["why"].startswith("The upload was terminated by API key key_")
    assert [task["status"] for task in tasks] == ["canceled"]


async def test_an_expired_upload_is_gone(own: Uploads, database: Database) -> None:
    upload = await own.create()
    async with database.connection() as connection:
        await connection.execute("UPDATE video.upload SET expires_at = now() - interval '1 second'")

    assert (await own.send("HEAD", upload)).status_code == 410
    assert (await own.append(upload, VIDEO)).status_code == 410


async def test_an_upload_of_another_organisation_isnt_there(own: Uploads, other: Uploads) -> None:
    upload = await own.create()

    assert (await other.send("HEAD", upload)).status_code == 404
    assert (await other.send("GET", upload)).status_code == 404
    assert (await other.send("DELETE", upload)).status_code == 404
    assert problem_of(await other.append(upload, VIDEO), status=404)["code"] == "video_upload_not_found"
    assert await own.offset(upload) == 0


async def test_what_is_too_large_is_refused(own: Uploads) -> None:
    created = await own.send("POST", "/video/uploads", headers={"Upload-Length": "1000001"})
    upload = await own.create(10)

    async def endless() -> AsyncIterator[bytes]:
        yield VIDEO[:6]
        yield VIDEO[6:12]

    assert problem_of(created, status=413)["code"] == "video_upload_too_large"
    assert (await own.append(upload, VIDEO)).status_code == 413
    assert (await own.append(upload, endless())).status_code == 413
    assert await own.offset(upload) == 0


async def test_an_organisation_without_room_is_told_so_and_what_came_stays(own: Uploads) -> None:
    first, second = await own.create(900_000), await own.create(900_000)
    content = VIDEO + bytes(900_000 - len(VIDEO))

    assert (await own.append(first, content)).status_code == 204
    problem = problem_of(await own.append(second, content), status=413)
    assert problem["code"] == "blob_quota_exceeded"
    assert "NINEFOLD_BLOBS_ORGANISATION_BYTES_MAX" in problem["remedy"]
    assert await own.offset(first) == 900_000


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7\n" + bytes(100), "a PDF document"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive or an office document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
        ("Dear diary, today there were köttbullar. ".encode() * 20, "text"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n" + b"http://127.0.0.1/secret.ts\n" * 10, "text"),
    ],
)
async def test_what_certainly_isnt_video_is_refused_with_the_reason(
    own: Uploads, content: bytes, what: str, database: Database
) -> None:
    upload = await own.create(2_000)

    problem = problem_of(await own.append(upload, content), status=415)
    again = problem_of(await own.append(upload, content), status=415)

    assert problem["code"] == again["code"] == "video_not_a_video"
    assert what in problem["detail"]
    async with database.connection() as connection:
        title = await connection.fetchrow("SELECT status, why FROM video.title")
    assert title is not None
    assert (title["status"], what in title["why"]) == ("failed", True)
    assert await own.offset(upload) == 0


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"Upload-Length": "10", "Tus-Resumable": "0.2.2"}, 412, "Tus-Resumable"),
        ({"Upload-Length": "0"}, 400, "Upload-Length"),
        ({"Upload-Length": "-5"}, 400, "Upload-Length"),
        ({"Upload-Length": "9" * 40}, 400, "Upload-Length"),
        ({}, 400, "Upload-Length"),
        ({"Upload-Defer-Length": "1"}, 400, "Upload-Length"),
        ({"Upload-Length": "10", "Upload-Metadata": "filename ***"}, 400, "Upload-Metadata"),
        ({"Upload-Length": "10", "Upload-Metadata": "maturity Nw=="}, 400, "Upload-Metadata"),
        ({"Upload-Length": "10", "Upload-Metadata": "title /w=="}, 400, "Upload-Metadata"),
    ],
)
async def test_a_creation_of_another_form_is_refused(
    own: Uploads, headers: Mapping[str, str], status: int, field: str
) -> None:
    response = await own.send("POST", "/video/uploads", headers=headers)

    problem = problem_of(response, status=status)
    assert problem["field"] == field
    assert problem["remedy"]
    assert response.headers["tus-resumable"] == "1.0.0"


async def test_bytes_of_another_form_are_refused(own: Uploads) -> None:
    upload = await own.create()
    no_type = await own.api.request("PATCH", upload, content=VIDEO, headers={**TUS, "Upload-Offset": "0"})
    no_offset = await own.api.request("PATCH", upload, content=VIDEO, headers=BYTES)
    no_version = await own.api.request(
        "PATCH", upload, content=VIDEO, headers={"Content-Type": BYTES["Content-Type"], "Upload-Offset": "0"}
    )
    anonymous = await own.api.http.request("PATCH", f"/api/v1{upload}", content=VIDEO, headers=BYTES)

    assert [response.status_code for response in (no_type, no_offset, no_version, anonymous)] == [415, 400, 412, 401]
    assert await own.offset(upload) == 0


async def test_a_client_that_cant_patch_can_post(own: Uploads) -> None:
    upload = await own.create()
    headers = {**BYTES, "Upload-Offset": "0"}

    posted = await own.api.request(
        "POST", upload, content=VIDEO, headers={**headers, "X-HTTP-Method-Override": "PATCH"}
    )
    refused = await own.api.request("POST", upload, content=VIDEO, headers=headers)

    assert posted.status_code == 204
    assert refused.status_code == 405
