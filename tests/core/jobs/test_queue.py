"""Which job is claimed when, by whom, and who may write of it: the table's own rules, without a runner."""

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


async def test_a_claimed_job_runs_and_nobody_else_gets_it(database: Database, jobs: Jobs, claimer: Claimer) -> None:
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


async def test_a_job_of_a_transaction_that_is_rolled_back_was_never_there(
    database: Database, jobs: Jobs, claimer: Claimer
) -> None:
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await enqueue(connection, STEP, Step(), organisation_id=None)
        await transaction.rollback()

    assert await claimer.claim() == []
    assert await jobs.states() == []


async def test_higher_priority_comes_first_and_then_what_is_due_for_longest(jobs: Jobs, claimer: Claimer) -> None:
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


async def test_a_kind_that_a_worker_cannot_run_is_left_to_others(jobs: Jobs, claimer: Claimer) -> None:
    await jobs.add(kind=OTHER)
    mine = await jobs.add()

    assert [mine] == await claimer.claim_ids()
    assert await claimer.claim_ids() == []


async def test_what_is_finished_has_its_state_and_its_times(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (claimed,) = await claimer.claim()

    await finish(claimer, claimed)

    job = await jobs.get(job_id)
    assert job.state is JobState.SUCCEEDED
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at


async def test_a_failed_attempt_comes_back_after_its_delay(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (claimed,) = await claimer.claim()

    await claimer.queue.finish([outcome(claimed, AttemptEnding.RETRYING, delay_s=3600.0, error="No route.")])

    job = await jobs.get(job_id)
    assert (job.state, job.attempt_count, job.error) == (JobState.RETRYING, 1, "No route.")
    assert timedelta(minutes=59) < job.run_at - datetime.now(UTC) < timedelta(minutes=61)
    assert await claimer.claim() == []


async def test_a_returned_job_keeps_its_attempt_and_is_claimed_at_once(database: Database, jobs: Jobs) -> None:
    first, second = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    (claimed,) = await first.claim()

    await finish(first, claimed, AttemptEnding.RETURNED)

    assert (await jobs.get(job_id)).state is JobState.QUEUED
    (again,) = await second.claim()
    assert (again.job_id, again.attempt_count) == (job_id, 1)


async def test_a_dead_workers_job_is_run_by_another_and_counts_as_failed(database: Database, jobs: Jobs) -> None:
    dead, heir = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    await dead.claim()

    await release(database, dead)

    job = await jobs.get(job_id)
    assert (job.state, job.error) == (JobState.RETRYING, "The worker that ran it ended without recording an outcome.")
    (claimed,) = await heir.claim()
    assert (claimed.job_id, claimed.attempt_count) == (job_id, 2)


async def test_a_job_that_ends_every_worker_has_failed_in_the_end_and_comes_later_each_time(
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


async def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(database: Database, jobs: Jobs) -> None:
    dead, heir = await new_claimer(database), await new_claimer(database)
    job_id = await jobs.add()
    (lost,) = await dead.claim()
    await release(database, dead)
    await heir.claim()

    assert await dead.queue.finish([outcome(lost)]) == []
    with pytest.raises(JobLostError):
        await dead.queue.report(lost, Progress(done=5))

    job = await jobs.get(job_id)
    assert (job.state, job.attempt_count, job.progress_done) == (JobState.RUNNING, 2, None)


async def test_an_outcome_of_an_earlier_attempt_changes_nothing_of_a_later_one(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    (first,) = await claimer.claim()
    await claimer.queue.finish([outcome(first, AttemptEnding.RETRYING, delay_s=0.0)])
    (second,) = await claimer.claim()

    assert await claimer.queue.finish([outcome(first)]) == []

    assert (await jobs.get(job_id)).state is JobState.RUNNING
    assert second.attempt_count == 2


async def test_what_an_error_hid_from_a_worker_is_given_back_by_its_next_claim(jobs: Jobs, claimer: Claimer) -> None:
    job_id = await jobs.add()
    await claimer.claim()
    # As if the answer to the claim's commit had been lost.
    claimer.queue._leased_ids.give_back([job_id])

    (again,) = await claimer.claim()

    assert (again.job_id, again.attempt_count) == (job_id, 1)


class TestKeys:
    """One at a time for a key, in the order in which they were enqueued."""

    async def test_the_next_one_runs_when_the_one_before_has_ended(self, jobs: Jobs, claimer: Claimer) -> None:
        ids = await jobs.add_many((Step(), Step(), Step()), key="repository")
        ran = []
        for _ in ids:
            (claimed,) = await claimer.claim()
            ran.append(claimed.job_id)
            await finish(claimer, claimed)

        assert ids == ran
        assert await claimer.claim() == []

    async def test_those_behind_wait_and_say_so(self, jobs: Jobs, claimer: Claimer) -> None:
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

    async def test_one_that_is_retried_later_still_comes_first(self, jobs: Jobs, claimer: Claimer) -> None:
        await jobs.add_many((Step(), Step()), key="repository")
        (claimed,) = await claimer.claim()

        await finish(claimer, claimed, AttemptEnding.RETRYING)

        assert await claimer.claim() == []

    async def test_one_that_failed_for_good_lets_the_next_one_go_on(self, jobs: Jobs, claimer: Claimer) -> None:
        _, second = await jobs.add_many((Step(), Step()), key="repository")
        (claimed,) = await claimer.claim()

        await finish(claimer, claimed, AttemptEnding.FAILED)

        assert [second] == await claimer.claim_ids()

    async def test_a_dead_worker_does_not_change_their_order(self, database: Database, jobs: Jobs) -> None:
        first, _ = await jobs.add_many((Step(), Step()), key="repository")
        dead, heir = await new_claimer(database), await new_claimer(database)
        await dead.claim()
        await heir.claim()

        await release(database, dead)

        assert [first] == await heir.claim_ids()

    async def test_a_dead_workers_last_attempt_lets_the_next_one_go_on(self, database: Database, jobs: Jobs) -> None:
        once = JobKind(name=STEP.name, payload=Step, attempts_max=1)
        _, second = await jobs.add_many((Step(), Step()), kind=once, key="repository")
        dead, heir = await new_claimer(database), await new_claimer(database)
        await dead.claim()
        await heir.claim()

        await release(database, dead)

        assert [second] == await heir.claim_ids()

    async def test_the_same_key_of_another_organisation_is_another_key(self, jobs: Jobs, claimer: Claimer) -> None:
        first = await jobs.add(key="repository", organisation_id=new_id())
        second = await jobs.add(key="repository", organisation_id=new_id())
        third = await jobs.add(key="repository")

        assert {first, second, third} == set(await claimer.claim_ids())

    async def test_the_database_itself_refuses_two_at_once(self, database: Database, jobs: Jobs) -> None:
        await jobs.add_many((Step(), Step()), key="repository")

        async with database.connection() as connection:
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(
                    "UPDATE jobs.job SET state = 'running', leased_by = $1, attempt_count = 1, started_at = now()",
                    new_id(),
                )

    async def test_a_claim_that_the_database_refuses_is_made_again(
        self, jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As when two workers claim for one key at once, of which neither sees what the other does."""
        job_id = await jobs.add(key="repository")
        claim, is_refused = store.job_claim, iter([True, False])

        async def refuse_once(*arguments: Any, **options: Any) -> store.Claim:
            claimed = await claim(*arguments, **options)
            if next(is_refused):
                raise asyncpg.UniqueViolationError("job_running_of_key")
            return claimed

        monkeypatch.setattr(store, "job_claim", refuse_once)

        assert await claimer.claim_ids() == [job_id]
        assert (await jobs.get(job_id)).attempt_count == 1

    async def test_a_long_queue_behind_one_key_delays_no_other_job(self, jobs: Jobs, claimer: Claimer) -> None:
        head, *_ = await jobs.add_many((Step() for _ in range(2_500)), key="repository")
        assert [head] == await claimer.claim_ids(limit=1)
        other = await jobs.add()

        assert [other] == await claimer.claim_ids(limit=1)

    async def test_workers_at_once_keep_the_order(self, database: Database, jobs: Jobs) -> None:
        """What is set aside and what ends meanwhile cross each other; nothing may be left waiting."""
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

    async def test_one_job_of_another_is_in_the_next_claim(self, jobs: Jobs, claimer: Claimer) -> None:
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

    async def test_an_organisation_without_room_is_passed_over(self, jobs: Jobs, claimer: Claimer) -> None:
        full, other = new_id(), new_id()
        await jobs.add_many((Step() for _ in range(20)), organisation_id=full)
        await jobs.add_many((Step() for _ in range(20)), organisation_id=other)

        claimed = await claimer.claim(limit=6, rooms={full: 0})
        assert {other} == {job.organisation_id for job in claimed}

        claimed = await claimer.claim(limit=6, rooms={full: 2})
        assert [full, full] == [job.organisation_id for job in claimed if job.organisation_id == full]

    async def test_hundreds_of_organisations_with_nothing_due_are_looked_at_once(
        self, jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        organisations = [new_id() for _ in range(250)]
        for organisation_id in organisations:
            await jobs.add(organisation_id=organisation_id, run_at=tomorrow)
        claim, looks = store.job_claim, []

        async def count(*arguments: Any, **options: Any) -> store.Claim:
            looks.append(options["after"])
            return await claim(*arguments, **options)

        monkeypatch.setattr(store, "job_claim", count)

        assert await claimer.claim() == []
        assert len(looks) == 3

        # Also when a claim begins in the middle, behind the only one that has something.
        first, last = (
            await jobs.add(organisation_id=min(organisations)),
            await jobs.add(organisation_id=max(organisations)),
        )
        assert await claimer.claim_ids(limit=1) == [first]
        assert await claimer.claim_ids(limit=1) == [last]
        looks.clear()
        assert await claimer.claim() == []
        assert len(looks) <= 4

    async def test_hundreds_of_organisations_have_their_turn(self, jobs: Jobs, claimer: Claimer) -> None:
        organisations = [new_id() for _ in range(250)]
        for organisation_id in organisations:
            await jobs.add_many((Step(), Step()), organisation_id=organisation_id)

        seen = [job.organisation_id for _ in range(25) for job in await claimer.claim(limit=10)]

        assert set(organisations) == set(seen)
