"""The demo's own installation: `ninefold up` as an operator would start it, in a folder that is removed afterwards."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.config import CoreSettings, server_url
from ninefold.core.errors import NinefoldError
from ninefold.edge.ports import is_ready
from ninefold.edge.processes import SUPERVISED, ninefold_command

START_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0
POLL_INTERVAL_S: Final = 0.1
LOG_LINES_SHOWN: Final = 12


class DemoFailedError(NinefoldError):
    """The demo's installation didn't start."""

    code = "demo_failed"
    title = "Demo failed"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """A running installation, and an API key for it."""

    url: str
    api_key: str
    pid: int
    """The process of `ninefold up`."""


class _CreatedKey(msgspec.Struct, frozen=True):
    api_key: str


@asynccontextmanager
async def start_installation(settings: Mapping[str, str] = {}) -> AsyncIterator[Installation]:
    """Run an installation for as long as the block, on a free port, without the user's own settings and data.

    Args:
        settings: variables, besides those of every demo.

    Raises:
        DemoFailedError: it doesn't start; the message has the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="ninefold-demo-") as folder:
        port = _free_port()
        url = server_url(CoreSettings(port=port))
        environment = {**_environment(Path(folder, "data"), port=port), **settings}
        log_path = Path(folder, "ninefold.log")
        with log_path.open("wb") as log_file:  # noqa: ASYNC230 - a local file, before anything else runs.
            process = await asyncio.create_subprocess_exec(
                *ninefold_command("up"),
                env={**environment, SUPERVISED: "1"},
                # The pipe is closed when the demo ends, even by SIGKILL, and then `ninefold up` stops too.
                stdin=asyncio.subprocess.PIPE,
                stdout=log_file,
                stderr=log_file,
                # Only the demo gets Ctrl-C; it then stops `ninefold up`.
                start_new_session=True,
            )
        try:
            await _wait_until_ready(process, url=url, log_path=log_path)
            yield Installation(url=url, api_key=await _create_key(environment), pid=process.pid)
        finally:
            await _stop(process)


def _environment(data_dir: Path, *, port: int) -> dict[str, str]:
    # The demo must not use the user's own settings, and above all not their database.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")}
    return {
        **inherited,
        "NINEFOLD_DATA_DIR": str(data_dir),
        "NINEFOLD_PORT": str(port),
        # The subscribers are on this machine, and webhooks to it are denied by default.
        "NINEFOLD_EGRESS_ALLOW": "127.0.0.0/8",
        # By default, a receiver that was down is tried again after five minutes, which is too long to watch.
        "NINEFOLD_WEBHOOKS_CIRCUIT_RETRY_S": "2",
    }


async def _wait_until_ready(process: asyncio.subprocess.Process, *, url: str, log_path: Path) -> None:
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while not await is_ready(url):
                if process.returncode is not None:
                    raise _failed(f"Ninefold exited with code {process.returncode} while starting", log_path)
                await asyncio.sleep(POLL_INTERVAL_S)
    except TimeoutError as error:
        raise _failed(f"Ninefold wasn't ready within {START_WITHIN_S:.0f} s", log_path) from error


async def _create_key(environment: Mapping[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *ninefold_command("keys", "create", "--name", "demo", "--json"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise DemoFailedError(
            f"No API key could be created: {errors.decode(errors='replace').strip()}",
            remedy="Run `ninefold doctor` to check this machine.",
        )
    return msgspec.json.decode(output, type=_CreatedKey).api_key


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    # The process can end at any moment.
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _failed(what: str, log_path: Path) -> DemoFailedError:
    lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    return DemoFailedError(
        "\n".join([f"{what}. The end of its log:", *lines]), remedy="Run `ninefold doctor` to check this machine."
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
