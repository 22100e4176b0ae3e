"""Manifests, as the parsers of npm read them."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ninefold.systems.video.packaging import dash, hls
from official_clients import NODE
from video.packaging.test_manifests import WHOLE, presentation

CLIENT = Path(__file__).parents[2] / "e2e" / "video_js" / "read_manifests.mjs"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

GROWING = presentation([0, 1, 2, 3], [0, 2])


def read(given: dict[str, dict[str, str]]) -> dict[str, Any]:
    done = subprocess.run(
        [NODE, CLIENT], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_manifests_are_what_npms_parsers_expect() -> None:
    assert WHOLE.audio is not None
    found = read(
        {
            "hls": {
                "master": hls.master_playlist(WHOLE),
                "whole": hls.media_playlist(WHOLE, WHOLE.video[1]),
                "audio": hls.media_playlist(WHOLE, WHOLE.audio),
                "growing": hls.growing_playlist(GROWING, GROWING.video[1]),
                "subtitles": hls.subtitles_playlist(WHOLE, WHOLE.subtitles[0]),
            },
            "dash": {
                "whole": dash.manifest(WHOLE, begun_at=NOW, is_growing=False).decode(),
                "growing": dash.manifest(GROWING, begun_at=NOW, is_growing=True).decode(),
            },
        }
    )

    playlists = found["hls"]
    assert [each["uri"] for each in playlists["master"]["variants"]] == ["360p/index.m3u8", "720p/index.m3u8"]
    assert playlists["master"]["variants"][0]["audio"] == ["audio/index.m3u8"]
    assert playlists["master"]["variants"][0]["subtitles"] == ["subtitles/en.m3u8", "subtitles/pt-BR.m3u8"]
    assert playlists["whole"]["endlist"]
    assert playlists["whole"]["playlistType"] == "VOD"
    assert [each["uri"] for each in playlists["whole"]["segments"]] == [f"{number}.m4s" for number in range(5)]
    assert len(playlists["audio"]["segments"]) == 5
    assert playlists["growing"]["playlistType"] == "EVENT"
    assert playlists["growing"]["start"]["offset"] == 0.001
    assert [each["uri"] for each in playlists["growing"]["segments"]] == [
        "0.m4s?of=720p",
        "1.m4s?of=360p",
        "2.m4s?of=720p",
        "3.m4s?of=360p",
    ]
    assert [each["uri"] for each in playlists["subtitles"]["segments"]] == ["en.vtt"]

    whole, growing = found["dash"]["whole"], found["dash"]["growing"]
    assert [(each["name"], len(each["segments"]), each["endlist"]) for each in whole["tracks"]] == [
        ("360p", 5, True),
        ("720p", 5, True),
        ("audio", 5, True),
    ]
    assert whole["tracks"][1]["segments"][4]["uri"] == "https://films.test/t/720p/4.m4s"
    assert whole["tracks"][1]["segments"][4]["map"] == "https://films.test/t/720p/init.mp4"
    assert whole["subtitles"] == ['English "CC"', "Português"]
    assert [(each["name"], len(each["segments"]), each["endlist"]) for each in growing["tracks"]] == [
        ("360p", 4, False),
        ("720p", 4, False),
        ("audio", 5, False),
    ]
