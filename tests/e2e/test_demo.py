import asyncio
import json
import signal
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import psutil
import pytest

from installations import alive_among, clean_environment, run_command

WITHIN_S = 60.0
ASSISTANT_WITHIN_S = 240.0
"""A real model answers, which takes four times as long on a busy machine."""

CHESS_WITHIN_S = 240.0
PAYMENTS_WITHIN_S = 300.0
"""It takes half a minute on two cores: a processor is asked for 22 s about what it has never received."""

MESSAGING_WITHIN_S = 150.0

EVENTS = 40
PLIES = 16
PAYMENTS = 60
PACE_S = 0.1


async def test_the_demo_delivers_everything_and_reports_it(tmp_path: Path) -> None:
    # The user's own settings must not affect it.
    environment = clean_environment({"NINEFOLD_DATABASE_URL": "postgresql://127.0.0.1:1/none", "TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "--json", "--events", str(EVENTS), environment=environment)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert summary["is_complete"]
    assert summary["expected"] == summary["delivered"]
    assert [problem for part in summary["subscribers"] for problem in part["problems"]] == []
    attempts = {part["name"]: part["attempts"] for part in summary["subscribers"]}
    assert (attempts["steady"], attempts["flaky"]) == (EVENTS, EVENTS + EVENTS // 3)
    # Ten failures open its circuit. What is in flight then fails too; nothing is tried again but the probes.
    assert EVENTS + 10 <= attempts["down"] < 3 * EVENTS
    assert files_in(tmp_path) == []


async def test_the_callbacks_demo_passes_on_what_is_genuine_and_nothing_else(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "callbacks", "--json", "--events", str(EVENTS), environment=environment)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert summary["arrived"] == summary["statuses"]["verified"] == EVENTS
    assert summary["killed"] == ["ninefold serve", "ninefold worker"]
    assert files_in(tmp_path) == []


async def test_the_assistants_demo_shows_an_answer_that_goes_on_and_equals_its_log(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "assistant", "--json", environment=environment, within_s=ASSISTANT_WITHIN_S)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert summary["killed"] == ["ninefold worker", "ninefold process assistant.llama"]
    assert set(summary["continued"]) == {"worker_lost", "engine_failed"}
    assert files_in(tmp_path) == []


async def test_the_chess_demo_shows_all_three_the_committed_log(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})
    options = ("--plies", str(PLIES))

    finished = await run_command("demo", "chess", "--json", *options, environment=environment, within_s=CHESS_WITHIN_S)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert (summary["plies"], summary["winner"], summary["reason"]) == (PLIES, "black", "resignation")
    assert summary["logs"].keys() == {"committed", "white", "black", "spectator"}
    assert len({log["sha256"] for log in summary["logs"].values()}) == 1
    assert min(summary["network"][name] for name in ("lost", "late", "duplicated", "sent again")) > 0
    assert summary["killed"] == ["ninefold serve"]
    assert files_in(tmp_path) == []


async def test_the_messaging_demo_shows_every_device_the_committed_log(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})
    options = ("--pace", str(PACE_S))

    finished = await run_command(
        "demo", "messaging", "--json", *options, environment=environment, within_s=MESSAGING_WITHIN_S
    )

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert len(summary["logs"]) == 1 + 6
    assert len({log["sha256"] for log in summary["logs"].values()}) == 1
    # All three are also in `general`, and so is the bot.
    assert summary["recounted"] == 2 * 4
    # Which of them have unread messages depends on how long the bad network held the last ones.
    assert any(each["unread"] for each in summary["unread"])
    assert all(each["unread"] == each["recounted_unread"] for each in summary["unread"])
    assert min(summary["network"][name] for name in ("lost", "late", "duplicated", "sent again")) > 0
    assert summary["killed"] == ["ninefold serve"]
    assert files_in(tmp_path) == []


async def test_the_payments_demo_accounts_for_every_cent(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})
    options = ("--payments", str(PAYMENTS))

    finished = await run_command(
        "demo", "payments", "--json", *options, environment=environment, within_s=PAYMENTS_WITHIN_S
    )

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert sum(each["payments"] for each in summary["merchants"]) == PAYMENTS
    assert all(each["captured"] - each["fees"] == each["payout"] for each in summary["merchants"])
    assert {each["payout_state"] for each in summary["merchants"]} == {"paid"}
    assert sorted(each["type"] for each in summary["faults"]) == ["amount", "missing"]
    assert summary["in_doubt"] > 0
    assert summary["audit"]["fault_count"] == 0
    assert summary["killed"] == ["ninefold serve"]
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    process = await create_subprocess_exec(
        # A shell ignores SIGINT for commands that it runs in the background.
        *("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"),
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

        processes = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)

        await process.communicate()
    assert process.returncode == 130
    assert alive_among(processes) == []
    assert files_in(tmp_path) == []


async def test_the_processes_of_a_killed_demo_end_too(tmp_path: Path) -> None:
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
    processes = psutil.Process(process.pid).children(recursive=True)

    process.kill()

    await process.communicate()
    await asyncio.to_thread(psutil.wait_procs, processes, timeout=WITHIN_S)
    assert alive_among(processes) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())
