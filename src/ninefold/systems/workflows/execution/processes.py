"""Processes of steps: each in a process group of its own, read line by line, stopped as GitHub's runner does it.

A process that a step leaves running stays until the job ends (`end_leftovers`), so that a step can start a server for
those after it.
"""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import IO, Final

import msgspec
import psutil

from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.lines import LinePart, LineReader

TRACKING_VARIABLE: Final = "RUNNER_TRACKING_ID"
"""Is in the environment of each process of a job, so that those that are left can be found."""

_READ_BYTES: Final = 64 * 1024

_NOT_IGNORED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class StopTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long a process has to end, in seconds."""

    interrupt_s: float = 7.5
    """Between SIGINT and SIGTERM."""

    terminate_s: float = 2.5
    """Between SIGTERM and SIGKILL."""

    output_s: float = 5.0
    """Between the end of a process and the end of its step if a process that it started still has its output open."""


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """A program to run."""

    argv: Sequence[str]
    folder: str
    environment: Mapping[str, str]


OnPart = Callable[[LinePart], Awaitable[None]]
"""Takes a line, or a part of a long one. While it waits, no more is read of that stream."""


class RunningProcesses:
    """Starts the processes of a job, and ends what is left of them."""

    def __init__(self, *, tracking_id: str, times: StopTimes) -> None:
        self._tracking_id = tracking_id
        self._times = times
        self._discarding: set[asyncio.Task[None]] = set()

    async def run(self, command: CommandLine, *, on_output: OnPart, on_error: OnPart, stop: asyncio.Event) -> int:
        """Run a program to its end, and return its exit code: 128 and the number of the signal if one has killed it.

        Args:
            command: what to run.
            on_output: takes standard output.
            on_error: takes standard error.
            stop: stops the process group: SIGINT, then SIGTERM, then SIGKILL.

        Raises:
            StepError: the program or the folder doesn't exist, or it can't be executed.
            Exception: what a function that takes output has raised.
        """
        process = _start(command, self._tracking_id)
        assert process.stdout is not None
        assert process.stderr is not None
        ended = _watch(process)
        outputs = [_Output(process.stdout, on_output), _Output(process.stderr, on_error)]
        stopper = asyncio.create_task(self._stop_when_asked(process, ended, stop))
        try:
            code = await ended
            await self._finish(outputs)
        finally:
            stopper.cancel()
            if not ended.done():
                _signal_group(process.pid, signal.SIGKILL)
        return code if code >= 0 else 128 - code

    async def _finish(self, outputs: Sequence["_Output"]) -> None:
        """Wait for the end of the output, but not long for processes that have inherited it."""
        await asyncio.wait([output.task for output in outputs], timeout=self._times.output_s)
        for output in outputs:
            await output.finish()
            if not output.task.done():
                # A closed pipe would end the process that still writes to it.
                self._discarding.add(output.task)

    async def _stop_when_asked(
        self, process: "subprocess.Popen[bytes]", ended: "asyncio.Future[int]", stop: asyncio.Event
    ) -> None:
        await stop.wait()
        descendants = _descendants(process.pid)
        for number, time_s in ((signal.SIGINT, self._times.interrupt_s), (signal.SIGTERM, self._times.terminate_s)):
            _signal_group(process.pid, number)
            done, _ = await asyncio.wait([ended], timeout=time_s)
            if done:
                return
        descendants += _descendants(process.pid)
        _signal_group(process.pid, signal.SIGKILL)
        for descendant in descendants:
            with suppress(psutil.NoSuchProcess):
                descendant.kill()

    def end_leftovers(self) -> list[str]:
        """Kill the processes that steps have left running, and return their names with their ids. Takes some time."""
        ended = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(TRACKING_VARIABLE) == self._tracking_id:
                    name = f"{process.name()} ({process.pid})"
                    process.kill()
                    ended.append(name)
        return ended

    def stop_discarding(self) -> None:
        """Close the output of processes that nobody listens to any more."""
        for task in self._discarding:
            task.cancel()


def _start(command: CommandLine, tracking_id: str) -> "subprocess.Popen[bytes]":
    _handle_ignored_signals()
    try:
        return subprocess.Popen(  # noqa: S603 - running what a workflow says is what this does.
            list(command.argv),
            cwd=command.folder,
            env={**command.environment, TRACKING_VARIABLE: tracking_id},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        program = command.argv[0]
        raise StepError(
            f"An error occurred trying to start process '{program}' in '{command.folder}'. {error}"
        ) from error


def _handle_ignored_signals() -> None:
    """Handle signals that this process ignores by doing nothing: a program inherits what is ignored, but no handler.

    `nohup`, and shells that start something in the background, let it ignore SIGHUP or SIGINT. Then a step couldn't be
    interrupted, and couldn't even set a trap.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _NOT_IGNORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _do_nothing)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    del number, frame


def _watch(process: "subprocess.Popen[bytes]") -> "asyncio.Future[int]":
    """Return the exit code to come. It doesn't wait for the end of the output, as asyncio's own subprocesses do."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def set_result(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def wait() -> None:
        code = process.wait()
        with suppress(RuntimeError):  # The loop was closed in the meantime.
            loop.call_soon_threadsafe(set_result, code)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()
    return ended


class _Output:
    """Reads a pipe to its end, also when nobody wants the lines any more."""

    def __init__(self, pipe: IO[bytes], on_part: OnPart) -> None:
        self._pipe = pipe
        self._on_part = on_part
        self._lines = LineReader()
        self._is_wanted = True
        self._error: Exception | None = None
        self.task = asyncio.create_task(self._read())

    async def finish(self) -> None:
        """Take the last line, and no more.

        Raises:
            Exception: what the function that takes lines has raised.
        """
        await self._take(self._lines.finish())
        self._is_wanted = False
        if self._error is not None:
            raise self._error

    async def _read(self) -> None:
        reader = asyncio.StreamReader(limit=_READ_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._pipe
        )
        try:
            while piece := await reader.read(_READ_BYTES):
                if self._is_wanted:
                    await self._take(self._lines.feed(piece))
        finally:
            transport.close()

    async def _take(self, parts: Iterable[LinePart]) -> None:
        try:
            for part in parts:
                await self._on_part(part)
        except Exception as error:  # noqa: BLE001 - raised by `finish`; until then the process must be able to write.
            self._error = self._error or error
            self._is_wanted = False


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
