"""A tiny film, encoded once, and titles of it with as many segments as a test wants, without the transcoder."""

import struct
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import imageio_ffmpeg
import msgspec

from ninefold.core.blobs.service import Blobs, keep_blob
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer

SEGMENT_S: Final = 2
FRAMES_A_SECOND: Final = 25
VIDEO_TIMESCALE: Final = 12_800
AUDIO_TIMESCALE: Final = 48_000
HEIGHTS: Final = {"90p": (160, 90), "180p": (320, 180), "270p": (480, 270)}
BITRATES: Final = {"90p": 100_000, "180p": 300_000, "270p": 600_000, "audio": 64_000}
CODECS: Final = {"90p": "avc1.42c00b", "180p": "avc1.42c00d", "270p": "avc1.42c015", "audio": "mp4a.40.2"}

JPEG: Final = b"\xff\xd8\xff\xe0 not really a picture"
WEBVTT: Final = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nA line.\n"


class MadeSegment(msgspec.Struct, frozen=True):
    """A fragment: moof and mdat."""

    start: int
    duration: int
    content: bytes


class MadeRung(msgspec.Struct, frozen=True):
    """A rung as the encoder would make it."""

    name: str
    timescale: int
    init: bytes
    segments: Sequence[MadeSegment]


class Film(msgspec.Struct, frozen=True):
    """All rungs of a film."""

    duration_s: int
    rungs: Mapping[str, MadeRung]


class PlacedTitle(msgspec.Struct, frozen=True):
    """A title in the database."""

    title_id: UUID
    organisation_id: UUID


def make_film(folder: Path, *, duration_s: int) -> Film:
    """Encode a film with a clock in the picture and a tone."""
    rungs = [_make_rung(folder, name, duration_s=duration_s) for name in [*HEIGHTS, "audio"]]
    return Film(duration_s, {rung.name: rung for rung in rungs})


def sealer_of(environment: Mapping[str, str]) -> Sealer:
    """Return the sealer of the application with these settings."""
    return Sealer.of(read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment))


class Studio:
    """Makes titles of a film, and lets them grow.

    Args:
        database: where titles are.
        blobs: where segments go.
        film: what all titles show.
    """

    def __init__(self, database: Database, blobs: Blobs, film: Film) -> None:
        self.database = database
        self.blobs = blobs
        self.film = film

    async def title(self, organisation_id: UUID, *, rungs: Sequence[str] = (), name: str = "Salt Line") -> PlacedTitle:
        """Make a title with these rungs, all by default, and without segments."""
        title = PlacedTitle(new_id(), organisation_id)
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO video.title (title_id, organisation_id, name, duration_us) VALUES ($1, $2, $3, $4)",
                title.title_id,
                organisation_id,
                name,
                self.film.duration_s * 1_000_000,
            )
            for position, rung in enumerate(rungs or self.film.rungs):
                width, height = HEIGHTS.get(rung, (None, None))
                await connection.execute(
                    "INSERT INTO video.rung "
                    "(title_id, name, kind, position, width, height, level, bitrate_max, timescale) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    title.title_id,
                    rung,
                    "audio" if rung == "audio" else "video",
                    position,
                    width,
                    height,
                    None if rung == "audio" else "3.0",
                    BITRATES[rung],
                    self.film.rungs[rung].timescale,
                )
        return title

    async def whole_title(self, organisation_id: UUID, *, rungs: Sequence[str] = ()) -> PlacedTitle:
        """Make a title that is ready."""
        title = await self.title(organisation_id, rungs=rungs)
        for rung in rungs or self.film.rungs:
            await self.add(title, rung, range(len(self.film.rungs[rung].segments)))
        await self.end(title)
        return title

    async def add(self, title: PlacedTitle, rung: str, numbers: Sequence[int]) -> None:
        """Add segments to a rung, in one blob."""
        if not numbers:
            return
        made = self.film.rungs[rung]
        contents = [made.segments[number].content for number in numbers]
        blob_id = await self.put(title, b"".join(contents))
        async with self.database.transaction() as connection:
            await keep_blob(connection, blob_id, organisation_id=title.organisation_id)
            await connection.execute(
                "UPDATE video.rung SET init = $3, codecs = $4, frame_rate = $5 WHERE title_id = $1 AND name = $2",
                title.title_id,
                rung,
                made.init,
                CODECS[rung],
                None if rung == "audio" else float(FRAMES_A_SECOND),
            )
            first_byte = 0
            for number, content in zip(numbers, contents, strict=True):
                await connection.execute(
                    "INSERT INTO video.segment "
                    "(title_id, rung, number, start, duration, blob_id, first_byte, size_bytes) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    title.title_id,
                    rung,
                    number,
                    made.segments[number].start,
                    made.segments[number].duration,
                    blob_id,
                    first_byte,
                    len(content),
                )
                first_byte += len(content)
            await connection.execute(
                "UPDATE video.title SET playable_at = coalesce(playable_at, now()) WHERE title_id = $1", title.title_id
            )

    async def add_pictures(self, title: PlacedTitle) -> None:
        """Add a poster, and a sheet of small pictures."""
        blob_ids = [await self.put(title, JPEG) for _ in range(2)]
        async with self.database.transaction() as connection:
            for blob_id in blob_ids:
                await keep_blob(connection, blob_id, organisation_id=title.organisation_id)
            await connection.execute(
                "UPDATE video.title SET poster_blob_id = $2 WHERE title_id = $1", title.title_id, blob_ids[0]
            )
            await connection.execute(
                "INSERT INTO video.sprite_sheet "
                "(title_id, number, blob_id, start_us, interval_us, pictures, columns, width, height) "
                "VALUES ($1, 0, $2, 0, 5000000, 3, 2, 160, 90)",
                title.title_id,
                blob_ids[1],
            )

    async def add_subtitles(self, title: PlacedTitle, language: str = "en", label: str = "English") -> None:
        """Add text for a language."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO video.subtitle (title_id, language, label, webvtt) VALUES ($1, $2, $3, $4)",
                title.title_id,
                language,
                label,
                WEBVTT,
            )

    async def end(self, title: PlacedTitle, *, status: str = "ready") -> None:
        """Let a title end."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "UPDATE video.title SET status = $2, ended_at = now(), uploaded_at = now(), "
                "why = CASE WHEN $2 = 'failed' THEN 'The encoder has failed.' END WHERE title_id = $1",
                title.title_id,
                status,
            )

    async def put(self, title: PlacedTitle, content: bytes) -> UUID:
        """Upload a blob of a title."""

        async def pieces() -> AsyncIterator[bytes]:
            yield content

        blob = await self.blobs.put(
            self.database,
            pieces(),
            organisation_id=title.organisation_id,
            owner="video.segment",
            content_type="video/mp4",
            size_max=len(content),
        )
        return blob.blob_id


