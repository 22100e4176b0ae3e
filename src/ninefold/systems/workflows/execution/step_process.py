"""Runs the process of a step, with its files and its output."""

from collections.abc import Mapping, Sequence

from ninefold.systems.workflows.execution.command_handlers import CommandHandler
from ninefold.systems.workflows.execution.environment import process_environment
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.processes import CommandLine
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_output import StepOutput
from ninefold.systems.workflows.execution.step_state import StepState


async def run_process(
    parts: JobParts,
    state: StepState,
    log: StepLog,
    *,
    argv: Sequence[str],
    folder: str,
    variables: Mapping[str, str] | None = None,
) -> int:
    """Run a program as the process of a step, and return its exit code.

    Args:
        parts: the job.
        state: the step; if it is stopped, so is the process.
        log: takes the output.
        argv: the program and its arguments.
        folder: the working directory.
        variables: what is in its environment besides what every step has.

    Raises:
        StepError: the program can't be started.
    """
    workspace = parts.order.folders.workspace
    commands = CommandHandler(state, log, workspace=workspace)
    output, error = (StepOutput(state, log, commands, workspace=workspace) for _ in range(2))
    environment = {**process_environment(parts.order, parts.contexts, state), **(variables or {})}
    command = CommandLine(argv=argv, folder=folder, environment=environment)
    return await parts.processes.run(command, on_output=output.take, on_error=error.take, stop=state.stop)
