"""A transcoder is killed while it encodes: another one takes over, and only what it had begun is done again."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from http_api import Api
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.titles import TITLE_PREFIX
from video_clips import make_clip
from video_uploads import Uploads
from worker_processes import running_worker

WAIT_S = 90.0


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return {"NINEFOLD_DATA_DIR": str(tmp_path_factory.mktemp("video"))}


async def test_a_killed_worker_costs_one_chunk(
    api: Api, database: Database, database_url: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    picture = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20")
    clip = make_clip(tmp_path / "clip.mp4", seconds=12, size="860x480", rate="10", picture=picture).read_bytes()
    upload = await Uploads(api).create(len(clip), filename="clip.mp4")
    title_id = parse_id(TITLE_PREFIX, (await api.get(upload))["title_id"])
    await Uploads(api).append(upload, clip)

    async def tasks() -> list[dict[str, Any]]:
        async with database.connection() as connection:
            rows = await connection.fetch(
                "SELECT * FROM video.task WHERE title_id = $1 AND kind = 'encode' ORDER BY rung, chunk_number", title_id
            )
        return [dict(row) for row in rows]

    settings = {**environment, "NINEFOLD_VIDEO_ENCODERS": "1"}
    async with running_worker(database_url, settings) as first:
        async with asyncio.timeout(WAIT_S):
            while not (running := await between(tasks)):
                await asyncio.sleep(0.02)
        done = [task["task_id"] for task in running if task["status"] == "succeeded"]
        programs = [each for each in psutil.Process(first.pid).children(recursive=True) if "ffmpeg" in each.name()]
        first.kill()
        await first.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, programs, timeout=5)
        assert not alive
    async with running_worker(database_url, settings):
        async with asyncio.timeout(WAIT_S):
            while (await api.get(f"/video/titles/{(await api.get(upload))['title_id']}"))["status"] != "ready":
                await asyncio.sleep(0.1)
    after = {task["task_id"]: task for task in await tasks()}
    assert len(after) == 6
    assert {after[task_id]["attempt_count"] for task_id in done} == {1}
    again = [task for task in after.values() if task["attempt_count"] > 1]
    assert len(again) <= 1
    ladder = await api.get(f"/video/titles/{(await api.get(upload))['title_id']}/ladder")
    assert [(rung["name"], rung["states"]) for rung in ladder["rungs"][:2]] == [("360p", "rrr"), ("480p", "rrr")]
    assert len(ladder["notes"]) == len(again)


async def between(tasks: Any) -> list[dict[str, Any]]:
    """Return the tasks while one is being done and another one is done; none otherwise."""
    found: list[dict[str, Any]] = await tasks()
    statuses = {task["status"] for task in found}
    return found if {"succeeded", "running"} <= statuses else []
