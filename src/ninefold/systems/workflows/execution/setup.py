"""Sets a job up: folders, the payload of the event, variables and defaults."""

import platform
from pathlib import Path
from typing import Final

import msgspec

from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState

_NO_CONTAINERS: Final = "This runner has no containers. Run the steps on the host, or use another runner."


async def set_up_job(parts: JobParts, state: StepState, log: StepLog) -> None:
    """Prepare everything that the steps need, besides actions.

    Raises:
        StepError: the job needs something that this runner doesn't have.
        ExpressionError: a variable or a default can't be evaluated.
        OSError: a folder can't be created.
    """
    order = parts.order
    log.write(f"Runner name: '{order.runner.name}'")
    log.write(f"Machine name: '{platform.node()}'")
    if order.container is not None:
        raise StepError(f"The job has a container. {_NO_CONTAINERS}")
    if order.containers_of_services is not None:
        raise StepError(f"The job has service containers. {_NO_CONTAINERS}")
    _prepare_folders(parts)
    for template in order.env:
        parts.job.env.update(parts.contexts.texts(template, state))
    parts.default_shell = parts.contexts.text(order.defaults.shell, state)
    parts.default_folder = parts.contexts.text(order.defaults.working_directory, state)
    log.write(f"Complete job name: {order.name}")


def _prepare_folders(parts: JobParts) -> None:
    folders = parts.order.folders
    for folder in (folders.workspace, folders.temp, folders.tools, folders.actions):
        Path(folder).mkdir(parents=True, exist_ok=True)
    event = Path(folders.temp) / "_github_workflow" / "event.json"
    event.parent.mkdir(exist_ok=True)
    event.write_bytes(msgspec.json.encode(parts.order.event if parts.order.event is not None else {}))
    parts.contexts.set_github(workspace=folders.workspace, event_path=str(event), job=parts.order.job_id)
