"""A short run of the simulator: `make chaos SYSTEM=payments` plays 100 worlds."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "bench" / "payments" / "chaos.py"
WORLDS = 4
COMMITS = 8
WITHIN_S = 300.0
"""It takes some 12 s on two cores."""


async def test_no_cent_is_lost_in_worlds_where_processes_die_around_commits() -> None:
    options = ["--worlds", str(WORLDS), "--steps", "60", "--commits", str(COMMITS), "--seed", "5"]
    process = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), *options, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()

    assert process.returncode == 0, errors.decode()
    outcome = json.loads(output)
    assert (outcome["worlds"], outcome["failed"], outcome["commits"]) == (WORLDS, 0, COMMITS)
    assert min(outcome["crashes"][side] for side in ("before", "after")) >= COMMITS
    assert outcome["batches"] > 0
    assert {"unknown", "duplicate"} <= outcome["bank_faults"].keys()
    assert {"not_sent", "request_lost", "answer_lost", "late"} <= outcome["network"].keys()
