"""Claiming and finishing jobs, and the rules of the table, without a runner."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from durable_jobs import STEP, Claimer, Jobs, Step, new_claimer, release
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobKind, JobLostError, JobPriority, JobState, enqueue, store
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, ClaimedJob, Progress
from ninefold.core.postgres.database import Database

OTHER = JobKind(name="test.other", payload=Step)


@pytest.fixture
async def claimer(database: Database) -> Claimer:
    return await new_claimer(database)


def outcome(
    job: ClaimedJob, ending: AttemptEnding = AttemptEnding.SUCCEEDED, *, error: str | None = None, delay_s: float = 60.0
) -> AttemptOutcome:
    is_retried = ending is AttemptEnding.RETRYING
    return AttemptOutcome(
        job=job,
        ending=ending,
        duration_s=0.1,
        progress=Progress(),
        error=error or ("It failed." if ending in {AttemptEnding.RETRYING, AttemptEnding.FAILED} else None),
        retry_delay_s=delay_s if is_retried else None,
    )


async def finish(claimer: Claimer, job: ClaimedJob, ending: AttemptEnding = AttemptEnding.SUCCEEDED) -> None:
    await claimer.queue.finish([outcome(job, ending)])


async def test_a_claimed_job_is_running_and_no_other_worker_gets_it(
    database: Database, jobs: Jobs, claimer: Claimer
) -> None:
    job_id = await jobs.add(Step(number=7))
    other = await new_claimer(database)

    (claimed,) = await claimer.claim()

    assert (claimed.job_id, claimed.payload, claimed.attempt_count) == (job_id, '{"number":7}', 1)
    assert await other.claim() == []
    assert (await jobs.get(job_id)).state is JobState.RUNNING


async def test_two_workers_that_claim_at_once_share_the_jobs(database: Database, jobs: Jobs) -> None:
    ids = await jobs.add_many(Step() for _ in range(200))
    claimers = [await new_claimer(database) for _ in range(4)]

    claimed = await asyncio.gather(*(claimer.claim_ids(limit=50) for claimer in claimers))

    assert sorted(ids) == sorted(job_id for each in claimed for job_id in each)


async def test_a_job_of_a_rolled_back_transaction_does_not_exist(
    database: Database, jobs: Jobs, claimer: Claimer
) -> None:
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await enqueue(connection, STEP, Step(), organisation_id=None)
        await transaction.rollback()

    assert await claimer.claim() == []
    assert await jobs.states() == []


async def test_higher_priority_comes_first_and_then_the_longest_due(jobs: Jobs, claimer: Claimer) -> None:
    now = datetime.now(UTC)
    low = await jobs.add(priority=JobPriority.LOW, run_at=now - timedelta(hours=3))
    recent = await jobs.add(run_at=now - timedelta(hours=1))
    older = await jobs.add(run_at=now - timedelta(hours=2))
    high = await jobs.add(priority=JobPriority.HIGH)

    claimed = [await claimer.claim_ids(limit=1) for _ in range(4)]

    assert [[high], [older], [recent], [low]] == claimed


async def test_a_job_is_not_claimed_before_its_time(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add(run_at=datetime.now(UTC) + timedelta(seconds=0.3), priority=JobPriority.HIGH)
    due = await jobs.add(priority=JobPriority.LOW)

    assert [due] == await claimer.claim_ids()
    async with asyncio.timeout(5):
        while not (claimed := await claimer.claim_ids()):
            await asyncio.sleep(0.02)
    assert [job_id] == claimed


async def test_a_worker_does_not_claim_kinds_that_it_cannot_run(jobs: Jobs, claimer: Claimer) -> None:
    await jobs.add(kind=OTHER)
    mine = await jobs.add()

    assert [mine] == await claimer.claim_ids()
    assert await claimer.claim_ids() == []


async def test_a_finished_job_has_its_state_and_times(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (claimed,) = await claimer.claim()

    await finish(claimer, claimed)

    job = await jobs.get(job_id)
    assert job.state is JobState.SUCCEEDED
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at


async def test_a_failed_attempt_is_retried_after_its_delay(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (claimed,) = await claimer.claim()

    await claimer.queue.finish([outcome(claimed, AttemptEnding.RETRYING, delay_s=3600.0, error="No route.")])

    job = await jobs.get(job_id)
    assert (job.state, job.attempt_count, job.error) == (JobState.RETRYING, 1, "No route.")
    assert timedelta(minutes=59) < job.run_at - datetime.now(UTC) < timedelta(minutes=61)
    assert await claimer.claim() == []


async def test_a_returned_job_does_not_use_up_an_attempt_and_is_claimed_at_once(database: Database, jobs: Jobs) -> None:
    first, second = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    (claimed,) = await first.claim()

    await finish(first, claimed, AttemptEnding.RETURNED)

    assert (await jobs.get(job_id)).state is JobState.QUEUED
    (again,) = await second.claim()
    assert (again.job_id, again.attempt_count) == (job_id, 1)


async def test_another_worker_runs_a_dead_workers_job_and_the_attempt_counts_as_failed(
    database: Database, jobs: Jobs
) -> None:
    dead, successor = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    await dead.claim()

    await release(database, dead)

    job = await jobs.get(job_id)
    assert (job.state, job.error) == (JobState.RETRYING, "The worker that ran it ended without recording an outcome.")
    (claimed,) = await successor.claim()
    assert (claimed.job_id, claimed.attempt_count) == (job_id, 2)


async def test_a_job_that_crashes_every_worker_gets_longer_delays_and_fails_in_the_end(
    database: Database, jobs: Jobs
) -> None:
    job_id = await jobs.add()
    waits = []
    for _ in range(STEP.attempts_max):
        dead = await new_claimer(database)
        async with database.connection() as connection:
            await connection.execute("UPDATE jobs.job SET run_at = now()")
        assert [job_id] == await dead.claim_ids()
        await release(database, dead)
        waits.append(round(((await jobs.get(job_id)).run_at - datetime.now(UTC)).total_seconds()))

    assert waits == [0, 5, 10]
    assert (await jobs.get(job_id)).state is JobState.FAILED


async def test_a_worker_with_an_expired_lease_cannot_write(database: Database, jobs: Jobs) -> None:
    dead, successor = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    (lost,) = await dead.claim()
    await release(database, dead)
    await successor.claim()

    assert await dead.queue.finish([outcome(lost)]) == []
    with pytest.raises(JobLostError):
        await dead.queue.report(lost, Progress(done=5))

    job = await jobs.get(job_id)
    assert (job.state, job.attempt_count, job.progress_done) == (JobState.RUNNING, 2, None)


async def test_an_outcome_of_an_earlier_attempt_does_not_change_a_later_one(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (first,) = await claimer.claim()
    await claimer.queue.finish([outcome(first, AttemptEnding.RETRYING, delay_s=0.0)])
    (second,) = await claimer.claim()

    assert await claimer.queue.finish([outcome(first)]) == []

    assert (await jobs.get(job_id)).state is JobState.RUNNING
    assert second.attempt_count == 2


async def test_jobs_of_a_claim_whose_result_was_lost_are_released_by_the_next_claim(
    jobs: Jobs, claimer: Claimer
) -> None:
    job_id = await jobs.add()
    await claimer.claim()
    # As if the connection had been lost during the claim's commit.
    claimer.queue._leased_ids.give_back([job_id])

    (again,) = await claimer.claim()

    assert (again.job_id, again.attempt_count) == (job_id, 1)


class TestKeys:
    """Jobs with the same key run one at a time, in the order in which they were enqueued."""

    async def test_the_next_job_runs_when_the_previous_one_has_ended(self, jobs: Jobs, claimer: Claimer) -> None:
        ids = await jobs.add_many((Step(), Step(), Step()), key="repository")
        ran = []
        for _ in ids:
            (claimed,) = await claimer.claim()
            ran.append(claimed.job_id)
            await finish(claimer, claimed)

        assert ids == ran
        assert await claimer.claim() == []

    async def test_later_jobs_are_in_state_waiting(self, jobs: Jobs, claimer: Claimer) -> None:
        await jobs.add_many((Step(), Step(), Step()), key="repository")

        (claimed,) = await claimer.claim()
        assert await claimer.claim() == []
        assert await jobs.states() == [JobState.RUNNING, JobState.WAITING, JobState.WAITING]

        await finish(claimer, claimed)
        assert await jobs.states() == [JobState.SUCCEEDED, JobState.QUEUED, JobState.WAITING]

    async def test_priority_does_not_change_their_order(self, jobs: Jobs, claimer: Claimer) -> None:
        first = await jobs.add(key="repository", priority=JobPriority.LOW)
        await jobs.add(key="repository", priority=JobPriority.HIGH)

        assert [first] == await claimer.claim_ids()

    async def test_a_retrying_job_still_comes_first(self, jobs: Jobs, claimer: Claimer) -> None:
        await jobs.add_many((Step(), Step()), key="repository")
        (claimed,) = await claimer.claim()

        await finish(claimer, claimed, AttemptEnding.RETRYING)

        assert await claimer.claim() == []

    async def test_a_failed_job_lets_the_next_one_run(self, jobs: Jobs, claimer: Claimer) -> None:
        _, second = await jobs.add_many((Step(), Step()), key="repository")
        (claimed,) = await claimer.claim()

        await finish(claimer, claimed, AttemptEnding.FAILED)

        assert [second] == await claimer.claim_ids()

    async def test_a_dead_worker_does_not_change_their_order(self, database: Database, jobs: Jobs) -> None:
        first, _ = await jobs.add_many((Step(), Step()), key="repository")
        dead, successor = await new_claimer(database), await new_claimer(database)
        await dead.claim()
        await successor.claim()

        await release(database, dead)

        assert [first] == await successor.claim_ids()

    async def test_the_last_attempt_of_a_dead_worker_lets_the_next_job_run(
        self, database: Database, jobs: Jobs
    ) -> None:
        once = JobKind(name=STEP.name, payload=Step, attempts_max=1)
        _, second = await jobs.add_many((Step(), Step()), kind=once, key="repository")
        dead, successor = await new_claimer(database), await new_claimer(database)
        await dead.claim()
        await successor.claim()

        await release(database, dead)

        assert [second] == await successor.claim_ids()

    async def test_keys_of_different_organisations_are_independent(self, jobs: Jobs, claimer: Claimer) -> None:
        first = await jobs.add(key="repository", organisation_id=new_id())
        second = await jobs.add(key="repository", organisation_id=new_id())
        third = await jobs.add(key="repository")

        assert {first, second, third} == set(await claimer.claim_ids())

    async def test_the_database_rejects_two_running_jobs_with_the_same_key(
        self, database: Database, jobs: Jobs
    ) -> None:
        await jobs.add_many((Step(), Step()), key="repository")

        async with database.connection() as connection:
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(
                    "UPDATE jobs.job SET state = 'running', leased_by = $1, attempt_count = 1, started_at = now()",
                    new_id(),
                )

    async def test_a_claim_that_the_database_rejects_is_retried(
        self, jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """This happens if two workers claim jobs with the same key at once."""
        job_id = await jobs.add(key="repository")
        claim, is_rejected = store.job_claim, iter([True, False])

        async def reject_once(*arguments: Any, **options: Any) -> store.Claim:
            claimed = await claim(*arguments, **options)
            if next(is_rejected):
                raise asyncpg.UniqueViolationError("job_running_of_key")
            return claimed

        monkeypatch.setattr(store, "job_claim", reject_once)

        assert await claimer.claim_ids() == [job_id]
        assert (await jobs.get(job_id)).attempt_count == 1

    async def test_a_long_queue_behind_one_key_delays_no_other_job(self, jobs: Jobs, claimer: Claimer) -> None:
        head, *_ = await jobs.add_many((Step() for _ in range(2_500)), key="repository")
        assert [head] == await claimer.claim_ids(limit=1)
        other = await jobs.add()

        assert [other] == await claimer.claim_ids(limit=1)

    async def test_concurrent_workers_keep_the_order(self, database: Database, jobs: Jobs) -> None:
        """Jobs are marked as waiting while others end; none may stay in state waiting."""
        ids = await jobs.add_many((Step() for _ in range(60)), key="a")
        others = await jobs.add_many((Step() for _ in range(60)), key="b")
        ran: list[UUID] = []

        async def work() -> None:
            claimer = await new_claimer(database)
            while len(ran) < len(ids) + len(others):
                claimed = await claimer.claim(limit=3)
                ran.extend(job.job_id for job in claimed)
                if claimed:
                    await claimer.queue.finish([outcome(job) for job in claimed])
                await asyncio.sleep(0)

        async with asyncio.timeout(30):
            await asyncio.gather(*(work() for _ in range(4)))

        assert ids == [job_id for job_id in ran if job_id in set(ids)]
        assert others == [job_id for job_id in ran if job_id in set(others)]


class TestFairness:
    """One organisation's many jobs don't delay another's few."""

    async def test_the_only_job_of_another_organisation_is_in_the_next_claim(
        self, jobs: Jobs, claimer: Claimer
    ) -> None:
        await jobs.add_many((Step() for _ in range(500)), organisation_id=new_id(), priority=JobPriority.HIGH)
        small = await jobs.add(organisation_id=new_id(), priority=JobPriority.LOW)

        assert small in await claimer.claim_ids(limit=4)

    async def test_a_claim_is_shared_evenly(self, jobs: Jobs, claimer: Claimer) -> None:
        organisations = [new_id() for _ in range(4)]
        for organisation_id in organisations:
            await jobs.add_many((Step() for _ in range(20)), organisation_id=organisation_id)

        claimed = await claimer.claim(limit=20)

        assert [
            sum(job.organisation_id == organisation_id for job in claimed) for organisation_id in organisations
        ] == [5, 5, 5, 5]

    async def test_an_organisation_without_free_slots_is_skipped(self, jobs: Jobs, claimer: Claimer) -> None:
        full, other = new_id(), new_id()
        await jobs.add_many((Step() for _ in range(20)), organisation_id=full)
        await jobs.add_many((Step() for _ in range(20)), organisation_id=other)

        claimed = await claimer.claim(limit=6, slots={full: 0})
        assert {other} == {job.organisation_id for job in claimed}

        claimed = await claimer.claim(limit=6, slots={full: 2})
        assert [full, full] == [job.organisation_id for job in claimed if job.organisation_id == full]

    async def test_hundreds_of_organisations_with_nothing_due_are_scanned_once(
        self, jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        organisations = [new_id() for _ in range(250)]
        for organisation_id in organisations:
            await jobs.add(organisation_id=organisation_id, run_at=tomorrow)
        claim, scans = store.job_claim, []

        async def count(*arguments: Any, **options: Any) -> store.Claim:
            scans.append(options["after"])
            return await claim(*arguments, **options)

        monkeypatch.setattr(store, "job_claim", count)

        assert await claimer.claim() == []
        assert len(scans) == 3

        # The same if a scan starts in the middle, after the only organisation with a due job.
        first, last = (
            await jobs.add(organisation_id=min(organisations)),
            await jobs.add(organisation_id=max(organisations)),
        )
        assert await claimer.claim_ids(limit=1) == [first]
        assert await claimer.claim_ids(limit=1) == [last]
        scans.clear()
        assert await claimer.claim() == []
        assert len(scans) <= 4

    async def test_each_of_hundreds_of_organisations_gets_its_turn(self, jobs: Jobs, claimer: Claimer) -> None:
        organisations = [new_id() for _ in range(250)]
        for organisation_id in organisations:
            await jobs.add_many((Step(), Step()), organisation_id=organisation_id)

        seen = [job.organisation_id for _ in range(25) for job in await claimer.claim(limit=10)]

        assert set(organisations) == set(seen)
