"""The files through which a step says something: outputs, variables, paths, state, a summary.

Follows actions/runner, `Runner.Worker/FileCommandManager.cs`, with its messages.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.errors import FileCommandError
from ninefold.systems.workflows.execution.pairs import read_pairs
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState

SUMMARY_BYTES_MAX: Final = 1024 * 1024
"""Of a step's summary; a longer one is refused."""

FILE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of each of the other files."""

PREFIXES: Final[Mapping[str, str]] = {
    "output": "set_output_",
    "env": "set_env_",
    "path": "add_path_",
    "state": "save_state_",
    "step_summary": "step_summary_",
}
"""The beginning of the file's name by its key in the context `github`."""

BLOCKED_VARIABLES: Final = frozenset({"NODE_OPTIONS"})
"""Upper-case names of variables that a step can't set for those after it."""

_SUMMARY_DOCS: Final = (
    "https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary"
)


class FileCommands:
    """The files of one step. A new step gets new files, so that a process of an earlier one can't write into them.

    Args:
        temp: the job's folder for temporary files.

    Raises:
        FileCommandError: they can't be created.
    """

    def __init__(self, temp: str) -> None:
        folder = Path(temp) / "_runner_file_commands"
        suffix = uuid.uuid4()
        self.paths = {key: folder / f"{prefix}{suffix}" for key, prefix in PREFIXES.items()}
        """By key in the context `github`."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in self.paths.values():
                path.touch(mode=0o600)
        except OSError as error:
            raise FileCommandError(f"The step's files can't be created: {error}") from error

    def process(self, state: StepState, log: StepLog) -> None:
        """Take what the step has written, and delete the files. A file with an error makes the step fail."""
        for key, path in self.paths.items():
            try:
                _PROCESSORS[key](path, state, log)
            except (FileCommandError, OSError) as error:
                log.write_error(f"Unable to process file command '{key}' successfully.")
                log.write_error(str(error))
                state.has_failed_command = True
            with suppress(OSError):
                path.unlink()


def _process_outputs(path: Path, state: StepState, log: StepLog) -> None:
    for name, value in read_pairs(_read(path)):
        state.set_output(_named(name), value)
        log.write_debug(f"Set output {name} = {value}")


def _process_variables(path: Path, state: StepState, log: StepLog) -> None:
    for name, value in read_pairs(_read(path)):
        if name.upper() in BLOCKED_VARIABLES:
            log.write_error(f"Can't store {name.upper()} output parameter using '$GITHUB_ENV' command.")
            continue
        state.job.set_variable(_named(name), value)
        log.write_debug(f"{name}='{value}'")


def _process_paths(path: Path, state: StepState, _: StepLog) -> None:
    for line in _read(path).splitlines():
        if line:
            state.job.add_path(line)


def _process_state(path: Path, state: StepState, log: StepLog) -> None:
    for name, value in read_pairs(_read(path)):
        state.saved[_named(name)] = value
        log.write_debug(f"Save intra-action state {name} = {value}")


def _process_summary(path: Path, _: StepState, log: StepLog) -> None:
    with suppress(FileNotFoundError):
        size = path.stat().st_size
        if size > SUMMARY_BYTES_MAX:
            log.write_error(
                f"$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {SUMMARY_BYTES_MAX // 1024}k, "
                f"got {size // 1024}k. For more information see: {_SUMMARY_DOCS}"
            )
        elif size:
            log.summary(path.read_text(encoding="utf-8", errors="replace"))


_PROCESSORS: Final[Mapping[str, Callable[[Path, StepState, StepLog], None]]] = {
    "output": _process_outputs,
    "env": _process_variables,
    "path": _process_paths,
    "state": _process_state,
    "step_summary": _process_summary,
}


def _read(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise FileCommandError(f"The file has {size} bytes; at most {FILE_BYTES_MAX} are read")
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return ""


def _named(name: str) -> str:
    if not name:
        raise FileCommandError("Name must not be empty")
    return name
