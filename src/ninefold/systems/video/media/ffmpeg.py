"""Finds ffmpeg, and runs it as a process of its own: bounded, niced, and gone when whoever started it is.

It is a GPL program. It is never linked, and Ninefold works without it, except for what needs it.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from ninefold.systems.video.media.errors import FfmpegError, FfmpegMissingError, FfmpegTimeoutError
from ninefold.systems.video.rules.damage import says_damage

NICENESS: Final = 10
MEMORY_BYTES_MAX: Final = 12 * 1024**3
"""Of addresses, which are more than what is in memory."""

FILE_BYTES_MAX: Final = 16 * 1024**3
STDERR_LINES_MAX: Final = 12
STDERR_LINE_BYTES_MAX: Final = 300
PIPE_BYTES: Final = 256 * 1024
GRACE_S: Final = 1.0
"""How long ffmpeg has to end by itself after its outputs have ended."""

STARTED_S: Final = 30.0
"""How long it may take until what it has written to standard error is read."""

QUIET: Final = ("-loglevel", "warning")
"""Arguments with which it says only what is wrong."""

_LAUNCH: Final = Path(__file__).with_name("launch.py")


class Ffmpeg(msgspec.Struct, frozen=True, kw_only=True):
    """Where ffmpeg is, and how much it may take."""

    path: str
    niceness: int = NICENESS


def find_ffmpeg(path: str | None) -> Ffmpeg:
    """Return the ffmpeg that is set, or that of the extra `video`.

    Args:
        path: of the setting; None for the one that is installed with Ninefold.

    Raises:
        FfmpegMissingError: there is none.
    """
    if path is not None:
        found = shutil.which(path)
        if found is None:
            raise FfmpegMissingError(
                f"There is no program {path}.",
                field="NINEFOLD_VIDEO_FFMPEG",
                remedy="Set the path of ffmpeg, or leave it out.",
            )
        return Ffmpeg(path=found)
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - the extra may be missing.

        return Ffmpeg(path=str(imageio_ffmpeg.get_ffmpeg_exe()))
    except (ImportError, RuntimeError, OSError) as error:
        raise FfmpegMissingError(
            "ffmpeg isn't installed, and video can't be encoded without it.",
            remedy="Run pip install 'ninefold[video]', or set NINEFOLD_VIDEO_FFMPEG to an ffmpeg that has libx264.",
        ) from error


class RunningFfmpeg:
    """A process of ffmpeg, with its pipes."""

    def __init__(
        self, process: asyncio.subprocess.Process, outputs: Sequence[asyncio.StreamReader], *, lines_max: int
    ) -> None:
        self._process: Final = process
        self._lines_max: Final = lines_max
        self.outputs: Final = outputs
        """What it writes, in the order of the pipes."""
        self.has_found_damage = False
        """Whether it has said so far that its input is damaged."""
        self._said: list[str] = []
        self._heard = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    async def feed(self, chunks: AsyncIterator[bytes]) -> None:
        """Write to its standard input, if it is fed, as fast as it reads, until it reads no more; then close it."""
        stdin = self._process.stdin
        if stdin is None:
            return
        try:
            async for chunk in chunks:
                stdin.write(chunk)
                await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            # It has what it needs.
            return
        except RuntimeError as error:
            # uvloop raises it for a pipe that is closed already.
            if "closed" not in str(error):
                raise
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
            stdin.close()

    async def end(self) -> int:
        """Wait for its end, and return its exit code."""
        code = await self._process.wait()
        await self._listening
        return code

    async def check(self) -> str:
        """Wait for its end, and return what it said.

        Raises:
            FfmpegError: it has failed.
        """
        if await self.end() != 0:
            raise FfmpegError(self.said())
        return self.said()

    async def explain(self, problem: str) -> FfmpegError:
        """Return the error for output that can't be used: what ffmpeg said if it has failed, else the problem."""
        with suppress(TimeoutError):
            if await asyncio.wait_for(self.end(), GRACE_S) != 0 and self._said:
                return FfmpegError(self.said())
        return FfmpegError(problem)

    def said(self) -> str:
        """Return the last lines that it has written."""
        return "\n".join(self._said)

    async def wait_until_said(self, text: str) -> None:
        """Wait for a line that begins with a text, or for its end, but not longer than `STARTED_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTED_S):
                while not self._listening.done() and not any(line.startswith(text) for line in self._said):
                    self._heard.clear()
                    await self._heard.wait()

    async def kill(self) -> None:
        """End it and all that it has started, at once."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None, "it was started with a pipe"
        try:
            while line := await _read_line(stderr):
                text = line[:STDERR_LINE_BYTES_MAX].decode(errors="replace").strip()
                if text:
                    self.has_found_damage = self.has_found_damage or says_damage(text)
                    self._said = [*self._said, text][-self._lines_max :]
                    self._heard.set()
        finally:
            self._heard.set()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        # It is longer than the buffer, and was dropped.
        return b"\n"


