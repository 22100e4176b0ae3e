"""Compares an encoded chunk to its source: VMAF, of some of its pictures."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ninefold.systems.video.media.encode import EncodeOrder, source_filters, source_input
from ninefold.systems.video.media.errors import FfmpegError, FfmpegTimeoutError
from ninefold.systems.video.media.ffmpeg import Ffmpeg, running
from ninefold.systems.video.media.filters import picture_filters

TIMEOUT_S: Final = 600.0
EVERY_NTH: Final = 5
"""How many pictures each one that is compared stands for."""

SIDE_MAX: Final = 1_080
"""What is larger is compared at this size: VMAF's model is one of a screen with 1080 lines."""

_SCORE: Final = re.compile(r"VMAF score: (\d+(?:\.\d+)?)")


async def score_chunk(ffmpeg: Ffmpeg, order: EncodeOrder, encoded: Path, *, folder: Path) -> float | None:
    """Return the mean VMAF of a chunk as it was encoded, up to 100; None if no picture of it is like the source's.

    Args:
        ffmpeg: the program.
        order: how it was encoded.
        encoded: its segments, with the initialization segment.
        folder: where ffmpeg runs.

    Raises:
        FfmpegError: ffmpeg has failed.
    """

    def make_arguments(_: Sequence[str]) -> Sequence[str]:
        return ["-i", str(encoded), *source_input(order, folder), "-lavfi", _graph(order), "-f", "null", "-"]

    async with running(ffmpeg, make_arguments, pipes=0, folder=folder) as program:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                said = await program.check()
        except TimeoutError as error:
            raise FfmpegTimeoutError(program.said()) from error
    match = _SCORE.search(said)
    if match is None:
        raise FfmpegError(f"it has named no score. {said}")
    return float(match[1]) or None


def _graph(order: EncodeOrder) -> str:
    width, height = _size(order)
    # The pictures are paired by their order: both have the same ones.
    in_order = "settb=1/1000,setpts=N*40"
    source = ",".join([*source_filters(order), *picture_filters(order.video, width=width, height=height), in_order])
    scaled = f"scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p,{in_order}"
    return (
        f"[0:v:0]{scaled}[encoded];[1:v:0]{source}[source];[encoded][source]libvmaf=n_subsample={EVERY_NTH}:n_threads=2"
    )


def _size(order: EncodeOrder) -> tuple[int, int]:
    width, height = order.video.shown_size
    scale = min(1.0, SIDE_MAX / min(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
