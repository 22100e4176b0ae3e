"""A short run of the simulator: `make chaos SYSTEM=chess` plays 1,000 games."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "bench" / "chess" / "chaos.py"
GAMES = 6
WITHIN_S = 300.0


async def test_everybody_has_the_committed_log_after_games_on_a_bad_network() -> None:
    options = ["--games", str(GAMES), "--kills", "1", "--seed", "3"]
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
    assert (outcome["games"], outcome["failed"], len(outcome["kills"])) == (GAMES, 0, 1)
    assert min(outcome["network"][name] for name in ("lost", "late", "duplicated", "froze")) > 0
