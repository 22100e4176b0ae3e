"""Completes a job: its outputs, and the end of the processes that it has left."""

import asyncio
from collections.abc import Mapping

from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState


async def complete_job(parts: JobParts, state: StepState, log: StepLog) -> Mapping[str, str]:
    """End the processes that are left, and return the outputs of the job.

    Raises:
        ExpressionError: an output can't be evaluated.
    """
    log.write("Cleaning up orphan processes")
    for name in await asyncio.to_thread(parts.processes.end_leftovers):
        log.write(f"Terminate orphan process: {name}")
    parts.processes.stop_discarding()
    outputs = {}
    for name, value in parts.contexts.texts(parts.order.outputs, state).items():
        if not value:
            log.write_debug(f"Skip output '{name}' since it's empty")
        elif parts.job.masker.mask(value) != value:
            log.write_warning(f"Skip output '{name}' since it may contain secret.")
        else:
            log.write(f"Set output '{name}'")
            outputs[name] = value
    return outputs
