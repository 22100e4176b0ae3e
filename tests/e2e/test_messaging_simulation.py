"""Short runs of the simulator and of the storm: `make chaos SYSTEM=messaging` has their long forms."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from http_api import Json

FOLDER = Path(__file__).parents[2] / "bench" / "messaging"
ROOMS = 2
CONNECTIONS = 200
WITHIN_S = 300.0
"""For a busy machine: together they need 25 s of CPU time."""


async def run(program: str, *options: str) -> Json:
    """Run a program that fails if it finds a problem; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER / program), *options, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    outcome: Json = json.loads(output)
    return outcome


async def test_every_device_has_the_committed_log_after_a_bad_network_and_a_kill() -> None:
    options = ["--rooms", str(ROOMS), "--kills", "1", "--seed", "8", "--connections", "0"]

    outcome = await run("chaos.py", *options)

    assert (outcome["rooms"], outcome["failed"], len(outcome["kills"])) == (ROOMS, 0, 1)
    assert min(outcome["network"][name] for name in ("lost", "late", "duplicated", "cut", "froze")) > 0
    assert min(outcome["entries"][name] for name in ("message", "message_edited", "member_left", "member_joined")) > 0
    assert outcome["recounted"] > 0


async def test_all_connections_come_back_after_a_kill_and_none_misses_an_entry() -> None:
    outcome = await run("storm.py", "--connections", str(CONNECTIONS))

    assert (outcome["connections"], outcome["counts"]["lost"]) == (CONNECTIONS, CONNECTIONS)
    assert outcome["messages"] > 0
