"""Uploads that workers split and encode, with the real ffmpeg and the real database."""

import asyncio
import itertools
import shlex
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from http_api import Api
from in_process import StartWorker
from ninefold.core.blobs.objects import open_objects
from ninefold.core.blobs.service import Blobs, get_blob
from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.jobs import splitting, task_runner
from ninefold.systems.video.model.titles import TITLE_PREFIX, Title
from ninefold.systems.video.model.transcoding import Ladder
from ninefold.systems.video.service.ladder import get_ladder
from ninefold.systems.video.service.titles import title_canceled
from ninefold.systems.video.store.titles import title_find
from video_clips import decoded, ffmpeg, make_clip, run
from video_uploads import VIDEO, Uploads

WAIT_S = 40.0


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return {"NINEFOLD_DATA_DIR": str(tmp_path_factory.mktemp("video")), "NINEFOLD_VIDEO_ENCODERS": "1"}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Nine seconds in three chunks, of which two rungs are made."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "20")
    return make_clip(path, seconds=9, size="860x480", rate="10", picture=picture).read_bytes()


class Film:
    """A title of a test, as the database has it."""

    def __init__(self, database: Database, environment: Mapping[str, str], title_id: UUID, organisation: UUID) -> None:
        self.database = database
        self.title_id = title_id
        self.organisation_id = organisation
        folder = Path(environment["NINEFOLD_DATA_DIR"])
        self._blobs = Blobs(open_objects(None, data_dir=folder), organisation_bytes_max=1)

    async def read(self) -> Title:
        async with self.database.connection() as connection:
            title = await title_find(connection, self.title_id, organisation_id=self.organisation_id)
        assert title is not None
        return title

    async def ladder(self) -> Ladder:
        async with self.database.snapshot() as connection:
            return await get_ladder(connection, self.title_id, organisation_id=self.organisation_id)

    async def wait(self, condition: Callable[[Title], bool]) -> Title:
        async with asyncio.timeout(WAIT_S):
            while not condition(title := await self.read()):
                assert title.status != "failed", title.why
                await asyncio.sleep(0.02)
        return title

    async def wait_until_ended(self) -> Title:
        async with asyncio.timeout(WAIT_S):
            while not (title := await self.read()).is_ended:
                await asyncio.sleep(0.02)
        return title

    async def fetch(self, query: str) -> list[dict[str, object]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, self.title_id)]

    async def write_rung(self, rung: str, folder: Path) -> Path:
        """Write a rung as a player gets it."""
        path = folder / f"{rung}.mp4"
        async with self.database.connection() as connection:
            init = await connection.fetchval(
                "SELECT init FROM video.rung WHERE title_id = $1 AND name = $2", self.title_id, rung
            )
            rows = await connection.fetch(
                "SELECT * FROM video.segment WHERE title_id = $1 AND rung = $2 ORDER BY number", self.title_id, rung
            )
            blobs = {
                row["blob_id"]: await get_blob(connection, row["blob_id"], organisation_id=self.organisation_id)
                for row in rows
            }
        content = bytearray(init)
        for row in rows:
            first = row["first_byte"]
            pieces = self._blobs.read(blobs[row["blob_id"]], start=first, end=first + row["size_bytes"])
            content += b"".join([piece async for piece in pieces])
        path.write_bytes(content)
        return path


StartFilm = Callable[[int], Awaitable[tuple[str, Film]]]


@pytest.fixture
def start_film(api: Api, database: Database, environment: Mapping[str, str]) -> StartFilm:
    async def start(length: int) -> tuple[str, Film]:
        upload = await Uploads(api).create(length, filename="clip.mp4")
        title_id = parse_id(TITLE_PREFIX, (await api.get(upload))["title_id"])
        async with database.connection() as connection:
            organisation = await connection.fetchval(
                "SELECT organisation_id FROM video.title WHERE title_id = $1", title_id
            )
        return upload, Film(database, environment, title_id, organisation)

    return start


async def test_an_upload_becomes_a_ladder_without_gaps(
    api: Api, start_worker: StartWorker, start_film: StartFilm, clip: bytes, tmp_path: Path
) -> None:
    upload, film = await start_film(len(clip))
    async with start_worker():
        assert (await Uploads(api).append(upload, clip)).status_code == 204
        title = await film.wait_until_ended()
        async with asyncio.timeout(WAIT_S):
            while await film.fetch("SELECT * FROM video.task WHERE title_id = $1 AND status <> 'succeeded'"):
                await asyncio.sleep(0.05)
    assert (title.status, title.why) == ("ready", None)
    assert title.duration_us == 9_000_000
    ladder = await film.ladder()
    assert [(rung.name, rung.states) for rung in ladder.rungs] == [("360p", "rrr"), ("480p", "rrr"), ("audio", "")]
    assert [rung.is_complete for rung in ladder.rungs] == [True, True, True]
    assert [rung.ready_until_s for rung in ladder.rungs[:2]] == [9, 9]
    assert ladder.rungs[2].ready_until_s == pytest.approx(9, abs=0.05)
    assert all(rung.vmaf is not None and 60 < rung.vmaf <= 100 for rung in ladder.rungs[:2])
    assert title.poster_blob_id is not None
    sheets = await film.fetch("SELECT * FROM video.sprite_sheet WHERE title_id = $1")
    assert [(row["pictures"], row["interval_us"], row["width"], row["height"]) for row in sheets] == [
        (5, 2_000_000, 160, 90)
    ]
    for rung in ("360p", "480p"):
        assert len(decoded(await film.write_rung(rung, tmp_path), stream="v:0", ticks=90_000)) == 90
    segments = await film.fetch("SELECT * FROM video.segment WHERE title_id = $1 ORDER BY rung, number")
    for _, rows in itertools.groupby(segments, key=lambda row: row["rung"]):
        listed = list(rows)
        assert [row["number"] for row in listed] == list(range(len(listed)))
        for before, after in itertools.pairwise(listed):
            assert before["start"] + before["duration"] == after["start"]  # type: ignore[operator]
    assert await film.fetch("SELECT * FROM video.chunk WHERE title_id = $1 AND blob_id IS NOT NULL") == []