def _make_rung(folder: Path, name: str, *, duration_s: int) -> MadeRung:
    path = folder / f"{name}.mp4"
    shared = ["-movflags", "empty_moov+default_base_moof+frag_keyframe+negative_cts_offsets", str(path)]
    if name == "audio":
        source = ["-f", "lavfi", "-i", f"sine=f=440:r={AUDIO_TIMESCALE}:d={duration_s}"]
        chosen = ["-c:a", "aac", "-ac", "2", "-b:a", "64k", "-frag_duration", str(SEGMENT_S * 1_000_000)]
    else:
        width, height = HEIGHTS[name]
        size = f"testsrc2=s={width}x{height}:r={FRAMES_A_SECOND}:d={duration_s}"
        source = ["-f", "lavfi", "-i", size]
        gop = str(SEGMENT_S * FRAMES_A_SECOND)
        chosen = ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-crf"]
        chosen += ["32", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0"]
        chosen += ["-video_track_timescale", str(VIDEO_TIMESCALE)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin", *source, *chosen, *shared]
    subprocess.run(command, check=True, timeout=60)
    return _read_rung(name, path.read_bytes(), timescale=AUDIO_TIMESCALE if name == "audio" else VIDEO_TIMESCALE)


def _read_rung(name: str, content: bytes, *, timescale: int) -> MadeRung:
    boxes = list(_boxes(content))
    init = b"".join(box for kind, box in boxes if kind in (b"ftyp", b"moov"))
    fragments = [(box, following) for (kind, box), (_, following) in pairwise(boxes) if kind == b"moof"]
    starts = [_start_of(moof) for moof, _ in fragments]
    # The sound isn't cut at whole seconds.
    sample = 1_024 if name == "audio" else timescale // FRAMES_A_SECOND
    segments = [
        MadeSegment(start, _samples_of(moof) * sample, moof + mdat)
        for start, (moof, mdat) in zip(starts, fragments, strict=True)
    ]
    return MadeRung(name, timescale, init, segments)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at : at + size]
        at += size


def _start_of(moof: bytes) -> int:
    at = moof.index(b"tfdt")
    version = moof[at + 4]
    found: int = struct.unpack_from(">Q" if version else ">I", moof, at + 8)[0]
    return found


def _samples_of(fragment: bytes) -> int:
    count: int = struct.unpack_from(">I", fragment, fragment.index(b"trun") + 8)[0]
    return count
