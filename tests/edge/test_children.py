import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from ninefold.edge import children
from ninefold.edge.children import Child

WITHIN_S = 20.0

# With a handler and `pause`, a signal that arrives in between would be missed. A blocked signal stays pending.
OBEDIENT = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("started", file=open(sys.argv[1], "a"), flush=True)
signal.sigwait({signal.SIGTERM})
"""

STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started", file=open(sys.argv[1], "a"), flush=True)
while True:
    signal.pause()
"""

DYING = """
import sys
print("started", file=open(sys.argv[1], "a"), flush=True)
sys.exit(3)
"""

PARENT = """
import signal, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(grandchild.pid, file=open(sys.argv[1], "a"), flush=True)
sys.exit(1)
"""

LISTENER = """
import os, sys
print(os.getpid(), file=open(sys.argv[1], "a"), flush=True)
while os.read(0, 1):
    pass
"""


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "RESTART_DELAY_S_MIN", 0.01)
    monkeypatch.setattr(children, "RESTART_DELAY_S_MAX", 0.02)


async def test_a_child_can_stop_within_its_grace_period(journal: Path) -> None:
    ended: list[int] = []
    child = make_child(OBEDIENT, journal, on_end=ended.append)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    await lines_in(journal, count=1)

    child.stop()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == 0
    assert not child.has_died.is_set()
    assert len(ended) == 1


async def test_a_child_that_ends_just_before_it_is_stopped_counts_as_stopped(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_it_ended(process: asyncio.subprocess.Process) -> None:
        process.kill()
        raise ProcessLookupError

    monkeypatch.setattr(asyncio.subprocess.Process, "terminate", find_it_ended)
    child = make_child(OBEDIENT, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    await lines_in(journal, count=1)

    child.stop()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == -signal.SIGKILL


async def test_a_child_that_does_not_stop_is_killed_after_its_grace_period(journal: Path) -> None:
    child = make_child(STUBBORN, journal, grace_period_s=0.1)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    await lines_in(journal, count=1)

    child.stop()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == -signal.SIGKILL


async def test_hurrying_kills_a_child_at_once(journal: Path) -> None:
    hurrying = asyncio.Event()
    child = make_child(STUBBORN, journal, grace_period_s=WITHIN_S * 10)
    running = asyncio.create_task(child.keep_running(hurrying))
    await lines_in(journal, count=1)

    child.stop()
    hurrying.set()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == -signal.SIGKILL


async def test_a_child_that_dies_is_started_again(journal: Path) -> None:
    child = make_child(DYING, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))

    await lines_in(journal, count=3)

    child.stop()
    await asyncio.wait_for(running, WITHIN_S)
    assert child.has_died.is_set()


async def test_the_delay_grows_up_to_a_limit_for_a_child_that_dies_at_its_start(journal: Path) -> None:
    assert await delays_of(DYING, journal, count=4) == [0.01, 0.02, 0.02, 0.02]


async def test_the_delay_starts_again_for_a_child_that_ran_for_a_while(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "CRASH_LOOP_WITHIN_S", 0.0)

    assert await delays_of(DYING, journal, count=3) == [0.01, 0.01, 0.01]


async def test_processes_of_a_dead_child_do_not_outlive_it(journal: Path) -> None:
    child = make_child(PARENT, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    # The child is started again only after the processes in its session were killed.
    grandchild_id = int((await lines_in(journal, count=2))[0])

    child.stop()
    await asyncio.wait_for(running, WITHIN_S)

    assert not is_alive(grandchild_id)


async def test_a_child_has_its_own_session_and_ends_when_its_standard_input_does(journal: Path) -> None:
    child = make_child(LISTENER, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    (line,) = await lines_in(journal, count=1)
    process = psutil.Process(int(line))

    assert os.getsid(process.pid) == process.pid
    assert process.status() != psutil.STATUS_ZOMBIE

    child.stop()
    await asyncio.wait_for(running, WITHIN_S)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Path]:
    async with no_children_left():
        yield tmp_path / "journal"


@asynccontextmanager
async def no_children_left() -> AsyncIterator[None]:
    before = {process.pid for process in psutil.Process().children()}
    yield
    assert {process.pid for process in psutil.Process().children()} == before


def make_child(
    code: str, journal: Path, *, grace_period_s: float = WITHIN_S, on_end: Callable[[int], None] = lambda _: None
) -> Child:
    command = [sys.executable, "-c", code, str(journal)]
    return Child(name="test", command=command, environment=os.environ, grace_period_s=grace_period_s, on_end=on_end)


async def delays_of(code: str, journal: Path, *, count: int) -> list[float]:
    """Return the delays before the first restarts of a child with this code."""
    child = make_child(code, journal)
    with capture_logs() as lines:
        running = asyncio.create_task(child.keep_running(asyncio.Event()))
        await lines_in(journal, count=count + 1)
        child.stop()
        await asyncio.wait_for(running, WITHIN_S)
    return [line["restart_in_s"] for line in lines if line["event"] == "supervisor.child.died"][:count]


async def lines_in(journal: Path, *, count: int) -> list[str]:
    async with asyncio.timeout(WITHIN_S):
        while len(read_lines(journal)) < count:
            await asyncio.sleep(0.01)
    return read_lines(journal)


def read_lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


def is_alive(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
