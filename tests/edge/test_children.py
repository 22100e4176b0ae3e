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

# A signal that came between a handler and `pause` would be waited for in vain; one that is blocked is kept.
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
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "RESTART_DELAY_S_MIN", 0.01)
    monkeypatch.setattr(children, "RESTART_DELAY_S_MAX", 0.02)


async def test_obedient_child_stops_within_its_grace(journal: Path) -> None:
    ended: list[int] = []
    child = make_child(OBEDIENT, journal, on_end=ended.append)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    await lines_in(journal, count=1)

    child.stop()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == 0
    assert not child.has_died.is_set()
    assert len(ended) == 1


async def test_child_that_ends_just_before_it_is_told_to_stop_has_stopped(
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


async def test_stubborn_child_is_killed_after_its_grace(journal: Path) -> None:
    child = make_child(STUBBORN, journal, grace_s=0.1)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    await lines_in(journal, count=1)

    child.stop()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == -signal.SIGKILL


async def test_hurrying_kills_at_once(journal: Path) -> None:
    hurrying = asyncio.Event()
    child = make_child(STUBBORN, journal, grace_s=WITHIN_S * 10)
    running = asyncio.create_task(child.keep_running(hurrying))
    await lines_in(journal, count=1)

    child.stop()
    hurrying.set()

    await asyncio.wait_for(running, WITHIN_S)
    assert child.exit_code == -signal.SIGKILL


async def test_child_that_dies_is_started_again(journal: Path) -> None:
    child = make_child(DYING, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))

    await lines_in(journal, count=3)

    child.stop()
    await asyncio.wait_for(running, WITHIN_S)
    assert child.has_died.is_set()


async def test_child_that_dies_at_its_start_is_started_again_ever_later_up_to_a_limit(journal: Path) -> None:
    assert await delays_of(DYING, journal, count=4) == [0.01, 0.02, 0.02, 0.02]


async def test_child_that_lived_for_a_while_is_started_again_as_after_a_first_crash(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "CRASH_LOOP_WITHIN_S", 0.0)

    assert await delays_of(DYING, journal, count=3) == [0.01, 0.01, 0.01]


async def test_what_a_dead_child_started_does_not_outlive_it(journal: Path) -> None:
    child = make_child(PARENT, journal)
    running = asyncio.create_task(child.keep_running(asyncio.Event()))
    # The second start comes after the first one's session was cleared.
    grandchild_id = int((await lines_in(journal, count=2))[0])

    child.stop()
    await asyncio.wait_for(running, WITHIN_S)

    assert not is_alive(grandchild_id)


async def test_child_has_its_own_session_and_hears_the_end_of_its_parent(journal: Path) -> None:
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
    code: str, journal: Path, *, grace_s: float = WITHIN_S, on_end: Callable[[int], None] = lambda _: None
) -> Child:
    command = [sys.executable, "-c", code, str(journal)]
    return Child(name="test", command=command, environment=os.environ, grace_s=grace_s, on_end=on_end)


async def delays_of(code: str, journal: Path, *, count: int) -> list[float]:
    """Return the pauses after the first deaths of such a child."""
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
