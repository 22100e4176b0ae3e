"""Changes the priority of a run that hasn't ended."""

from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import RunEndedError, RunNotFoundError
from ninefold.systems.workflows.model.priorities import PRIORITY_NUMBERS, Priority
from ninefold.systems.workflows.model.runs import RunEvent
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.runs.changing import RunChange
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store


async def set_priority(connection: Connection, run_id: UUID, *, priority: Priority, by: str, at: datetime) -> Changed:
    """Give a run another priority: its jobs that no runner has yet get it too, and those that become known later.

    Raises:
        RunEndedError: the run has ended.
    """
    run = await store.run_lock(connection, run_id=run_id)
    if run is None:
        raise RunNotFoundError("There is no such run.")
    if run.is_ended:
        raise RunEndedError(
            f"The run has already ended: it is {run.status}.", remedy="Run it again with another priority."
        )
    number = PRIORITY_NUMBERS[priority]
    if run.priority == number:
        return Changed(run_ids=(run_id,))
    change = RunChange(connection, run, at=at)
    change.set(priority=number)
    await run_jobs.job_set_priority(connection, change.run)
    change.log(RunEvent(type="priority_changed", data={"priority": priority, "by": by}))
    return await change.save()
