"""A server process that a test kills and starts again."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import psutil

from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port

RETRY_AFTER_S: Final = 0.05


class KillableServer:
    """A server that is started again at the same address.

    Args:
        database_url: the database of the server.
        log: where its log is appended.
        settings: further settings.
    """

    def __init__(self, database_url: str, log: Path, settings: Mapping[str, str] | None = None) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = log.open("ab")
        self._environment = clean_environment(
            {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port), **(settings or {})}
        )
        self.start()

    def start(self) -> None:
        """Start it, without waiting until it is ready."""
        command = [sys.executable, "-m", "ninefold", "serve"]
        self._process = subprocess.Popen(command, env=self._environment, stderr=self._log)

    def kill(self) -> None:
        """Kill it: it can do nothing more."""
        self._process.kill()
        self._process.wait(STOP_WITHIN_S)

    def kill_with_children(self) -> None:
        """Kill it and the process that answers requests, which could otherwise still finish what it does."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        for child in children:
            child.kill()
        psutil.wait_procs(children, STOP_WITHIN_S)
        self.kill()

    async def wait_until_ready(self) -> None:
        """Wait until it answers."""
        give_up_at = time.monotonic() + READY_WITHIN_S
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            while True:
                assert time.monotonic() < give_up_at, "the server isn't ready"
                try:
                    if (await http.get("/readyz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(RETRY_AFTER_S)

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._process.terminate()
        self._process.wait(STOP_WITHIN_S)

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._log.close()
