import json
import signal
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from installations import clean_environment, run_command

WITHIN_S = 60.0
EVENTS = 40


async def test_demo_delivers_everything_and_says_so(tmp_path: Path) -> None:
    # A person's own settings must neither help nor harm it.
    environment = clean_environment({"NINEFOLD_DATABASE_URL": "postgresql://127.0.0.1:1/none", "TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "--json", "--events", str(EVENTS), environment=environment)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert summary["is_complete"]
    assert summary["expected"] == summary["delivered"]
    assert [problem for part in summary["subscribers"] for problem in part["problems"]] == []
    attempts = {part["name"]: part["attempts"] for part in summary["subscribers"]}
    assert (attempts["steady"], attempts["flaky"]) == (EVENTS, 3 * EVENTS)
    assert attempts["down"] >= 2 * EVENTS
    assert files_in(tmp_path) == []


async def test_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await create_subprocess_exec(
        sys.executable,
        *("-m", "ninefold", "demo"),
        env=clean_environment({"TMPDIR": str(tmp_path)}),
        stdout=PIPE,
        stderr=DEVNULL,
    )
    assert process.stdout is not None
    async with timeout(WITHIN_S):
        while b"Delivering" not in await process.stdout.readline():
            pass

        process.send_signal(signal.SIGINT)

        await process.communicate()
    assert process.returncode == 130
    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())
