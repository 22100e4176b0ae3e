"""The sample data of workflows: repositories with a workflow, and runs in each state that an operation needs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from http_api import Api, Json
from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.fleet import RUNNER_PREFIX
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from ninefold.systems.workflows.service.fleet.protocol import Register
from ninefold.systems.workflows.service.fleet.runners import register_runner
from ninefold.systems.workflows.service.fleet.tokens import find_registration, new_registration
from ninefold.systems.workflows.service.repositories import get_repository
from ninefold.systems.workflows.service.runs.transitions import cancel_run
from ninefold.systems.workflows.service.runs.triggers import start_runs
from ninefold.systems.workflows.store.run_jobs import job_list
from sample_data import SampleContext, SampleData
from workflow_repositories import make_hosted
from workflow_runs import FILE, SHA, FakeFiles

SECRET_TEXT = "only-acme-knows-this"
WORKFLOW = f"""\
name: {SECRET_TEXT}
on: {{push: , workflow_dispatch: {{inputs: {{environment: }}}}, repository_dispatch: }}
jobs:
  build: {{runs-on: ubuntu-latest, steps: [{{run: make}}]}}
  test: {{needs: build, runs-on: ubuntu-latest, steps: [{{run: make test}}]}}
"""


async def make_sample_data(context: SampleContext) -> SampleData:
    """Create repositories, and runs."""
    repository = await create(context.api, SECRET_TEXT)
    await create(context.api, "warehouse")
    doomed = await create(context.api, "doomed")
    if (folder := context.environment.get("NINEFOLD_WORKFLOWS_REPOSITORIES")) is not None:
        make_hosted(Path(folder), repository["repository_id"], {FILE: WORKFLOW})
    runs = RunMaker(context, await organisation_of(context.database, repository["repository_id"]))
    run = await runs.start(repository)
    ended = await runs.start(repository, is_canceled=True)
    await runs.start(repository)
    runner, drained, removed = [await add_runner(context, runs.organisation_id) for _ in range(3)]
    return SampleData(
        ids={"repository_id": repository["repository_id"], "runner_id": runner, **run},
        ids_of={
            "delete_repository": {"repository_id": doomed["repository_id"]},
            "drain_runner": {"runner_id": drained},
            "remove_runner": {"runner_id": removed},
            "rerun_run": {"run_id": ended["run_id"]},
            "cancel_run": {"run_id": (await runs.start(repository))["run_id"]},
        },
        secret_text=SECRET_TEXT,
        destroying=["delete_repository"],
    )


async def create(api: Api, name: str) -> Json:
    """Create a repository."""
    return await api.done("POST", "/workflows/repositories", json={"name": name})


async def add_runner(context: SampleContext, organisation_id: UUID) -> str:
    """Register a runner of the organisation; return its id."""
    async with context.database.transaction() as connection:
        registration = await find_registration(
            connection, await new_registration(connection, organisation_id=organisation_id)
        )
        runner, _ = await register_runner(connection, registration, Register(name=SECRET_TEXT))
    return format_id(RUNNER_PREFIX, runner.runner_id)


async def organisation_of(database: Database, repository_id: str) -> UUID:
    """Return whose a repository is."""
    async with database.connection() as connection:
        found: UUID = await connection.fetchval(
            "SELECT organisation_id FROM workflows.repository WHERE repository_id = $1", parse_id("repo", repository_id)
        )
    return found


class RunMaker:
    """Starts runs as a push does."""

    def __init__(self, context: SampleContext, organisation_id: UUID) -> None:
        self._database = context.database
        self.organisation_id = organisation_id

    async def start(self, repository: Json, *, is_canceled: bool = False) -> Mapping[str, str]:
        """Start a run; return its id, and that of its first job."""
        event = TriggerEvent(name="push", ref="refs/heads/main", sha=SHA, actor="mia", message=SECRET_TEXT)
        now = datetime.now(UTC)
        async with self._database.transaction() as connection:
            found = await get_repository(
                connection,
                organisation_id=self.organisation_id,
                repository_id=parse_id("repo", repository["repository_id"]),
            )
            (run_id,) = (await start_runs(connection, found, event, FakeFiles({FILE: WORKFLOW}), at=now)).run_ids
            if is_canceled:
                await cancel_run(connection, run_id, by="mia", at=now)
            (job, *_) = await job_list(connection, run_id=run_id, attempt=1, after=None, limit=1)
        return {"run_id": format_id(RUN_PREFIX, run_id), "job_id": format_id(JOB_PREFIX, job.job_id)}
