"""Clips for the tests of video, made by ffmpeg or from test-only packages, and a decoder that judges what came out."""

import importlib.util
import subprocess
from collections.abc import AsyncIterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import msgspec

from ninefold.systems.video.media.ffmpeg import Ffmpeg, find_ffmpeg

CHUNK_BYTES = 32 * 1024


@cache
def ffmpeg() -> Ffmpeg:
    """The ffmpeg of the extra."""
    return find_ffmpeg(None)


def run(*arguments: str, verbose: bool = False) -> str:
    """Run ffmpeg, which must succeed; return what it printed, with its messages if it is verbose."""
    level = "info" if verbose else "error"
    command = [ffmpeg().path, "-hide_banner", "-loglevel", level, "-y", "-nostdin", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + (done.stderr if verbose else "")


def packaged_clip(package: str, path: str) -> Path:
    """Return a clip of a package that is installed for its clips only; nothing of it is imported."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None, f"{package} is missing: make check installs it"
    return Path(spec.origin).parent / path


class BytesSource:
    """A source whose bytes are all there, in small pieces."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.read_to = 0

    @property
    def length(self) -> int:
        return len(self._content)

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, min(end, self.length), CHUNK_BYTES):
            chunk = self._content[at : min(at + CHUNK_BYTES, end)]
            self.read_to = max(self.read_to, at + len(chunk))
            yield chunk


class Frame(msgspec.Struct, frozen=True):
    """A decoded picture or frame of sound: when it is shown, in ticks of the stream, and for how long."""

    time: int
    duration: int
    digest: str


def decoded(path: Path, *, stream: str, ticks: int) -> list[Frame]:
    """Decode a file; any error of the decoder fails."""
    text = run(
        *("-xerror", "-err_detect", "explode", "-copyts", "-i", str(path), "-map", f"0:{stream}"),
        *(["-fps_mode", "passthrough", "-enc_time_base", f"1/{ticks}"] if stream.startswith("v") else []),
        *("-f", "framecrc", "-"),
    )
    base = Fraction(next(line for line in text.splitlines() if line.startswith("#tb")).split(":")[1].strip())
    rows = [line.split(",") for line in text.splitlines() if line.startswith("0,")]
    return [Frame(round(int(row[2]) * base * ticks), round(int(row[3]) * base * ticks), row[5].strip()) for row in rows]


def make_clip(
    path: Path,
    *,
    seconds: float = 5,
    size: str = "160x90",
    rate: str = "25",
    picture: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50"),
    sound: Sequence[str] | None = ("-c:a", "aac"),
    extra: Sequence[str] = (),
) -> Path:
    """Make a clip of the test picture and a tone."""
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]
    if sound is not None:
        inputs += ["-f", "lavfi", "-i", f"sine=f=440:r=44100:d={seconds}"]
    faststart = ["-movflags", "+faststart"] if path.suffix in {".mp4", ".mov"} and "-movflags" not in extra else []
    run(*inputs, *picture, *(sound or ()), *faststart, *extra, str(path))
    return path