async def test_it_can_be_played_before_all_of_it_came(
    api: Api, start_worker: StartWorker, start_film: StartFilm, clip: bytes
) -> None:
    upload, film = await start_film(len(clip))
    half = len(clip) // 2
    async with start_worker():
        await Uploads(api).append(upload, clip[:half])
        title = await film.wait(lambda title: title.playable_at is not None)
        assert (title.status, title.uploaded_at) == ("uploading", None)
        assert title.is_streamable is True
        await Uploads(api).append(upload, clip[half:], offset=half)
        title = await film.wait_until_ended()
    assert title.status == "ready"
    assert title.first_bytes_at is not None
    assert title.playable_at is not None
    assert title.uploaded_at is not None
    assert title.first_bytes_at < title.playable_at < title.uploaded_at


async def test_a_file_with_its_index_at_the_end_says_why_it_waits(
    api: Api, start_worker: StartWorker, start_film: StartFilm, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=2, size="64x64", rate="10", extra=["-movflags", "0"]).read_bytes()
    upload, film = await start_film(len(clip))
    half = len(clip) // 2
    async with start_worker():
        await Uploads(api).append(upload, clip[:half])
        title = await film.wait(lambda title: title.why is not None)
        assert title.why is not None
        assert "faststart" in title.why
        assert (title.status, title.is_streamable, title.playable_at) == ("uploading", False, None)
        await Uploads(api).append(upload, clip[half:], offset=half)
        title = await film.wait_until_ended()
    assert (title.status, title.why) == ("ready", None)


async def test_a_source_that_cant_be_copied_is_converted(
    api: Api, start_worker: StartWorker, start_film: StartFilm, tmp_path: Path
) -> None:
    whole = make_clip(tmp_path / "whole.mp4", seconds=3, size="64x64", rate="10")
    run("-ss", "1.35", "-i", str(whole), "-c", "copy", "-movflags", "+faststart", str(tmp_path / "cut.mp4"))
    clip = (tmp_path / "cut.mp4").read_bytes()
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert (title.status, title.why) == ("ready", None)
    assert title.duration_us == 1_600_000


async def test_text_of_the_source_becomes_subtitles(
    api: Api, start_worker: StartWorker, start_film: StartFilm, tmp_path: Path
) -> None:
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:00,800\nHello.\n")
    silent = make_clip(tmp_path / "silent.mp4", seconds=1, size="64x64", rate="10", sound=None)
    text = ("-i", str(tmp_path / "text.srt"), "-c", "copy", "-c:s", "srt", "-metadata:s:s:0", "language=ger")
    run("-i", str(silent), *text, str(tmp_path / "clip.mkv"))
    clip = (tmp_path / "clip.mkv").read_bytes()
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert title.status == "ready"
    (subtitle,) = await film.fetch("SELECT * FROM video.subtitle WHERE title_id = $1")
    assert subtitle["language"] == "ger"
    assert "Hello." in str(subtitle["webvtt"])
    assert [rung.kind for rung in (await film.ladder()).rungs] == ["video"]


async def test_what_isnt_video_fails_with_the_reason(
    api: Api, start_worker: StartWorker, start_film: StartFilm
) -> None:
    upload, film = await start_film(len(VIDEO))
    async with start_worker():
        await Uploads(api).append(upload, VIDEO)
        title = await film.wait_until_ended()
    assert title.status == "failed"
    assert title.why is not None
    assert "isn't a video" in title.why


async def test_a_canceled_title_ends_its_programs_within_two_seconds(
    api: Api, start_worker: StartWorker, start_film: StartFilm, clip: bytes
) -> None:
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip[:-1_000])
        await film.wait(lambda title: title.playable_at is not None)
        assert programs()
        async with film.database.transaction() as connection:
            await title_canceled(connection, film.title_id, "It was canceled.", datetime.now(UTC))
        async with asyncio.timeout(2.5):
            while programs():
                await asyncio.sleep(0.02)
        assert (await film.read()).status == "canceled"
        assert not await film.fetch("SELECT * FROM video.task WHERE title_id = $1 AND leased_by IS NOT NULL")


