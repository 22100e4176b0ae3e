"""Steps that run a script."""

import uuid
from pathlib import Path

from ninefold.systems.workflows.execution.environment import search_path
from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.file_commands import FileCommands
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.execution.shells import Shell, find_shell
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_process import run_process
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.workflow import RunStep


async def run_script(parts: JobParts, step: RunStep, state: StepState, log: StepLog) -> StepConclusion:
    """Run the script of a step.

    Raises:
        StepError: the shell doesn't exist, or the process can't be started.
        ExpressionError: the script, or another value of the step, can't be evaluated.
    """
    files = FileCommands(parts.order.folders.temp)
    state.github.update({key: str(path) for key, path in files.paths.items()})
    try:
        return await _run(parts, step, state, log)
    finally:
        files.process(state, log)


async def _run(parts: JobParts, step: RunStep, state: StepState, log: StepLog) -> StepConclusion:
    script = parts.contexts.text(step.run, state) or ""
    shell_option = parts.contexts.text(step.shell, state)
    folder = parts.contexts.text(step.working_directory, state)
    if not state.is_embedded:
        shell_option = shell_option or parts.default_shell
        folder = parts.default_folder if folder is None else folder
    shell = find_shell(shell_option, search_path=search_path(parts.order, state))
    _write_header(script, shell, state, log)
    path = Path(parts.order.folders.temp) / f"{uuid.uuid4()}{shell.extension}"
    try:
        path.write_text(shell.contents(script), encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise StepError(f"The script can't be written: {error}") from error
    code = await run_process(
        parts,
        state,
        log,
        argv=shell.argv(str(path)),
        folder=str(Path(parts.order.folders.workspace) / (folder or "")),
    )
    if code and not state.stop.is_set():
        log.write_error(f"Process completed with exit code {code}.")
    return "failure" if code else "success"


def _write_header(script: str, shell: Shell, state: StepState, log: StepLog) -> None:
    lines = script.replace("\r\n", "\n").rstrip("\n").split("\n")
    first = script.strip(" \t\r\n").replace("\r", "\n").split("\n")[0]
    log.write(f"##[group]Run {first}")
    for line in lines:
        log.write(f"\x1b[36;1m{line}\x1b[0m")
    log.write(f"shell: {shell.command_line}")
    write_variables(state, log)
    log.write("##[endgroup]")


def write_variables(state: StepState, log: StepLog) -> None:
    """Write the context `env`."""
    if state.env:
        log.write("env:")
    for name, value in state.env.items():
        log.write(f"  {name}: {value}")
