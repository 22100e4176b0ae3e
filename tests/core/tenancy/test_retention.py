"""What the hourly job deletes, and what it keeps."""

from datetime import timedelta

import httpx
import pytest

from durable_jobs import Jobs, running
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy import retention
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.retention import (
    DELETE_ENDED,
    DELETE_ENDED_HANDLER,
    DELETE_ENDED_SCHEDULE,
    DeleteEnded,
    TenancyRetention,
)
from ninefold.core.tenancy.service import create_api_key
from ninefold.core.tenancy.sign_in import admit_attempt
from ninefold.core.tenancy.store.audit_log import audit_entry_insert
from people import NOON, SetClock, make_person, new_organisation


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


async def run_job(database: Database, jobs: Jobs, clock: SetClock) -> None:
    """Run the job in a worker; it keeps entries of the audit log for ten days."""
    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_ENDED, DeleteEnded(), organisation_id=None)
    context = TenancyRetention(database=database, clock=clock, audit_log_retention=timedelta(days=10))
    async with running(database, DELETE_ENDED_HANDLER, context=context):
        await jobs.wait(job_id, JobState.SUCCEEDED)


async def count(connection: Connection, table: str) -> int:
    found: int = await connection.fetchval(f"SELECT count(*) FROM tenancy.{table}")
    return found


@pytest.mark.parametrize(("days", "left"), [(59, 2), (61, 1)])
async def test_sessions_are_deleted_a_month_after_their_end_and_keys_never(
    http: httpx.AsyncClient, database: Database, jobs: Jobs, days: int, left: int
) -> None:
    organisation_id = await new_organisation(database, "acme")
    await make_person(http, database, organisation_id=organisation_id)
    async with database.connection() as connection:
        await create_api_key(connection, organisation_id=organisation_id, name="ci", expires_in=timedelta(days=30))
        await connection.execute(
            "UPDATE tenancy.credential "
            "SET created_at = created_at - $1::interval, expires_at = expires_at - $1::interval",
            timedelta(days=days),
        )

    await run_job(database, jobs, SetClock())

    async with database.connection() as connection:
        assert await count(connection, "credential") == left


@pytest.mark.parametrize(("minutes", "left"), [(59, 2), (61, 0)])
async def test_failures_are_forgotten_after_an_hour(database: Database, jobs: Jobs, minutes: int, left: int) -> None:
    clock = SetClock()
    async with database.transaction() as connection:
        await admit_attempt(connection, email="mia@example.com", address="127.0.0.1", now=NOON)
    clock.advance(minutes=minutes)

    await run_job(database, jobs, clock)

    async with database.connection() as connection:
        assert await count(connection, "sign_in_limit") == left


@pytest.mark.parametrize(("days", "left"), [(9, 25), (11, 0)])
async def test_old_entries_of_the_audit_log_are_deleted_in_batches(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, days: int, left: int
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    async with database.transaction() as connection:
        for _ in range(25):
            entry = AuditEntry(operation="try")
            await audit_entry_insert(connection, audit_entry_id=new_id(), entry=entry, result="succeeded")
        await connection.execute(
            "UPDATE tenancy.audit_entry SET occurred_at = occurred_at - $1::interval", timedelta(days=days)
        )

    await run_job(database, jobs, SetClock())

    async with database.connection() as connection:
        assert await count(connection, "audit_entry") == left


def test_it_runs_every_hour() -> None:
    assert DELETE_ENDED_SCHEDULE.cron == "37 * * * *"
    assert DELETE_ENDED_SCHEDULE.kind is DELETE_ENDED
