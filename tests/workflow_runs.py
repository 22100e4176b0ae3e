"""Runs of workflows for tests: a repository in memory, and a runner that takes jobs and ends them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.workflows.execution.report import JobConclusion, JobResult
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.runs import Run, RunJob
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.runs.transitions import (
    advance_group,
    cancel_entry,
    job_finished,
    job_started,
)
from ninefold.systems.workflows.service.runs.triggers import start_runs
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store

SHA = "c0ffee" + "0" * 34
FILE = ".github/workflows/ci.yml"
START = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


class FakeFiles:
    """A repository whose files are the same at each commit."""

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        changed: Sequence[str] | None = None,
        others: "Mapping[str, FakeFiles] | None" = None,
    ) -> None:
        self.files = dict(files)
        self.changed = changed
        self.others = dict(others or {})

    async def list_files(self, sha: str, folder: str) -> Sequence[str]:
        del sha
        return [path for path in self.files if path.startswith(f"{folder}/")]

    async def read_file(self, sha: str, path: str) -> bytes | None:
        del sha
        text = self.files.get(path)
        return None if text is None else text.encode()

    async def changed_paths(self, before: str, after: str) -> Sequence[str] | None:
        del before, after
        return self.changed

    async def resolve(self, ref: str) -> str | None:
        return None if ref.endswith("missing") else SHA

    async def other(self, full_name: str) -> "FakeFiles | None":
        return self.others.get(full_name)


class RunWorld:
    """An organisation with a repository, its runs, and a runner that takes any job."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.organisation_id = new_id()
        self.repository = Repository(
            repository_id=new_id(),
            organisation_id=self.organisation_id,
            owner=f"o{self.organisation_id.hex[-12:]}",
            name="storefront",
            default_branch="main",
            created_at=START,
            updated_at=START,
            pushed_at=None,
            github_full_name=None,
            github_clone_url=None,
        )
        self.now = START
        self.files = FakeFiles({})

    async def create(self) -> "RunWorld":
        repository = self.repository
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO workflows.owner VALUES ($1, $2)", self.organisation_id, repository.owner
            )
            await connection.execute(
                "INSERT INTO workflows.repository (repository_id, organisation_id, name, default_branch, created_at, "
                "updated_at) VALUES ($1, $2, $3, $4, $5, $5)",
                repository.repository_id,
                self.organisation_id,
                repository.name,
                repository.default_branch,
                START,
            )
        return self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        self.now += timedelta(seconds=1)
        async with self.database.transaction() as connection:
            yield connection

    async def push(self, workflow: str | None = None, **values: Any) -> Changed:
        if workflow is not None:
            self.files.files[FILE] = workflow
        event = TriggerEvent(**{"name": "push", "ref": "refs/heads/main", "sha": SHA, "actor": "mia", **values})
        async with self.transaction() as connection:
            return await start_runs(connection, self.repository, event, self.files, at=self.now)

    async def start(self, workflow: str, **values: Any) -> UUID:
        changed = await self.push(workflow, **values)
        (run_id,) = changed.run_ids
        return run_id

    async def run(self, run_id: UUID) -> Run:
        async with self.database.connection() as connection:
            run = await store.run_find(connection, organisation_id=self.organisation_id, run_id=run_id)
        assert run is not None
        return run

    async def jobs(self, run_id: UUID, *, attempt: int | None = None) -> dict[str, RunJob]:
        run = await self.run(run_id)
        async with self.database.connection() as connection:
            jobs = await run_jobs.job_list(
                connection, run_id=run_id, attempt=attempt or run.attempt, after=None, limit=2_000
            )
        return {job.key: job for job in jobs}

    async def states(self, run_id: UUID) -> dict[str, str]:
        return {key: job.status for key, job in (await self.jobs(run_id)).items()}

    async def claim(self, run_id: UUID, key: str) -> RunJob:
        """Take a queued job as a runner does, without starting it."""
        job = (await self.jobs(run_id))[key]
        async with self.transaction() as connection:
            await connection.execute(
                "UPDATE workflows.job SET runner_id = $2, lease_number = lease_number + 1, lease_expires_at = $3 "
                "WHERE job_id = $1 AND status = 'queued' AND lease_expires_at IS NULL",
                job.job_id,
                new_id(),
                self.now + timedelta(minutes=1),
            )
        return (await self.jobs(run_id))[key]

    async def begin(self, run_id: UUID, key: str) -> RunJob:
        job = await self.claim(run_id, key)
        async with self.transaction() as connection:
            await job_started(connection, job, "runner-1", self.now)
        return job

    async def finish(
        self,
        run_id: UUID,
        key: str,
        conclusion: JobConclusion = "success",
        *,
        outputs: Mapping[str, str] | None = None,
    ) -> Changed:
        """End a job that runs."""
        job = (await self.jobs(run_id))[key]
        result = JobResult(conclusion=conclusion, outputs=outputs or {}, steps=())
        async with self.transaction() as connection:
            return await job_finished(connection, job.job_id, lease_number=job.lease_number, result=result, at=self.now)

    async def do(
        self,
        run_id: UUID,
        key: str,
        conclusion: JobConclusion = "success",
        *,
        outputs: Mapping[str, str] | None = None,
    ) -> Changed:
        """Take a queued job, and end it."""
        await self.begin(run_id, key)
        return await self.finish(run_id, key, conclusion, outputs=outputs)

    async def run_background(self) -> int:
        """Do what durable jobs do, until none is left; return how many there were."""
        done = 0
        while True:
            async with self.database.transaction() as connection:
                record = await connection.fetchrow(
                    "DELETE FROM jobs.job WHERE job_id = (SELECT job_id FROM jobs.job WHERE organisation_id = $1 "
                    "ORDER BY job_id LIMIT 1) RETURNING kind, payload",
                    self.organisation_id,
                )
            if record is None:
                return done
            done += 1
            await self._do_background(record["kind"], record["payload"])

    async def _do_background(self, kind: str, payload: str) -> None:
        import msgspec  # noqa: PLC0415

        from ninefold.systems.workflows.service.runs.background import AdvanceGroup, CancelEntry  # noqa: PLC0415

        async with self.transaction() as connection:
            if kind == "workflows.advance_group":
                group = msgspec.json.decode(payload, type=AdvanceGroup)
                await advance_group(
                    connection,
                    organisation_id=self.organisation_id,
                    repository_id=group.repository_id,
                    group_name=group.group_name,
                    at=self.now,
                )
            else:
                entry = msgspec.json.decode(payload, type=CancelEntry)
                await cancel_entry(
                    connection,
                    run_id=entry.run_id,
                    attempt=entry.attempt,
                    job_key=entry.job_key,
                    why=entry.why,
                    at=self.now,
                )
