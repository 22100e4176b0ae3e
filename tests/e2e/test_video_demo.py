"""The demo of video ends as it must, though a worker is killed."""

import json
from pathlib import Path

from installations import clean_environment, run_command

WITHIN_S = 300.0
"""It takes less than a minute on two quiet cores."""


async def test_the_video_demo_plays_each_frame_though_a_worker_is_killed(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "video", "--json", environment=environment, within_s=WITHIN_S)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"], summary["gaps"]) == (True, [], [])
    assert summary["killed"] == ["ninefold worker"]
    assert summary["picture_after_s"] < summary["upload_s"]
    rungs = {rung["name"]: rung for rung in summary["rungs"]}
    assert list(rungs) == ["360p", "480p", "audio"]
    assert [rungs[name]["frames"] for name in ("360p", "480p")] == [600, 600]
    assert summary["played_frames"] == 600
    assert min(rungs[name]["vmaf"] for name in ("360p", "480p")) > 60
    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())
