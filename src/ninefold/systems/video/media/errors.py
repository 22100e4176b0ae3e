"""What can go wrong with ffmpeg and what it reads. Services say what that means for a title."""

from typing import ClassVar

from ninefold.core.errors import UnavailableError


class FfmpegMissingError(UnavailableError):
    """No ffmpeg is installed, or the one that is set can't be used."""

    code = "video_ffmpeg_missing"
    title = "FFmpeg is missing"


class FfmpegError(Exception):
    """ffmpeg has ended with an error.

    Args:
        said: the last lines that it has written.
    """

    what: ClassVar[str] = "ffmpeg has failed"

    def __init__(self, said: str) -> None:
        super().__init__(f"{self.what}: {said}" if said else f"{self.what}, and said nothing")
        self.said = said


class FfmpegTimeoutError(FfmpegError):
    """ffmpeg took longer than it may."""

    what = "ffmpeg took too long"
