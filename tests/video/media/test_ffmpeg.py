"""How ffmpeg is found, run and ended."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from ninefold.systems.video.media.errors import FfmpegError, FfmpegMissingError, FfmpegTimeoutError
from ninefold.systems.video.media.ffmpeg import NICENESS, find_ffmpeg, run_ffmpeg, running
from ninefold.systems.video.media.serving import serving
from video_clips import BytesSource, ffmpeg

ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=32x32", "-f", "null", "-"]


def test_a_program_that_isnt_there_is_named() -> None:
    with pytest.raises(FfmpegMissingError, match=r"There is no program /nowhere/ffmpeg\.") as caught:
        find_ffmpeg("/nowhere/ffmpeg")
    assert caught.value.field == "NINEFOLD_VIDEO_FFMPEG"


def test_without_the_extra_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(FfmpegMissingError) as caught:
        find_ffmpeg(None)
    assert "pip install 'ninefold[video]'" in str(caught.value)


async def test_the_error_is_what_it_said_last() -> None:
    with pytest.raises(FfmpegError, match="No such file or directory"):
        await run_ffmpeg(ffmpeg(), ["-i", "/nowhere.mp4"], timeout_s=10)


async def test_it_has_only_so_long() -> None:
    began = time.monotonic()
    with pytest.raises(FfmpegTimeoutError):
        await run_ffmpeg(ffmpeg(), ENDLESS, timeout_s=0.5)
    assert time.monotonic() - began < 30


async def test_it_writes_only_so_much() -> None:
    with pytest.raises(FfmpegError, match="more than 1,000 bytes"):
        await run_ffmpeg(
            ffmpeg(), ["-f", "lavfi", "-i", "testsrc2=d=1", "-f", "rawvideo"], timeout_s=10, output_bytes_max=1_000
        )


async def test_a_canceled_task_ends_it_and_all_that_it_has_started() -> None:
    found: list[psutil.Process] = []

    def make_arguments(_: Sequence[str]) -> Sequence[str]:
        return ENDLESS

    async def work() -> None:
        async with running(ffmpeg(), make_arguments, pipes=0):
            while not found:
                # Until the launcher has executed it, it has another name.
                found.extend(each for each in psutil.Process().children() if "ffmpeg" in each.name())
                await asyncio.sleep(0.01)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    while not found:
        await asyncio.sleep(0.01)
    assert found[0].nice() == NICENESS
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not found[0].is_running()


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        "import asyncio, sys\n"
        "from ninefold.systems.video.media.ffmpeg import find_ffmpeg, running\n"
        "async def main():\n"
        f"    async with running(find_ffmpeg(None), lambda _: {ENDLESS!r}, pipes=0) as program:\n"
        "        print(program._process.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    program = psutil.Process(int(owner.stdout.readline()))
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    _, alive = psutil.wait_procs([program], timeout=5)
    assert not alive


async def request(url: str, head: str) -> bytes:
    port, path = url.removeprefix("http://127.0.0.1:").split("/", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("head", "status", "content"),
    [
        ("", b"200", b"0123456789"),
        ("Range: bytes=3-\r\n", b"206", b"3456789"),
        ("range: bytes=3-4\r\n", b"206", b"34"),
        ("Range: bytes=10-\r\n", b"416", b""),
    ],
)
async def test_a_source_is_served_in_ranges(head: str, status: bytes, content: bytes) -> None:
    async with serving(BytesSource(b"0123456789")) as served:
        url = served.arguments[-1]
        answer = await request(url, head)
        assert answer.split(b" ")[1] == status
        assert answer.split(b"\r\n\r\n")[1] == content
        assert (await request(url[:-1], head)).split(b" ")[1] == b"404"
