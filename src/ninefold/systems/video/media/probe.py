"""Finds out what a source is, from what ffmpeg says about it."""

import asyncio
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec

from ninefold.systems.video.errors import NotVideoError
from ninefold.systems.video.media.ffmpeg import Ffmpeg, chunks_of, running
from ninefold.systems.video.media.sources import SourceInput
from ninefold.systems.video.media.tasks import stop

LINES_MAX: Final = 500
PACKETS_BYTES_MAX: Final = 64 * 1024
SIDE_MAX: Final = 8_192
STREAMS_MAX: Final = 64

TEXT_SUBTITLES: Final = frozenset({"subrip", "mov_text", "ass", "ssa", "webvtt", "text"})
HDR_TRANSFERS: Final = frozenset({"smpte2084", "arib-std-b67"})

_DESCRIBED: Final = "Stream mapping:"
"""What ffmpeg writes once it has described all streams."""

_STREAM: Final = re.compile(r"^\s*Stream #0:(\d+)(?:\[[^\]]*\])?(?:\(([^)]*)\))?: (\w+): (.+)$")
_INPUT: Final = re.compile(r"^Input #0, (.+), from '")
_DURATION: Final = re.compile(r"^\s*Duration: (\d+):(\d+):(\d+(?:\.\d+)?)")
_ROTATION: Final = re.compile(r"^\s*Display Matrix: rotation of (-?\d+(?:\.\d+)?) degrees")
_SIZE: Final = re.compile(r"^(\d{1,6})x(\d{1,6})\b")
_RATIO: Final = re.compile(r"\bSAR (\d+):(\d+)\b")
_RATE: Final = re.compile(r"^(\d+(?:\.\d+)?)(k?) (fps|tbr)$")
_PACKET: Final = re.compile(r"^\s*0,\s*-?\w+,\s*(-?\d+),\s*(\d+),")
_TIME_BASE: Final = re.compile(r"^#tb 0: (\d+)/(\d+)")


class VideoStream(msgspec.Struct, frozen=True, kw_only=True):
    """The picture of a source."""

    index: int
    codec: str
    pixel_format: str
    width: int
    """As stored, before rotation and with the pixels' own shape."""
    height: int
    pixel_ratio: Fraction = Fraction(1)
    rotation: int = 0
    """By how many degrees it is turned clockwise for display: 0, 90, 180 or 270."""
    frame_rate: float | None = None
    is_hdr: bool = False
    is_interlaced: bool = False

    @property
    def shown_size(self) -> tuple[int, int]:
        """Return width and height with square pixels, after rotation."""
        width, height = round(self.width * self.pixel_ratio), self.height
        return (height, width) if self.rotation % 180 else (width, height)


class AudioStream(msgspec.Struct, frozen=True, kw_only=True):
    """The sound of a source."""

    index: int
    codec: str
    layout: str
    """Such as `stereo`."""


class SubtitleStream(msgspec.Struct, frozen=True, kw_only=True):
    """Text of a source."""

    index: int
    codec: str
    language: str | None


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is."""

    container: str
    """ffmpeg's names, such as `mov,mp4,m4a,3gp,3g2,mj2`."""
    duration_us: int | None
    """None if the source doesn't say."""
    video: VideoStream
    audio: AudioStream | None
    subtitles: list[SubtitleStream]
    first_time: Fraction
    """When the first picture is shown, in seconds of the source: where the title begins."""


async def probe_source(ffmpeg: Ffmpeg, source: SourceInput) -> Probe:
    """Have ffmpeg read the beginning of a source.

    Raises:
        NotVideoError: it isn't video that can be shown; the message is for people.
    """

    def make_arguments(pipes: Sequence[str]) -> Sequence[str]:
        # The times of some containers begin with the first one of all streams that are read. So these are the streams
        # that are split later, too.
        streams = ["-map", "0:V:0", "-map", "0:a:0?", "-c", "copy"]
        return [*source.arguments, *streams, "-max_interleave_delta", "100000", "-f", "framecrc", pipes[0]]

    async with running(ffmpeg, make_arguments, pipes=1, is_fed=source.is_fed, lines_max=LINES_MAX) as program:
        feeding = asyncio.create_task(program.feed(source.chunks()))
        try:
            packets = bytearray()
            async for chunk in chunks_of(program.outputs[0]):
                packets += chunk
                if len(packets) > PACKETS_BYTES_MAX or b"\n0," in packets:
                    # It has described the streams before, but through another pipe, whose bytes may come later.
                    await program.wait_until_said(_DESCRIBED)
                    break
            else:
                await program.end()
        finally:
            await stop(feeding)
        return read_probe(program.said(), packets.decode(errors="replace"))


