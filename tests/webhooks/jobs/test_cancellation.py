"""What waits for a subscription that was deleted ends by a job, however much it is."""

from uuid import UUID

import msgspec
import pytest

from durable_jobs import Jobs
from in_process import StartWorker
from ninefold.core.ids import new_id, parse_id
from ninefold.core.jobs import JobState
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.webhooks.jobs import cancellation
from ninefold.systems.webhooks.jobs.cancellation import Canceled
from ninefold.systems.webhooks.store.deliveries import delivery_cancel_pending
from webhooks.webhooks_api import WebhooksApi

URL = "http://127.0.0.1:1/hooks"

_INSERT = """
    INSERT INTO webhooks.delivery (
        delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
        round_started_at, next_attempt_at, created_at, finished_at, leased_by, last_attempted_at, last_duration_ms,
        last_error_class, last_error_detail, is_last_response_body_truncated
    )
    SELECT
        uuidv7(), $1, uuidv7(), $2, $3, 1, 1, now(),
        CASE WHEN $3 = 'retrying' THEN now() + interval '1 hour' END,
        now(),
        CASE WHEN $3 NOT IN ('retrying', 'waiting') THEN now() END,
        $4, now(), 1.0, 'timeout', 'It took too long.', FALSE
    FROM generate_series(1, $5::integer)
"""


@pytest.fixture
def jobs(database: Database) -> Jobs:
    """The table of jobs."""
    return Jobs(database)


async def insert(
    database: Database,
    subscription: dict[str, str],
    count: int,
    *,
    status: str = "retrying",
    leased_by: UUID | None = None,
) -> UUID:
    """Write deliveries to a subscription, each after one attempt."""
    subscription_id = parse_id("sub", subscription["subscription_id"])
    async with database.connection() as connection:
        organisation_id = await connection.fetchval("SELECT organisation_id FROM webhooks.subscription LIMIT 1")
        await connection.execute(_INSERT, organisation_id, subscription_id, status, leased_by, count)
    return subscription_id


async def statuses(database: Database, subscription_id: UUID) -> dict[str, int]:
    """Count the deliveries to a subscription by their status."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "SELECT status, count(*) FROM webhooks.delivery WHERE subscription_id = $1 GROUP BY status", subscription_id
        )
    return {record["status"]: record["count"] for record in records}


async def the_job(database: Database) -> UUID:
    async with database.connection() as connection:
        job_id: UUID = await connection.fetchval("SELECT job_id FROM jobs.job")
    return job_id


async def test_what_is_unfinished_is_canceled_and_nothing_else(
    api: WebhooksApi, database: Database, jobs: Jobs, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancellation, "BATCH", 100)
    deleted, kept = await api.subscribe(URL), await api.subscribe(URL)
    deleted_id = await insert(database, deleted, 150)
    await insert(database, deleted, 200, status="waiting")
    await insert(database, deleted, 5, status="waiting", leased_by=new_id())
    await insert(database, deleted, 5, status="delivered")
    await insert(database, deleted, 5, status="failed")
    await insert(database, deleted, 5, leased_by=new_id())
    kept_id = await insert(database, kept, 5)
    async with start_worker():
        response = await api.request("DELETE", f"/subscriptions/{deleted['subscription_id']}")
        assert response.status_code == 204
        job = await jobs.wait(await the_job(database), JobState.SUCCEEDED)

    assert await statuses(database, deleted_id) == {
        "canceled": 350,
        "delivered": 5,
        "failed": 5,
        "retrying": 5,
        "waiting": 5,
    }
    assert await statuses(database, kept_id) == {"retrying": 5}
    assert job.result is not None
    assert msgspec.json.decode(job.result, type=Canceled) == Canceled(deliveries=350)
    assert job.progress_done == 350


async def test_the_answer_does_not_wait_for_it(api: WebhooksApi, database: Database, jobs: Jobs) -> None:
    subscription = await api.subscribe(URL)
    subscription_id = await insert(database, subscription, 3)

    response = await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")

    assert response.status_code == 204
    assert await statuses(database, subscription_id) == {"retrying": 3}
    job = await jobs.get(await the_job(database))
    assert (job.kind, job.state) == ("webhooks.cancel_deliveries", JobState.QUEUED)
    assert job.organisation_id is not None


async def test_a_deletion_that_is_refused_enqueues_nothing(
    api: WebhooksApi, other_api: WebhooksApi, jobs: Jobs
) -> None:
    subscription = await other_api.subscribe(URL)

    await api.refused(404, "DELETE", f"/subscriptions/{subscription['subscription_id']}")

    assert await jobs.states() == []


async def test_it_goes_on_where_it_was_and_counts_what_it_did(
    api: WebhooksApi, database: Database, jobs: Jobs, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancellation, "BATCH", 100)
    afters: list[UUID] = []

    async def fail_at_the_fourth(
        connection: Connection, *, subscription_id: UUID, status: str, after: UUID, limit: int
    ) -> list[UUID]:
        afters.append(after)
        if len(afters) == 4:
            raise ConnectionResetError("gone")
        return await delivery_cancel_pending(
            connection, subscription_id=subscription_id, status=status, after=after, limit=limit
        )

    monkeypatch.setattr(cancellation, "delivery_cancel_pending", fail_at_the_fourth)
    subscription = await api.subscribe(URL)
    subscription_id = await insert(database, subscription, 50)
    await insert(database, subscription, 300, status="waiting")
    await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")
    job_id = await the_job(database)
    async with start_worker():
        await jobs.wait(job_id, JobState.RETRYING)
        async with database.connection() as connection:
            await connection.execute("UPDATE jobs.job SET run_at = now()")
        job = await jobs.wait(job_id, JobState.SUCCEEDED)

    assert await statuses(database, subscription_id) == {"canceled": 350}
    assert (job.attempt_count, job.progress_done) == (2, 350)
    assert afters[4] == afters[3]
