"""Registers, lists, drains and removes runners."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import digest_text
from ninefold.systems.workflows.fleet_errors import RunnerBusyError, RunnerNotFoundError
from ninefold.systems.workflows.model.fleet import DEFAULT_LABELS, RUNNER_PREFIX, Runner
from ninefold.systems.workflows.service.fleet.protocol import Register
from ninefold.systems.workflows.service.fleet.tokens import RUNNER_TOKEN
from ninefold.systems.workflows.store import runners as store
from ninefold.systems.workflows.store.runners import Registration

RUNNERS_LISTED_MAX: Final = 1_000
SEEN_RESOLUTION: Final = timedelta(seconds=10)
"""How often it is noted that a runner was seen."""


async def register_runner(connection: Connection, registration: Registration, data: Register) -> tuple[Runner, str]:
    """Add a runner; return it with its token, which isn't stored."""
    token, prefix = RUNNER_TOKEN.new_credential()
    labels = dict.fromkeys([*DEFAULT_LABELS, *[label.lower() for label in data.labels]])
    runner = await store.runner_insert(
        connection,
        runner_id=new_id(),
        organisation_id=registration.organisation_id,
        name=data.name,
        runner_group=data.runner_group,
        labels=list(labels),
        jobs_max=1 if data.is_ephemeral else data.jobs_max,
        is_ephemeral=data.is_ephemeral,
        version=data.version,
        prefix=prefix,
        digest=digest_text(token),
    )
    return runner, token


async def list_runners(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[tuple[Runner, int]]:
    """Return the runners of an organisation and those of all, oldest first, each with how many jobs it has."""
    found = await store.runner_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    jobs = await store.runner_count_jobs(connection, runner_ids=[runner.runner_id for runner in found])
    return [(runner, jobs.get(runner.runner_id, 0)) for runner in found]


async def get_own_runner(connection: Connection, runner_id: UUID, *, organisation_id: UUID) -> Runner:
    """Return a runner that belongs to an organisation.

    Raises:
        RunnerNotFoundError: there is none with this id that does.
    """
    runner = await store.runner_find(connection, runner_id=runner_id)
    if runner is None or runner.organisation_id != organisation_id:
        raise RunnerNotFoundError(
            f"Your organisation has no runner {format_id(RUNNER_PREFIX, runner_id)}.",
            field="runner_id",
            remedy="List them: GET /api/v1/workflows/runners. Runners of the installation are its operator's.",
        )
    return runner


async def drain_runner(connection: Connection, runner: Runner) -> Runner:
    """Make a runner take no further jobs; it leaves when it has none."""
    drained = await store.runner_drain(connection, runner_id=runner.runner_id)
    return runner if drained is None else drained


async def remove_runner(connection: Connection, runner: Runner) -> None:
    """Remove a runner, whose token is refused from then on.

    Raises:
        RunnerBusyError: it runs a job.
    """
    if not await store.runner_delete(connection, runner_id=runner.runner_id):
        raise RunnerBusyError(
            f"The runner {runner.name} runs a job.", field="runner_id", remedy="Drain it first, or cancel the job."
        )
