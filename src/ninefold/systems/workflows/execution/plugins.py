"""Ninefold's own versions of official actions: a program of `built_in`, run in a process of its own."""

import sys
from collections.abc import Mapping
from typing import Final

from ninefold.systems.workflows.execution import built_in
from ninefold.systems.workflows.execution.actions import Stage
from ninefold.systems.workflows.execution.environment import input_variables, service_variables
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_process import run_process
from ninefold.systems.workflows.execution.step_state import StepState

# Isolated: what a step has put into the workspace or into the variables of Python is not imported.
_PYTHON: Final = (sys.executable, "-I", "-m")


async def run_plugin(
    parts: JobParts, *, name: str, stage: Stage, inputs: Mapping[str, str], state: StepState, log: StepLog
) -> StepConclusion:
    """Run one stage of an action.

    Raises:
        StepError: the process can't be started.
    """
    code = await run_process(
        parts,
        state,
        log,
        argv=[*_PYTHON, f"{built_in.__name__}.{name}", stage],
        folder=parts.order.folders.workspace,
        variables={**input_variables(inputs), **service_variables(parts.order.services)},
    )
    return "failure" if code else "success"
