"""Runs Ninefold as processes, with its command line, for end-to-end tests."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx
import psutil

from ninefold.edge.ports import NO_TLS

READY_WITHIN_S = 90.0
FREE_WITHIN_S = 30.0
STOP_WITHIN_S = 60.0
PORTS = range(20_000, 32_000)
LOOPBACK = "127.0.0.0/8,::1/128"
"""What servers and workers may send requests to in tests: this machine, where the receivers are."""

SECRETS_KEY: Final = bytes(32)
SECRETS_KEY_TEXT: Final = b64encode(SECRETS_KEY).decode()
"""What seals secrets in tests."""

# Hypothesis sets the seed of Python's default generator to the same value repeatedly.
_RANDOM = random.SystemRandom()


class Installation:
    """Runs `ninefold up` with a data folder and a free port, and collects the lines that it prints."""

    def __init__(self, data_dir: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = clean_environment(
            {"NINEFOLD_DATA_DIR": str(data_dir), "NINEFOLD_PORT": str(self.port), **(settings or {})}
        )
        self.output: list[str] = []
        self.errors: list[str] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        await self.wait_for_error_line("listens on")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.returncode is None:
            await self.stop()

    async def start(self) -> None:
        """Start the process; don't wait until it is ready."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ninefold", "up", env=self.environment, stdout=PIPE, stderr=PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(self.process.stdout, self.output)),
            asyncio.create_task(self._read(self.process.stderr, self.errors)),
        ]

    async def wait_for_error_line(self, text: str, *, count: int = 1) -> None:
        """Wait until standard error has this many lines with this text."""
        async with asyncio.timeout(READY_WITHIN_S), self._changed:
            await self._changed.wait_for(lambda: self._count(text) >= count or self._has_ended())
        assert self._count(text) >= count, "\n".join(self.errors)

    async def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the process to exit; return the exit code."""
        self.process.send_signal(number)
        return await self.wait()

    async def wait(self) -> int:
        """Wait for the process to exit; return the exit code."""
        async with asyncio.timeout(STOP_WITHIN_S):
            exit_code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return exit_code

    def descendants(self) -> list[psutil.Process]:
        """Return all processes that it started, including PostgreSQL's."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, argument: str) -> psutil.Process:
        """Return the process that was started as `ninefold <argument>`."""
        for process in psutil.Process(self.process.pid).children():
            # One that has just ended has no command line.
            with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                if process.cmdline()[-1:] == [argument]:
                    return process
        raise AssertionError(f"there is no process `ninefold {argument}`")

    async def run(self, *arguments: str) -> "Finished":
        """Run another command with the same settings."""
        return await run_command(*arguments, environment=self.environment)

    def _count(self, text: str) -> int:
        return sum(1 for line in self.errors if text in line)

    def _has_ended(self) -> bool:
        return self._readers[1].done()

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        try:
            while line := await stream.readline():
                async with self._changed:
                    lines.append(line.decode().rstrip("\n"))
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._changed.notify_all()


class Finished:
    """A command that has ended."""

    def __init__(self, exit_code: int, output: str, errors: str) -> None:
        self.exit_code = exit_code
        self.output = output
        self.errors = errors


async def run_command(*arguments: str, environment: Mapping[str, str], within_s: float = READY_WITHIN_S) -> Finished:
    """Run `ninefold` with these arguments until it exits."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ninefold", *arguments, env=environment, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(within_s):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, output.decode(), errors.decode())


@contextmanager
def serving(database_url: str, *, log: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run `ninefold serve`; yield its URL, and check at the end that it logged no internal error."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = clean_environment(
        {
            "NINEFOLD_DATABASE_URL": database_url,
            "NINEFOLD_PORT": str(port),
            "NINEFOLD_EGRESS_ALLOW": LOOPBACK,
            **(settings or {}),
        }
    )
    with (
        log.open("wb") as standard_error,
        subprocess.Popen([sys.executable, "-m", "ninefold", "serve"], env=environment, stderr=standard_error) as server,
    ):
        try:
            _wait_until_ready(url, server, log)
            yield url
        finally:
            server.terminate()
            exit_code = server.wait(STOP_WITHIN_S)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry for entry in entries if entry["event"] == "web.request.failed"] == []
    assert exit_code == 0


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up_at:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/readyz", trust_env=False, verify=NO_TLS).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # A starting server sends no signal to wait for.
    raise AssertionError(log.read_text())


def alive_among(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return the running processes; zombies aren't running."""
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without its Ninefold settings, plus these settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")}
    return {**inherited, **with_secrets_key(settings)}


def with_secrets_key(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings with a key that seals secrets, unless it is in a data folder of the test."""
    if "NINEFOLD_DATA_DIR" in settings:
        return settings
    return {"NINEFOLD_SECRETS_KEY": SECRETS_KEY_TEXT, **settings}


def load_per_core() -> float:
    """Return how many processes want each core, 1.0 at least: how much longer than usual something may take now."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def free_port() -> int:
    """Return a port that is free and likely to stay so until the caller uses it.

    It is chosen at random, because several processes run tests, and below the ports that operating systems use for
    outgoing connections, because tests make thousands of those.
    """
    while True:
        port = _RANDOM.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


async def wait_until_free(port: int) -> None:
    """Wait until no process listens on the port."""
    async with asyncio.timeout(FREE_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                # The listener is closing, so it may not be closed yet.
                continue
            writer.close()
            await asyncio.sleep(0.02)
