"""Makes pictures of a title: the poster, and sheets of small ones for the seek bar."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ninefold.systems.video.media.errors import FfmpegError
from ninefold.systems.video.media.ffmpeg import QUIET, Ffmpeg, run_ffmpeg, running

COLUMNS: Final = 10
PICTURES_OF_SHEET: Final = 100
PICTURE_WIDTH: Final = 160
BLACK_PERCENT_MAX: Final = 85
"""A picture of which more is black doesn't stand for a title."""

POSTER_BYTES_MAX: Final = 4 * 1024 * 1024
TIMEOUT_S: Final = 60.0
_QUALITY: Final = ("-q:v", "5")


class SheetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How the small pictures of a title are laid out."""

    interval_us: int
    """From one to the next."""
    count: int
    width: int
    height: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of small pictures."""

    number: int
    path: Path
    start_us: int
    pictures: int


def plan_sheets(*, duration_us: int, width: int, height: int) -> SheetPlan:
    """Return how often there is a small picture: every 2 s of short titles, every 10 s of long ones."""
    minutes = duration_us / 60_000_000
    interval_us = (2 if minutes <= 10 else 5 if minutes <= 60 else 10) * 1_000_000  # noqa: PLR2004 - the rule above.
    return SheetPlan(
        interval_us=interval_us,
        count=max(1, -(-duration_us // interval_us)),
        width=PICTURE_WIDTH,
        height=max(2, 2 * round(PICTURE_WIDTH * height / width / 2)),
    )


async def make_sheets(ffmpeg: Ffmpeg, content: AsyncIterator[bytes], plan: SheetPlan, *, folder: Path) -> list[Sheet]:
    """Make the sheets of a whole title.

    Args:
        ffmpeg: the program.
        content: a rung of the title, from its initialization segment on.
        plan: how they are laid out.
        folder: where the files go.

    Raises:
        FfmpegError: ffmpeg has failed.
    """
    interval_s = plan.interval_us / 1_000_000
    filters = [
        f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{interval_s - 0.02})'",
        f"scale={plan.width}:{plan.height}",
        f"tile={COLUMNS}x{PICTURES_OF_SHEET // COLUMNS}",
    ]

    def make_arguments(_: Sequence[str]) -> Sequence[str]:
        output = ["-fps_mode", "passthrough", *_QUALITY, "-f", "image2", "-start_number", "0", "%d.jpg"]
        return [*QUIET, "-i", "pipe:0", "-map", "0:v:0", "-vf", ",".join(filters), *output]

    async with running(ffmpeg, make_arguments, pipes=0, folder=folder, is_fed=True) as program:
        await program.feed(content)
        await program.check()
    return list(_sheets(plan, folder))


def _sheets(plan: SheetPlan, folder: Path) -> "list[Sheet]":
    sheets = []
    for number, first in enumerate(range(0, plan.count, PICTURES_OF_SHEET)):
        path = folder / f"{number}.jpg"
        if not path.exists():
            break
        sheets.append(
            Sheet(
                number=number,
                path=path,
                start_us=first * plan.interval_us,
                pictures=min(PICTURES_OF_SHEET, plan.count - first),
            )
        )
    if not sheets:
        raise FfmpegError("it has made no pictures")
    return sheets


async def make_poster(ffmpeg: Ffmpeg, path: Path) -> bytes | None:
    """Return a picture of a part of a title as JPEG: the one that stands for it best and isn't black; None if all are.

    Raises:
        FfmpegError: ffmpeg has failed.
    """
    filters = [
        "blackframe=amount=0:threshold=32",
        f"metadata=select:key=lavfi.blackframe.pblack:value={BLACK_PERCENT_MAX}:function=less",
        "thumbnail=50",
    ]
    picture = await run_ffmpeg(
        ffmpeg,
        [
            *QUIET,
            "-i",
            str(path),
            "-map",
            "0:v:0",
            "-vf",
            ",".join(filters),
            "-frames:v",
            "1",
            "-q:v",
            "3",
            "-f",
            "mjpeg",
        ],
        timeout_s=TIMEOUT_S,
        output_bytes_max=POSTER_BYTES_MAX,
    )
    return picture or None
