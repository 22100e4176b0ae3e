import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.lines import LINE_LENGTH_MAX, LinePart
from ninefold.systems.workflows.execution.processes import CommandLine, RunningProcesses, StopTimes

TIMES = StopTimes(interrupt_s=0.4, terminate_s=0.4, output_s=0.5)
PATIENT = StopTimes(interrupt_s=60, terminate_s=60, output_s=60)


class Run:
    """A program that runs, and the lines that it has written."""

    def __init__(self, *argv: str, times: StopTimes = PATIENT) -> None:
        self.processes = RunningProcesses(tracking_id="test", times=times)
        self.stop = asyncio.Event()
        self.parts: list[LinePart] = []
        self.errors: list[str] = []
        self.seen = asyncio.Condition()
        command = CommandLine(argv=argv, folder="/", environment={"PATH": "/usr/bin:/bin"})
        self.task = asyncio.create_task(
            self.processes.run(command, on_output=self._take, on_error=self._take_error, stop=self.stop)
        )

    @property
    def lines(self) -> list[str]:
        return [part.text for part in self.parts]

    async def wait_for(self, line: str) -> None:
        async with asyncio.timeout(30), self.seen:
            await self.seen.wait_for(lambda: line in self.lines)

    async def _take(self, part: LinePart) -> None:
        async with self.seen:
            self.parts.append(part)
            self.seen.notify_all()

    async def _take_error(self, part: LinePart) -> None:
        self.errors.append(part.text)


async def test_both_streams_are_read_to_their_end() -> None:
    run = Run("sh", "-c", "echo out; echo err >&2; printf 'no end'; exit 7")
    assert await run.task == 7
    assert run.lines == ["out", "no end"]
    assert run.errors == ["err"]


async def test_a_program_cannot_wait_for_input() -> None:
    run = Run("cat")
    assert await run.task == 0


async def test_much_output_and_very_long_lines_come_completely() -> None:
    code = (
        f"import sys; sys.stdout.write('x' * {3 * LINE_LENGTH_MAX + 5} + chr(10)); print(*range(50_000), sep=chr(10))"
    )
    run = Run(sys.executable, "-c", code)
    assert await run.task == 0
    assert [len(part.text) for part in run.parts[:4]] == [LINE_LENGTH_MAX] * 3 + [5]
    assert run.lines[4:] == [str(number) for number in range(50_000)]


@pytest.fixture
def ignored() -> Iterator[None]:
    """Signals that this process ignores, as one that a shell has started in the background."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("ignored")
async def test_a_program_ignores_no_signal_that_its_runner_ignores() -> None:
    """A shell can't trap what was ignored when it began."""
    run = Run("sh", "-c", "trap 'echo trapped' INT; kill -INT $$; kill -HUP $$; echo survived")

    assert await run.task == 128 + signal.SIGHUP
    assert run.lines == ["trapped"]
    signal.raise_signal(signal.SIGINT)  # This process still takes no notice.


async def test_a_program_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(StepError, match="An error occurred trying to start process '/does/not/exist' in '/'"):
        await Run("/does/not/exist").task


@pytest.mark.parametrize(
    ("trapped", "times", "code"),
    [
        ((), PATIENT, 130),
        (("INT",), StopTimes(interrupt_s=1, terminate_s=60), 143),
        (("INT", "TERM"), StopTimes(interrupt_s=1, terminate_s=1), 137),
    ],
)
async def test_a_program_that_ignores_a_signal_gets_the_next_one(
    trapped: tuple[str, ...], times: StopTimes, code: int
) -> None:
    traps = [f"trap 'echo {name}' {name}" for name in trapped]
    run = Run("sh", "-c", "; ".join([*traps, "echo ready", "while true; do sleep 0.05; done"]), times=times)
    await run.wait_for("ready")
    run.stop.set()
    assert await run.task == code
    assert run.lines == ["ready", *trapped]


async def test_the_whole_group_is_stopped() -> None:
    program = (
        "import subprocess; child = subprocess.Popen(['sleep', '1000']); print(child.pid, flush=True); child.wait()"
    )
    run = Run(sys.executable, "-c", program)
    async with asyncio.timeout(30), run.seen:
        await run.seen.wait_for(lambda: bool(run.lines))
    child = psutil.Process(int(run.lines[0]))
    run.stop.set()
    await run.task
    async with asyncio.timeout(30):
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)


async def test_a_process_that_is_left_lives_until_the_job_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = f"(while sleep 0.05; do echo beat; echo beat >> {log}; done) & echo $!"
    run = Run("sh", "-c", server, times=TIMES)
    assert await run.task == 0
    pid = int(run.lines[0])
    count = len(run.parts)
    async with asyncio.timeout(30):
        size = log.stat().st_size
        while log.stat().st_size == size:
            await asyncio.sleep(0.02)
    assert len(run.parts) == count, "after the step, nobody hears it"
    ended = await asyncio.to_thread(run.processes.end_leftovers)
    assert any(f"({pid})" in name for name in ended)
    run.processes.stop_discarding()


async def test_what_takes_lines_may_fail_and_the_process_still_ends() -> None:
    processes = RunningProcesses(tracking_id="test", times=PATIENT)

    async def fail(_: LinePart) -> None:
        raise ConnectionError("the server is gone")

    command = CommandLine(argv=["seq", "100000"], folder="/", environment={"PATH": "/usr/bin:/bin"})
    with pytest.raises(ConnectionError):
        await processes.run(command, on_output=fail, on_error=fail, stop=asyncio.Event())