def read_probe(said: str, packets: str) -> Probe:
    """Read what ffmpeg has said about a source, and its list of the first packets of the picture.

    Raises:
        NotVideoError: it isn't video that can be shown; the message is for people.
    """
    streams = _streams(said)
    container = next((match[1] for line in said.splitlines() if (match := _INPUT.match(line))), None)
    if container is None:
        raise _unreadable(said)
    pictures = [_video(stream) for stream in streams if stream.kind == "Video" and not stream.is_attached]
    if not pictures:
        what = "only sound" if any(stream.kind == "Audio" for stream in streams) else "no picture"
        raise NotVideoError(f"The file has {what}.", remedy="Upload a video.")
    sounds = [_audio(stream) for stream in streams if stream.kind == "Audio"]
    texts = [_subtitle(stream) for stream in streams if stream.kind == "Subtitle" and stream.codec in TEXT_SUBTITLES]
    return Probe(
        container=container,
        duration_us=_duration_us(said),
        video=pictures[0],
        audio=sounds[0] if sounds else None,
        subtitles=texts,
        first_time=_first_time(packets),
    )


class _Stream(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    language: str | None
    kind: str
    codec: str
    details: list[str]
    rotation: float

    @property
    def is_attached(self) -> bool:
        return any("(attached pic)" in detail for detail in self.details)


def _streams(said: str) -> list[_Stream]:
    found: list[_Stream] = []
    for line in said.splitlines():
        if line.startswith("Output #"):
            break
        if match := _STREAM.match(line):
            details = _split(match[4])
            found.append(
                _Stream(
                    index=int(match[1]),
                    language=match[2],
                    kind=match[3],
                    codec=details[0].split(" ")[0],
                    details=details,
                    rotation=0.0,
                )
            )
        elif found and (match := _ROTATION.match(line)):
            found[-1] = msgspec.structs.replace(found[-1], rotation=float(match[1]))
    return found[:STREAMS_MAX]


def _split(text: str) -> list[str]:
    """Split at commas that aren't in brackets."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def _video(stream: _Stream) -> VideoStream:
    size = next((match for detail in stream.details if (match := _SIZE.match(detail))), None)
    if size is None or not 0 < int(size[1]) <= SIDE_MAX or not 0 < int(size[2]) <= SIDE_MAX:
        raise NotVideoError(
            f"The picture ({stream.codec}) has no size that can be shown; up to {SIDE_MAX:,} pixels a side are.",
            remedy="Encode the file again, for example as H.264 in MP4.",
        )
    if stream.codec in {"none", "unknown"} or "unknown codec" in " ".join(stream.details).lower():
        raise NotVideoError(
            "Nothing here can decode the picture.", remedy="Encode it again, for example as H.264 in MP4."
        )
    pixels = stream.details[1] if len(stream.details) > 1 else ""
    rates = {match[3]: _rate(match) for detail in stream.details if (match := _RATE.match(detail))}
    ratio = _RATIO.search(" ".join(stream.details))
    return VideoStream(
        index=stream.index,
        codec=stream.codec,
        pixel_format=pixels.split("(")[0],
        width=int(size[1]),
        height=int(size[2]),
        pixel_ratio=_pixel_ratio(ratio),
        # ffmpeg says how far the picture is turned counterclockwise.
        rotation=round(-stream.rotation / 90) * 90 % 360,
        frame_rate=rates.get("fps") or rates.get("tbr"),
        is_hdr=any(transfer in pixels for transfer in HDR_TRANSFERS),
        is_interlaced=any(word in pixels for word in ("top first", "bottom first", "top coded", "bottom coded")),
    )


def _pixel_ratio(match: re.Match[str] | None) -> Fraction:
    if match is None or int(match[1]) == 0 or int(match[2]) == 0:
        return Fraction(1)
    ratio = Fraction(int(match[1]), int(match[2]))
    # Others are mistakes of who wrote the file.
    return ratio if Fraction(1, 4) <= ratio <= Fraction(4) else Fraction(1)


def _rate(match: re.Match[str]) -> float:
    return float(match[1]) * (1_000 if match[2] else 1)


def _audio(stream: _Stream) -> AudioStream:
    layout = stream.details[2] if len(stream.details) > 2 else "unknown"  # noqa: PLR2004 - codec, rate, layout.
    return AudioStream(index=stream.index, codec=stream.codec, layout=layout)


def _subtitle(stream: _Stream) -> SubtitleStream:
    return SubtitleStream(index=stream.index, codec=stream.codec, language=stream.language)


def _duration_us(said: str) -> int | None:
    for line in said.splitlines():
        if match := _DURATION.match(line):
            seconds = int(match[1]) * 3600 + int(match[2]) * 60 + Fraction(match[3])
            return int(seconds * 1_000_000) or None
    return None


def _first_time(packets: str) -> Fraction:
    time_base = Fraction(1)
    for line in packets.splitlines():
        if match := _TIME_BASE.match(line):
            time_base = Fraction(int(match[1]), int(match[2]))
        elif match := _PACKET.match(line):
            return int(match[1]) * time_base
    raise NotVideoError(
        "The file says that it has a picture, but none comes.", remedy="Check that it plays, and upload it again."
    )


def _unreadable(said: str) -> NotVideoError:
    if "moov atom not found" in said:
        return NotVideoError(
            "The file's index is missing: it was cut off, or recording ended abruptly.",
            remedy="Check that it plays, and upload the whole file.",
        )
    return NotVideoError(
        "The file isn't a video that ffmpeg can read.", remedy="Upload a video, such as MP4, MOV, MKV or WebM."
    )