async def test_a_split_that_was_interrupted_goes_on_with_what_is_there(
    api: Api, start_worker: StartWorker, start_film: StartFilm, clip: bytes
) -> None:
    upload, film = await start_film(len(clip))
    most = len(clip) * 9 // 10
    async with start_worker():
        await Uploads(api).append(upload, clip[:most])
        await film.wait(lambda title: title.playable_at is not None)
    before = await film.fetch("SELECT * FROM video.segment WHERE title_id = $1 ORDER BY rung, number")
    chunks = await film.fetch("SELECT * FROM video.chunk WHERE title_id = $1 ORDER BY number")
    assert before
    async with start_worker():
        await Uploads(api).append(upload, clip[most:], offset=most)
        title = await film.wait_until_ended()
    assert title.status == "ready"
    after = await film.fetch("SELECT * FROM video.segment WHERE title_id = $1 ORDER BY rung, number")
    kept = {(row["rung"], row["number"]): row["blob_id"] for row in after}
    assert all(kept[row["rung"], row["number"]] == row["blob_id"] for row in before)
    again = await film.fetch("SELECT * FROM video.chunk WHERE title_id = $1 ORDER BY number")
    assert [row["sha256"] for row in again][: len(chunks)] == [row["sha256"] for row in chunks]
    assert (await film.ladder()).rungs[0].ready_until_s == 9


async def test_what_cant_be_encoded_fails_with_the_reason_and_can_be_tried_again(
    *,
    api: Api,
    start_worker: StartWorker,
    start_film: StartFilm,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(task_runner, "RETRY_DELAYS_S", (0.0,))
    broken = tmp_path / "ffmpeg"
    broken.write_text(f"""#!/bin/sh
case "$*" in *0.nut*) echo "The encoder is on strike." >&2; exit 1;; esac
exec {shlex.quote(ffmpeg().path)} "$@"
""")
    broken.chmod(0o755)
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, size="64x64", rate="10").read_bytes()
    upload, film = await start_film(len(clip))
    async with start_worker({**environment, "NINEFOLD_VIDEO_FFMPEG": str(broken)}):
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert title.status == "failed"
    assert title.why is not None
    assert title.why.startswith(
        "Part 0 can't be encoded as 64p: the log of the worker and the title's ladder say more."
    )
    (task,) = await film.fetch("SELECT * FROM video.task WHERE title_id = $1 AND kind = 'encode'")
    assert (task["status"], task["attempt_count"]) == ("failed", 3)
    assert "The encoder is on strike." in str(task["error"])
    assert (await film.ladder()).rungs[0].states == "f"
    assert (await api.request("POST", f"/video/titles/{(await api.get(upload))['title_id']}/retry")).is_success
    async with start_worker():
        title = await film.wait_until_ended()
    assert (title.status, title.why) == ("ready", None)


async def test_a_bug_counts_as_a_failed_attempt(
    api: Api, start_worker: StartWorker, start_film: StartFilm, monkeypatch: pytest.MonkeyPatch, clip: bytes
) -> None:
    def break_down(_: object) -> bool:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(task_runner, "RETRY_DELAYS_S", (0.0,))
    monkeypatch.setattr(splitting, "needs_conversion", break_down)
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert title.status == "failed"
    assert title.why is not None
    assert title.why.startswith("The file can't be read to its end: the log of the worker")


async def test_a_damaged_part_is_filled_with_the_picture_before_it(
    api: Api, start_worker: StartWorker, start_film: StartFilm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(task_runner, "RETRY_DELAYS_S", (0.0,))
    whole = make_clip(tmp_path / "clip.mp4", seconds=6, size="64x64", rate="10").read_bytes()
    clip = whole[: len(whole) * 3 // 4]
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert title.status == "ready"
    ladder = await film.ladder()
    assert ladder.rungs[0].is_complete
    assert title.duration_us is not None
    assert ladder.rungs[0].ready_until_s == title.duration_us / 1_000_000
    assert title.duration_us < 6_000_000


def programs() -> list[psutil.Process]:
    """The programs of ffmpeg that this process has started."""
    found = []
    for each in psutil.Process().children(recursive=True):
        # One that has just ended has no command line.
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "ffmpeg" in each.cmdline()[0]:
                found.append(each)
    return found


async def test_a_file_that_was_cut_off_is_ready_with_a_warning(
    api: Api, start_worker: StartWorker, start_film: StartFilm, tmp_path: Path
) -> None:
    whole = make_clip(tmp_path / "whole.mkv", seconds=4, size="64x64", rate="10").read_bytes()
    clip = whole[: len(whole) * 2 // 3]
    upload, film = await start_film(len(clip))
    async with start_worker():
        await Uploads(api).append(upload, clip)
        title = await film.wait_until_ended()
    assert title.status == "ready"
    assert title.duration_us is not None
    assert title.duration_us < 3_500_000
    (warning,) = title.warnings
    assert warning.startswith("The file says 4.0 s; ")
    shown = await api.get(f"/video/titles/{format_id(TITLE_PREFIX, film.title_id)}")
    assert shown["warnings"] == [warning]
