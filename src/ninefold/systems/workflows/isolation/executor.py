"""The process inside: takes a job from a pipe, runs it, and sends what it says. Nothing of a job runs outside of it.

It hides its memory and its pipes from the steps, which have the same user: they can end it, but not speak in its name.
"""

import asyncio
import ctypes
import os
import resource
import sys
from datetime import datetime
from typing import BinaryIO, Final

from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.report import Annotation, LogLine, StepInfo, StepResult
from ninefold.systems.workflows.isolation.frames import (
    LENGTH_BYTES,
    Annotated,
    Ended,
    Frame,
    InsideRelay,
    Line,
    Setup,
    StepEnded,
    StepStarted,
    Summary,
    decode_setup,
    encode,
)
from ninefold.systems.workflows.isolation.orphans import reap_orphans
from ninefold.systems.workflows.isolation.piping import pipe_both_ways

_PR_SET_DUMPABLE: Final = 4
_BUFFERED_BYTES_MAX: Final = 1024 * 1024
"""Of messages that wait to be read outside; beyond that, no output of steps is read."""


def main() -> None:
    """Run one job."""
    # Without it, a step could read the pipes and the memory of this process: they have the same user.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    orders, reports = _take_pipes()
    with os.fdopen(orders, "rb", buffering=0) as source:
        setup = decode_setup(_read(source, int.from_bytes(_read(source, LENGTH_BYTES), "big")))
        _limit(resource.RLIMIT_NOFILE, setup.open_files)
        _limit(resource.RLIMIT_FSIZE, setup.file_bytes)
        _limit(resource.RLIMIT_CORE, 0)
        os.umask(0o022)
        asyncio.run(_run(setup, source, reports))


def _take_pipes() -> tuple[int, int]:
    """Return the pipes in which orders come and reports go; no process that is started has them."""
    orders, reports = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    return orders, reports


def _read(source: BinaryIO, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        piece = source.read(count - len(content))
        if not piece:
            sys.exit("The order of the job is incomplete.")
        content += piece
    return bytes(content)


def _limit(kind: int, value: int) -> None:
    allowed = resource.getrlimit(kind)[1]
    value = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
    resource.setrlimit(kind, (value, value))


async def _run(setup: Setup, source: BinaryIO, reports: int) -> None:
    loop = asyncio.get_running_loop()
    pipe = _Pipe()
    transport, _ = await loop.connect_write_pipe(lambda: pipe, os.fdopen(reports, "wb", buffering=0))
    transport.set_write_buffer_limits(_BUFFERED_BYTES_MAX)
    cancel = asyncio.Event()
    loop.add_reader(source.fileno(), _cancel_when_asked, source, cancel)
    reaping = asyncio.create_task(reap_orphans())
    servers = [await _serve(relay) for relay in setup.relays]
    result = await run_job(setup.order, _Sender(transport, pipe), cancel)
    transport.write(encode(Ended(result)))
    transport.close()
    await pipe.closed.wait()
    reaping.cancel()
    for server in servers:
        server.close()


class _Pipe(asyncio.Protocol):
    """Knows whether more can be written, and whether all was."""

    def __init__(self) -> None:
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.closed = asyncio.Event()

    def pause_writing(self) -> None:
        self.has_room.clear()

    def resume_writing(self) -> None:
        self.has_room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.has_room.set()
        self.closed.set()


def _cancel_when_asked(source: BinaryIO, cancel: asyncio.Event) -> None:
    """Any byte, and the end of the pipe, cancel the job."""
    source.read(1)
    asyncio.get_running_loop().remove_reader(source.fileno())
    cancel.set()


async def _serve(relay: InsideRelay) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            outside = await asyncio.open_unix_connection(relay.socket)
        except OSError:
            writer.close()
            return
        await pipe_both_ways((reader, writer), outside)

    return await asyncio.start_server(connected, "127.0.0.1", relay.port)


class _Sender:
    """A `JobReport` that sends everything."""

    def __init__(self, transport: asyncio.WriteTransport, pipe: _Pipe) -> None:
        self._transport = transport
        self._pipe = pipe

    def _send(self, frame: Frame) -> None:
        self._transport.write(encode(frame))

    def step_started(self, step: StepInfo, at: datetime) -> None:
        self._send(StepStarted(step, at))

    def step_ended(self, result: StepResult) -> None:
        self._send(StepEnded(result))

    def line(self, line: LogLine) -> None:
        self._send(Line(line))

    def annotation(self, annotation: Annotation) -> None:
        self._send(Annotated(annotation))

    def summary(self, step: StepInfo, markdown: str) -> None:
        self._send(Summary(step, markdown))

    async def flush(self) -> None:
        await self._pipe.has_room.wait()


if __name__ == "__main__":
    main()
