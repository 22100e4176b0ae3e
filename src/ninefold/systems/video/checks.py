"""The checks of `ninefold doctor` for video."""

import re
import subprocess
from collections.abc import Iterator
from typing import Final

from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.video.media.errors import FfmpegMissingError
from ninefold.systems.video.media.ffmpeg import find_ffmpeg
from ninefold.systems.video.service.recommendations import INSTALL, can_train
from ninefold.systems.video.service.search import finds_typos
from ninefold.systems.video.settings import VideoSettings

TIMEOUT_S: Final = 10.0

_VERSION: Final = re.compile(r"ffmpeg version (\S+)")
_NEEDED: Final = {
    "libx264": "encodes nothing without it",
    "aac": "encodes no sound without it",
}
_USEFUL: Final = {"libvmaf": "titles get no VMAF score without it"}


def check_ffmpeg(settings: VideoSettings) -> Iterator[Finding]:
    """Say whether there is an ffmpeg, and what it can do."""
    try:
        program = find_ffmpeg(settings.ffmpeg).path
    except FfmpegMissingError as error:
        yield warning("video", f"Uploads are kept but not encoded: {error.detail}", error.remedy or INSTALL)
        return
    try:
        version, has = _examine(program)
    except (OSError, subprocess.SubprocessError) as error:
        yield warning("video", f"{program} can't be run: {error}", INSTALL)
        return
    missing = [f"{name}: it {why}" for name, why in _NEEDED.items() if name not in has]
    missing += [f"{name}: {why}" for name, why in _USEFUL.items() if name not in has]
    if missing:
        yield warning("video", f"ffmpeg {version} lacks {'; '.join(missing)}", INSTALL)
    else:
        yield ok("video", f"ffmpeg {version} with x264, AAC and VMAF encodes titles")


def check_learning(_: VideoSettings) -> Iterator[Finding]:
    """Say whether recommendations are learned, and titles found despite typing errors."""
    if can_train():
        yield ok("video", "implicit learns recommendations each night")
    else:
        yield warning("video", "implicit isn't installed, so that popularity and tags recommend titles", INSTALL)
    if finds_typos():
        yield ok("video", "rapidfuzz finds titles despite typing errors")
    else:
        yield warning("video", "rapidfuzz isn't installed, so that search finds no words with typing errors", INSTALL)


def _examine(program: str) -> tuple[str, set[str]]:
    """Return the version, and the names of encoders and filters."""
    banner = _run(program, "-version")
    found = _VERSION.search(banner)
    listed = _run(program, "-hide_banner", "-encoders") + _run(program, "-hide_banner", "-filters")
    return found[1] if found else "of an unknown version", set(listed.split())


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - the program that the extra brings.
        [program, *arguments], capture_output=True, check=True, timeout=TIMEOUT_S
    )
    return done.stdout.decode(errors="replace")
