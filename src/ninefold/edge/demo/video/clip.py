"""Makes the clip of the demo with ffmpeg's own sources: a moving test picture with a counter, and a tone."""

import asyncio
from pathlib import Path
from typing import Final

from ninefold.edge.demo.installation import DemoFailedError
from ninefold.systems.video.media.errors import FfmpegMissingError
from ninefold.systems.video.media.ffmpeg import find_ffmpeg

SECONDS: Final = 24
FRAMES_PER_SECOND: Final = 25
FRAMES: Final = SECONDS * FRAMES_PER_SECOND
WIDTH: Final = 854
HEIGHT: Final = 480
KEYFRAME_EVERY_S: Final = 2

MADE_WITHIN_S: Final = 60.0


async def make_clip(folder: Path) -> Path:
    """Make the clip in a folder, as Matroska, which can be read from its first bytes on.

    Raises:
        DemoFailedError: ffmpeg isn't installed, or fails.
    """
    try:
        program = find_ffmpeg(None).path
    except FfmpegMissingError as error:
        raise DemoFailedError(error.detail, remedy=error.remedy) from error
    path = folder / "clip.mkv"
    process = await asyncio.create_subprocess_exec(
        program, *_arguments(path), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(MADE_WITHIN_S):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise DemoFailedError(
            f"ffmpeg couldn't make the clip: {errors.decode(errors='replace').strip()[-300:]}",
            remedy="Run `ninefold doctor` to check this machine.",
        )
    return path


def _arguments(path: Path) -> list[str]:
    picture = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={FRAMES_PER_SECOND}:duration={SECONDS}"
    gop = str(KEYFRAME_EVERY_S * FRAMES_PER_SECOND)
    return [
        *["-v", "error", "-y", "-f", "lavfi", "-i", picture],
        *["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={SECONDS}"],
        *["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "1500k", "-pix_fmt", "yuv420p"],
        *["-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-c:a", "aac", "-b:a", "128k", "-ac", "2", str(path)],
    ]
