"""Runs the program git on a bare repository, with a fixed configuration."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.model.repositories import INTERNAL_REFS

OUTPUT_BYTES_MAX: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 60.0
STDERR_BYTES_MAX: Final = 16 * 1024

_CONFIG: Final[Mapping[str, str]] = {
    # The folder may belong to another user, such as that of a container.
    "safe.directory": "*",
    # Nobody's programs run here.
    "core.hooksPath": os.devnull,
    "core.fsync": "all",
    "core.fsyncMethod": "fsync",
    "core.logAllRefUpdates": "false",
    "core.bigFileThreshold": "64m",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "protocol.allow": "never",
    "receive.autogc": "false",
    "receive.advertisePushOptions": "false",
    "receive.denyDeleteCurrent": "refuse",
    "receive.fsckObjects": "true",
    "receive.updateServerInfo": "false",
    "transfer.hideRefs": INTERNAL_REFS.rstrip("/"),
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
}


def git_environment(
    further: Mapping[str, str] | None = None, *, variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of git: no configuration of the machine or of a user, and ours instead.

    Args:
        further: settings of git that are added.
        variables: variables that are added.
    """
    config = [*{**_CONFIG, **(further or {})}.items()]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(config)),
        **{f"GIT_CONFIG_KEY_{index}": key for index, (key, _) in enumerate(config)},
        **{f"GIT_CONFIG_VALUE_{index}": value for index, (_, value) in enumerate(config)},
        **(variables or {}),
    }


async def run_git(
    folder: Path,
    *arguments: str,
    output_bytes_max: int = OUTPUT_BYTES_MAX,
    timeout_s: float = TIMEOUT_S,
    is_cut: bool = False,
    allowed_codes: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> bytes:
    """Run git on a repository, and return its output.

    Args:
        folder: the repository.
        arguments: the subcommand and its arguments.
        output_bytes_max: how much it may say.
        timeout_s: how long it may take.
        is_cut: whether the beginning is returned if it says more, instead of an error.
        allowed_codes: the exit codes that are no failure.
        environment: its environment, by default `git_environment()`.
        pass_fds: file descriptors that it inherits.

    Raises:
        GitFailedError: it fails, says more than `output_bytes_max`, or takes longer than `timeout_s`.
    """
    process = await start_git(folder, *arguments, environment=environment, pass_fds=pass_fds, has_input=False)
    try:
        async with asyncio.timeout(timeout_s):
            output, errors = await _read_all(process, output_bytes_max)
            await process.wait()
    except TimeoutError as error:
        raise _failed(arguments, f"took longer than {timeout_s:g} s") from error
    finally:
        await end_git(process)
    if len(output) > output_bytes_max:
        if is_cut:
            return output[:output_bytes_max]
        raise GitFailedError(
            f"Git says more than {output_bytes_max:,} bytes.", remedy="The repository is too large for this."
        )
    if process.returncode not in allowed_codes:
        raise _failed(arguments, errors.decode(errors="replace").strip()[-500:] or f"ended with {process.returncode}")
    return output


async def start_git(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    has_input: bool = True,
) -> asyncio.subprocess.Process:
    """Start git on a repository.

    Raises:
        GitFailedError: there is no program git.
    """
    try:
        return await asyncio.create_subprocess_exec(
            "git",
            f"--git-dir={folder}",
            *arguments,
            cwd=folder,
            env=dict(environment or git_environment()),
            stdin=PIPE if has_input else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            pass_fds=tuple(pass_fds),
            # Its helpers are in the same group, and are ended with it.
            start_new_session=True,
        )
    except OSError as error:
        raise GitFailedError(
            f"The program git can't be started: {error}.", remedy="Install git on the machine of the server."
        ) from error


async def end_git(process: asyncio.subprocess.Process) -> None:
    """End git and its helpers, if they still run."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _read_all(process: asyncio.subprocess.Process, output_bytes_max: int) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.TaskGroup() as group:
        output = group.create_task(read_up_to(process.stdout, output_bytes_max + 1))
        errors = group.create_task(drain_errors(process.stderr))
        # One that says too much would wait for a reader.
        if len(await output) > output_bytes_max:
            await end_git(process)
    return output.result(), errors.result()


async def write_to(stdin: asyncio.StreamWriter, content: bytes) -> None:
    """Give git some of its input; it may end without reading everything, and its exit code says why."""
    # uvloop raises RuntimeError for a pipe that is closed already.
    with suppress(ConnectionError, RuntimeError):
        stdin.write(content)
        await stdin.drain()


async def read_up_to(stream: asyncio.StreamReader, size_max: int) -> bytes:
    """Read a stream up to its end, or up to a size."""
    parts: list[bytes] = []
    size = 0
    while size < size_max and (part := await stream.read(min(65_536, size_max - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


async def drain_errors(stream: asyncio.StreamReader) -> bytes:
    """Read all of what git says about errors, and return the end of it."""
    kept = b""
    while part := await stream.read(65_536):
        kept = (kept + part)[-STDERR_BYTES_MAX:]
    return kept


def _failed(arguments: Sequence[str], reason: str) -> GitFailedError:
    return GitFailedError(
        f"git {arguments[0]} failed: {reason}",
        remedy="Try again; if it fails again, the log of the server says more.",
    )
