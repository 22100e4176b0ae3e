"""The sample data of workflows: repositories with a workflow, and runs in each state that an operation needs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from http_api import Api, Json
from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.fleet import RUNNER_PREFIX
from ninefold.systems.workflows.model.results import ARTIFACT_PREFIX, JobCaller
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from ninefold.systems.workflows.service.fleet.protocol import Register
from ninefold.systems.workflows.service.fleet.runners import register_runner
from ninefold.systems.workflows.service.fleet.tokens import find_registration, new_registration
from ninefold.systems.workflows.service.repositories import get_repository
from ninefold.systems.workflows.service.results.artifacts import ZIP_TYPE, create_artifact, finish_artifact
from ninefold.systems.workflows.service.runs.transitions import cancel_run
from ninefold.systems.workflows.service.runs.triggers import start_runs
from ninefold.systems.workflows.store.run_jobs import job_list
from ninefold.systems.workflows.store.uploads import upload_commit
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
    artifacts = [await add_artifact(context.database, run, name) for name in (SECRET_TEXT, "other")]
    runner, drained, removed = [await add_runner(context, runs.organisation_id) for _ in range(3)]
    for name in ("SAMPLE", "DOOMED"):
        for kind, value in (("secrets", SECRET_TEXT), ("variables", "1")):
            await context.api.done("PUT", f"/workflows/{kind}/{name}", json={"value": value})
            path = f"/workflows/repositories/{repository['repository_id']}/{kind}/{name}"
            await context.api.done("PUT", path, json={"value": value})
    doomed_names = {"secret_name": "DOOMED", "variable_name": "DOOMED"}
    return SampleData(
        ids={
            "secret_name": "SAMPLE",
            "variable_name": "SAMPLE",
            "repository_id": repository["repository_id"],
            "artifact_id": artifacts[0],
            "runner_id": runner,
            **run,
        },
        creating=("put_organisation_secret", "put_organisation_variable"),
        ids_of={
            "delete_organisation_secret": doomed_names,
            "delete_organisation_variable": doomed_names,
            "delete_repository_secret": doomed_names,
            "delete_repository_variable": doomed_names,
            "delete_artifact": {"artifact_id": artifacts[1]},
            "delete_repository": {"repository_id": doomed["repository_id"]},
            "drain_runner": {"runner_id": drained},
            "remove_runner": {"runner_id": removed},
            "rerun_run": {"run_id": ended["run_id"]},
            "cancel_run": {"run_id": (await runs.start(repository))["run_id"]},
        },
        secret_text=SECRET_TEXT,
        destroying=["delete_artifact", "delete_repository"],
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


async def add_artifact(database: Database, run: Mapping[str, str], name: str) -> str:
    """Give a run an artifact without any byte; return its id."""
    at = datetime.now(UTC)
    job_id = parse_id(JOB_PREFIX, run["job_id"])
    async with database.transaction() as connection:
        row = await connection.fetchrow("SELECT * FROM workflows.job WHERE job_id = $1", job_id)
        assert row is not None
        caller = JobCaller(
            job_id=job_id,
            organisation_id=row["organisation_id"],
            repository_id=row["repository_id"],
            run_id=row["run_id"],
            attempt=row["attempt"],
            ref="refs/heads/main",
            is_from_fork=False,
            default_branch="main",
        )
        upload = await create_artifact(
            connection,
            caller,
            name=name,
            content_type=ZIP_TYPE,
            bytes_max=1,
            kept=timedelta(days=1),
            expires_at=None,
            at=at,
        )
        await upload_commit(
            connection,
            upload_id=upload.upload_id,
            committed_at=at,
            size_bytes=0,
            sha256=sha256(b"").digest(),
        )
        artifact, _ = await finish_artifact(connection, caller, name=name, size=0, sha256=None, at=at)
    return format_id(ARTIFACT_PREFIX, artifact.artifact_id)


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