MakeArguments = Callable[[Sequence[str]], Sequence[str]]
"""Returns ffmpeg's arguments, given the addresses of its output pipes."""


@asynccontextmanager
async def running(
    ffmpeg: Ffmpeg,
    make_arguments: MakeArguments,
    *,
    pipes: int,
    folder: Path | None = None,
    is_fed: bool = False,
    lines_max: int = STDERR_LINES_MAX,
) -> AsyncIterator[RunningFfmpeg]:
    """Run ffmpeg until the block ends; then it is killed if it still runs.

    Args:
        ffmpeg: the program.
        make_arguments: makes its arguments; without the program's name.
        pipes: how many pipes it writes to.
        folder: where it runs.
        is_fed: whether its standard input is a pipe.
        lines_max: how many of the last lines that it writes are kept.
    """
    ends = [os.pipe() for _ in range(pipes)]
    try:
        arguments = make_arguments([f"pipe:{written}" for _, written in ends])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(
                "-I",
                "-S",
                str(_LAUNCH),
                str(os.getpid()),
                str(ffmpeg.niceness),
                str(MEMORY_BYTES_MAX),
                str(FILE_BYTES_MAX),
            ),
            ffmpeg.path,
            *("-hide_banner", "-nostats", *arguments),
            stdin=asyncio.subprocess.PIPE if is_fed else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[written for _, written in ends],
            start_new_session=True,
            cwd=folder,
        )
    except BaseException:
        for read, _ in ends:
            os.close(read)
        raise
    finally:
        for _, written in ends:
            os.close(written)
    transports, readers = await _read_ends([read for read, _ in ends])
    program = RunningFfmpeg(process, readers, lines_max=lines_max)
    try:
        yield program
    finally:
        await asyncio.shield(program.kill())
        for transport in transports:
            transport.close()


async def run_ffmpeg(
    ffmpeg: Ffmpeg, arguments: Sequence[str], *, timeout_s: float, folder: Path | None = None, output_bytes_max: int = 0
) -> bytes:
    """Run ffmpeg to its end, and return what it wrote to the last argument's pipe, if there may be such bytes.

    Raises:
        FfmpegError: it has failed, took too long, or wrote more.
    """

    def make_arguments(pipes: Sequence[str]) -> Sequence[str]:
        return [*arguments, *pipes]

    pipes = 1 if output_bytes_max else 0
    async with running(ffmpeg, make_arguments, pipes=pipes, folder=folder) as program:
        try:
            async with asyncio.timeout(timeout_s):
                output = b"".join([await _read_all(reader, output_bytes_max) for reader in program.outputs])
                await program.check()
        except TimeoutError as error:
            raise FfmpegTimeoutError(program.said()) from error
        return output


async def chunks_of(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what comes from a pipe."""
    while chunk := await reader.read(PIPE_BYTES):
        yield chunk


async def _read_all(reader: asyncio.StreamReader, size_max: int) -> bytes:
    content = bytearray()
    async for chunk in chunks_of(reader):
        content += chunk
        if len(content) > size_max:
            raise FfmpegError(f"it wrote more than {size_max:,} bytes")
    return bytes(content)


def _same(protocol: asyncio.StreamReaderProtocol) -> asyncio.StreamReaderProtocol:
    return protocol


async def _read_ends(descriptors: Sequence[int]) -> tuple[list[asyncio.ReadTransport], list[asyncio.StreamReader]]:
    loop = asyncio.get_running_loop()
    transports: list[asyncio.ReadTransport] = []
    readers: list[asyncio.StreamReader] = []
    for descriptor in descriptors:
        reader = asyncio.StreamReader(limit=PIPE_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_read_pipe(partial(_same, protocol), os.fdopen(descriptor, "rb", 0))
        transports.append(transport)
        readers.append(reader)
    return transports, readers
