"""What the modules that run a job share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ninefold.systems.workflows.execution.action_store import ActionStore
from ninefold.systems.workflows.execution.contexts import JobContexts
from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.processes import RunningProcesses
from ninefold.systems.workflows.execution.report import JobReport
from ninefold.systems.workflows.execution.step_state import JobState


@dataclass(kw_only=True)
class JobParts:
    """The parts of one job."""

    order: JobOrder
    report: JobReport
    job: JobState
    contexts: JobContexts
    processes: RunningProcesses
    store: ActionStore
    now: Callable[[], datetime]
    default_shell: str | None = None
    default_folder: str | None = None
    """The working directory of `run` steps."""
