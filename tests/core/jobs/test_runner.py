"""Jobs that really run: handlers, their outcomes, cancellation, time limits, stopping, and shares."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from durable_jobs import JOBS_CHANNEL, QUICKLY, STEP, Jobs, Step, new_claimer, running, step
from ninefold.core.errors import UnavailableError
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobFailedError, JobKind, JobRun, JobRunner, JobState
from ninefold.core.jobs import handlers as handlers_module
from ninefold.core.jobs import runner as runner_module
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.service import cancel_job, retry_job
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import claim_loop
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier

Run = JobRun[Step]


async def succeed(_: Run, __: Database) -> None:
    """Do nothing."""


async def cancel(database: Database, job_id: UUID) -> None:
    async with database.transaction() as connection:
        await cancel_job(connection, job_id, canceled_by="ada")


class Gate:
    """A handler that says when it has begun, and ends when it may."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self, job: Run, _: Database) -> None:
        self.begun.append(job.job_id)
        self.has_begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


async def test_a_job_runs_and_leaves_its_result(database: Database, jobs: Jobs) -> None:
    async def double(job: Run, _: Database) -> dict[str, int]:
        return {"doubled": 2 * job.payload.number}

    job_id = await jobs.add(Step(number=21))
    async with running(database, step(double)):
        job = await jobs.wait(job_id, JobState.SUCCEEDED)

    assert job.result is not None
    assert (bytes(job.result), job.attempt_count, job.error) == (b'{"doubled":42}', 1, None)


async def test_a_job_that_is_enqueued_later_begins_with_the_notification(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POLL_S", 3600.0)
    async with running(database, step(succeed)) as notifier:
        job_id = await jobs.add()
        notifier.notify(JOBS_CHANNEL)
        await jobs.wait(job_id, JobState.SUCCEEDED)


async def test_without_a_notification_it_is_found_all_the_same(database: Database, jobs: Jobs) -> None:
    async with running(database, step(succeed)):
        await jobs.wait(await jobs.add(), JobState.SUCCEEDED, timeout_s=5.0)


async def test_many_jobs_each_run_once(database: Database, jobs: Jobs) -> None:
    ran: list[int] = []

    async def note(job: Run, _: Database) -> None:
        ran.append(job.payload.number)

    ids = await jobs.add_many(Step(number=number) for number in range(1_000))
    async with running(database, step(note)), running(database, step(note)):
        for job_id in ids:
            await jobs.wait(job_id, JobState.SUCCEEDED, timeout_s=30.0)

    assert sorted(ran) == list(range(1_000))


@pytest.mark.parametrize("error", [UnavailableError("The forge is away."), RuntimeError("a bug"), TimeoutError("slow")])
async def test_a_failed_attempt_is_made_again(database: Database, jobs: Jobs, error: Exception) -> None:
    errors = [error, error]
    seen: list[int] = []

    async def fail_twice(job: Run, _: Database) -> None:
        seen.append(job.attempt)
        if errors:
            raise errors.pop()

    job_id = await jobs.add()
    async with running(database, step(fail_twice)):
        job = await jobs.wait(job_id, JobState.SUCCEEDED)

    assert (seen, job.attempt_count, job.error) == ([1, 2, 3], 3, None)


async def test_after_the_last_attempt_a_job_is_failed_and_says_why(database: Database, jobs: Jobs) -> None:
    async def fail(_: Run, __: Database) -> None:
        raise ValueError("no such\0shelf")

    job_id = await jobs.add()
    async with running(database, step(fail)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert (job.attempt_count, job.error) == (3, "ValueError: no such\N{REPLACEMENT CHARACTER}shelf")


async def test_a_handler_may_say_that_no_further_attempt_helps(database: Database, jobs: Jobs) -> None:
    async def give_up(_: Run, __: Database) -> None:
        raise JobFailedError("The shelf is gone.", remedy="Choose another.")

    job_id = await jobs.add()
    async with running(database, step(give_up)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert (job.attempt_count, job.error) == (1, "The shelf is gone. Choose another.")


async def test_an_attempt_that_takes_too_long_has_failed(database: Database, jobs: Jobs) -> None:
    once = JobKind(name=STEP.name, payload=Step, attempts_max=1, timeout_s=0.05)
    job_id = await jobs.add(kind=once)

    async with running(database, step(Gate(), kind=once)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert job.error == "It took longer than 0.05 s."


async def test_a_payload_of_another_version_fails_the_job_and_no_other(database: Database, jobs: Jobs) -> None:
    misfit, good = await jobs.add(), await jobs.add()
    async with database.connection() as connection:
        await connection.execute("""UPDATE jobs.job SET payload = '{"number": "x"}' WHERE job_id = $1""", misfit)

    async with running(database, step(succeed)):
        await jobs.wait(good, JobState.SUCCEEDED)
        job = await jobs.wait(misfit, JobState.FAILED)

    assert job.error == "Its payload doesn't fit this version: Expected `int`, got `str` - at `$.number`"


@pytest.mark.parametrize("result", ["x" * 70_000, object()])
async def test_a_result_that_cannot_be_kept_fails_the_attempt(database: Database, jobs: Jobs, result: object) -> None:
    async def answer(_: Run, __: Database) -> object:
        return result

    job_id = await jobs.add()
    async with running(database, step(answer)):
        await jobs.wait(job_id, JobState.FAILED)


async def test_metrics_count_attempts_by_kind_and_ending(database: Database, jobs: Jobs) -> None:
    def count(ending: str) -> float:
        labels = {"kind": "test.counted", "ending": ending}
        return REGISTRY.get_sample_value("ninefold_jobs_attempts_total", labels) or 0.0

    async def fail_once(job: Run, _: Database) -> None:
        if job.attempt == 1:
            raise UnavailableError("Not yet.")

    kind = JobKind(name="test.counted", payload=Step, backoff=QUICKLY)
    job_id = await jobs.add(kind=kind)
    async with running(database, step(fail_once, kind=kind)):
        await jobs.wait(job_id, JobState.SUCCEEDED)

    assert (count("retrying"), count("succeeded"), count("failed")) == (1.0, 1.0, 0.0)


async def test_the_log_says_what_came_of_a_job_and_not_what_it_carries(database: Database, jobs: Jobs) -> None:
    organisation_id = new_id()
    with capture_logs() as lines:
        async with running(database, step(succeed)):
            job_id = await jobs.add(Step(number=987_654_321), organisation_id=organisation_id)
            await jobs.wait(job_id, JobState.SUCCEEDED)

    (line,) = [each for entry in lines if entry["event"] == "jobs.job.succeeded" for each in entry["each"]]
    assert (line.kind, line.attempt, line.job_id[:4]) == ("test.step", 1, "job_")
    assert "987654321" not in str(lines)


class TestProgress:
    """How far a job is, and where it goes on."""

    async def test_it_is_seen_while_the_job_runs_and_kept_afterwards(self, database: Database, jobs: Jobs) -> None:
        gate = asyncio.Event()

        async def work(job: Run, _: Database) -> None:
            await job.report(1, total=3, note="first")
            await gate.wait()
            await job.report(3, total=3, note="last")

        job_id = await jobs.add()
        async with running(database, step(work)):
            seen = await jobs.wait_until(job_id, lambda job: job.progress_done is not None)
            gate.set()
            last = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert (seen.progress_done, seen.progress_total, seen.progress_note) == (1, 3, "first")
        assert (last.progress_done, last.progress_total, last.progress_note) == (3, 3, "last")

    async def test_it_is_written_seldom_however_often_it_is_reported(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writes: list[int] = []
        report = JobQueue.report

        async def count(*arguments: object) -> bool:
            writes.append(1)
            return await report(*arguments)  # type: ignore[arg-type]  # It is called as it was.

        monkeypatch.setattr(JobQueue, "report", count)

        async def work(job: Run, _: Database) -> None:
            for number in range(10_000):
                await job.report(number)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert job.progress_done == 9_999
        assert len(writes) < 10

    async def test_a_database_that_is_away_for_a_report_fails_no_job(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> bool:
            raise DatabaseUnavailableError("gone")

        monkeypatch.setattr(JobQueue, "report", fail)

        async def work(job: Run, _: Database) -> None:
            await job.report(5)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert job.progress_done == 5

    @pytest.mark.parametrize("count", [-1, 2**63])
    async def test_a_count_that_is_none_fails_the_attempt_and_nothing_else(
        self, database: Database, jobs: Jobs, count: int
    ) -> None:
        async def work(job: Run, _: Database) -> None:
            await job.report(count if job.payload.number else 0, note="half a \ud83d, and \0")

        good, bad = await jobs.add(), await jobs.add(Step(number=1))
        async with running(database, step(work)):
            done = await jobs.wait(good, JobState.SUCCEEDED)
            failed = await jobs.wait(bad, JobState.FAILED)

        assert done.progress_note == "half a ?, and \N{REPLACEMENT CHARACTER}"
        assert failed.error == f"ValueError: A job's progress counts from 0 to 9223372036854775807, and not {count}."

    async def test_a_cursor_that_is_too_large_fails_the_attempt(self, database: Database, jobs: Jobs) -> None:
        async def work(job: Run, database: Database) -> None:
            async with database.transaction() as connection:
                await job.save(connection, cursor="x" * 70_000)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.FAILED)

        assert job.error == "ValueError: A cursor has 70,002 bytes; at most 65,536 are allowed."

    async def test_a_cursor_is_saved_with_the_work_and_the_next_attempt_begins_there(
        self, database: Database, jobs: Jobs
    ) -> None:
        begun_at: list[int] = []

        async def work(job: Run, database: Database) -> None:
            start = job.read_cursor(int) or 0
            begun_at.append(start)
            for number in range(start, 6):
                async with database.transaction() as connection:
                    await connection.execute("INSERT INTO done VALUES ($1)", number)
                    await job.save(connection, cursor=number + 1, done=number + 1, total=6)
                    if (job.attempt, number) in {(1, 2), (2, 4)}:
                        # In the middle of a transaction: neither the work nor the cursor may stay.
                        raise RuntimeError("a bug")

        async with database.connection() as connection:
            await connection.execute("CREATE TABLE done (number integer NOT NULL)")
        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert begun_at == [0, 2, 4]
        assert (job.progress_done, job.progress_total) == (6, 6)
        async with database.connection() as connection:
            done = await connection.fetch("SELECT number FROM done ORDER BY number")
        assert [record["number"] for record in done] == [0, 1, 2, 3, 4, 5]


class TestCancel:
    """Of a job that runs."""

    async def test_a_handler_that_reports_hears_of_it(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handlers_module, "REPORT_INTERVAL_S", 0.0)
        monkeypatch.setattr(runner_module, "CANCEL_POLL_S", 3600.0)
        has_begun = asyncio.Event()

        async def work(job: Run, _: Database) -> None:
            number = 0
            while True:
                await job.report(number := number + 1)
                has_begun.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_begun.wait()
            await cancel(database, job_id)
            job = await jobs.wait(job_id, JobState.CANCELED)

        assert (job.canceled_by, job.attempt_count) == ("ada", 1)

    async def test_what_was_saved_before_stays(self, database: Database, jobs: Jobs) -> None:
        has_saved = asyncio.Event()

        async def work(job: Run, database: Database) -> None:
            for number in range(1_000_000):
                async with database.transaction() as connection:
                    await job.save(connection, cursor=number, done=number)
                has_saved.set()
                job.check()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_saved.wait()
            await cancel(database, job_id)
            job = await jobs.wait(job_id, JobState.CANCELED)
            async with database.transaction() as connection:
                await retry_job(connection, job_id)
            again = await jobs.wait(job_id, JobState.RUNNING)

        assert job.cursor is not None
        assert (job.progress_done, again.progress_done is not None) == (int(bytes(job.cursor)), True)

    async def test_a_handler_that_does_not_look_is_ended(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "CANCEL_POLL_S", 0.02)
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_begun.wait()
            await cancel(database, job_id)
            await jobs.wait(job_id, JobState.CANCELED)

        assert gate.was_cancelled

    async def test_a_handler_has_time_to_put_things_in_order(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "CANCEL_POLL_S", 0.02)
        has_begun, is_in_order = asyncio.Event(), asyncio.Event()

        async def work(_: Run, database: Database) -> None:
            has_begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                async with database.connection() as connection:
                    await connection.execute("SELECT pg_sleep(0.2)")
                is_in_order.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_begun.wait()
            await cancel(database, job_id)
            await jobs.wait(job_id, JobState.CANCELED)

        assert is_in_order.is_set()


class TestStopping:
    """A worker that stops lets jobs end, or gives them back."""

    async def test_a_short_job_ends(self, database: Database, jobs: Jobs) -> None:
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_begun.wait()
            asyncio.get_running_loop().call_later(0.2, gate.may_end.set)

        assert (await jobs.get(job_id)).state is JobState.SUCCEEDED

    async def test_a_long_job_is_given_back_and_keeps_its_attempt(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "STOP_GRACE_PERIOD_S", 0.05)
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_begun.wait()

        job = await jobs.get(job_id)
        assert (job.state, job.attempt_count) == (JobState.QUEUED, 0)
        assert gate.was_cancelled

    async def test_a_job_that_checks_ends_between_two_steps_without_waiting_for_the_grace(
        self, database: Database, jobs: Jobs
    ) -> None:
        has_begun = asyncio.Event()

        async def work(job: Run, database: Database) -> None:
            for number in range(1_000_000):
                job.check()
                async with database.transaction() as connection:
                    await job.save(connection, cursor=number)
                has_begun.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_begun.wait()
            began_at_s = time.monotonic()

        assert time.monotonic() - began_at_s < runner_module.STOP_GRACE_PERIOD_S / 2
        job = await jobs.get(job_id)
        assert (job.state, job.cursor is not None) == (JobState.QUEUED, True)

    async def test_nothing_more_begins(self, database: Database, jobs: Jobs) -> None:
        gate = Gate()
        await jobs.add_many(Step() for _ in range(5))
        async with running(database, step(gate), concurrency=1):
            await gate.has_begun.wait()
            asyncio.get_running_loop().call_later(0.1, gate.may_end.set)

        assert len(gate.begun) == 1
        assert (await jobs.states()).count(JobState.QUEUED) == 4


class TestKeys:
    """One at a time for a key, however many workers there are."""

    async def test_two_workers_run_a_keys_jobs_in_order_and_never_two_at_once(
        self, database: Database, jobs: Jobs
    ) -> None:
        ran: list[int] = []
        running_now: list[int] = []

        async def work(job: Run, _: Database) -> None:
            running_now.append(job.payload.number)
            assert len(running_now) == 1
            await asyncio.sleep(0)
            ran.append(running_now.pop())

        ids = await jobs.add_many((Step(number=number) for number in range(60)), key="k")
        async with running(database, step(work)), running(database, step(work)):
            await jobs.wait(ids[-1], JobState.SUCCEEDED, timeout_s=30.0)

        assert ran == list(range(60))

    async def test_a_retry_is_waited_for(self, database: Database, jobs: Jobs) -> None:
        ran: list[int] = []

        async def fail_once(job: Run, _: Database) -> None:
            if job.payload.number == 0 and job.attempt == 1:
                raise UnavailableError("Not yet.")
            ran.append(job.payload.number)

        ids = await jobs.add_many((Step(number=number) for number in range(3)), key="k")
        async with running(database, step(fail_once)):
            await jobs.wait(ids[-1], JobState.SUCCEEDED)

        assert ran == [0, 1, 2]


class TestFairness:
    """One organisation's many or long jobs don't delay another's few."""

    async def test_ten_thousand_jobs_of_one_delay_those_of_another_by_little(
        self, database: Database, jobs: Jobs
    ) -> None:
        large, small = new_id(), new_id()
        done_of_large: list[UUID] = []

        async def work(job: Run, _: Database) -> None:
            await asyncio.sleep(0.001)
            if job.organisation_id == large:
                done_of_large.append(job.job_id)

        await jobs.add_many((Step() for _ in range(10_000)), organisation_id=large)
        async with running(database, step(work)) as notifier:
            while len(done_of_large) < 100:
                await asyncio.sleep(0.01)
            done_before = len(done_of_large)
            small_id = await jobs.add(organisation_id=small)
            notifier.notify(JOBS_CHANNEL)
            await jobs.wait(small_id, JobState.SUCCEEDED)
            done_meanwhile = len(done_of_large) - done_before

        # In the order of their age, ten thousand would have been done first.
        assert done_meanwhile < 1_000

    async def test_an_organisation_alone_gets_its_two_thirds_also_beside_one_with_little(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "POLL_S", 3600.0)
        never = Gate()
        large, small = new_id(), new_id()

        async def work(job: Run, database: Database) -> None:
            if job.organisation_id == large:
                await never(job, database)

        await jobs.add_many((Step() for _ in range(100)), organisation_id=large)
        await jobs.add(organisation_id=small)
        async with running(database, step(work), concurrency=12):
            async with asyncio.timeout(10):
                while len(never.begun) < 8:
                    await asyncio.sleep(0.01)
            never.may_end.set()

    async def test_long_jobs_of_one_leave_slots_to_the_others(self, database: Database, jobs: Jobs) -> None:
        never = Gate()
        large = new_id()

        async def work(job: Run, database: Database) -> None:
            if job.organisation_id == large:
                await never(job, database)

        await jobs.add_many((Step() for _ in range(100)), organisation_id=large)
        async with running(database, step(work), concurrency=12) as notifier:
            await never.has_begun.wait()
            for _ in range(20):
                job_id = await jobs.add(organisation_id=new_id())
                notifier.notify(JOBS_CHANNEL)
                await jobs.wait(job_id, JobState.SUCCEEDED, timeout_s=5.0)
            under_way = len(never.begun)
            never.may_end.set()

        # Two thirds of the slots.
        assert under_way == 8


async def test_a_job_that_was_lost_to_another_worker_ends_without_a_trace(database: Database, jobs: Jobs) -> None:
    gate = Gate()
    job_id = await jobs.add()
    with capture_logs() as lines:
        async with running(database, step(gate)):
            await gate.has_begun.wait()
            heir = await new_claimer(database, duration=timedelta(minutes=1))
            async with database.connection() as connection:
                await connection.execute("UPDATE jobs.job SET leased_by = $1", heir.lease.worker_id)
            gate.may_end.set()

    assert (await jobs.get(job_id)).state is JobState.RUNNING
    assert "jobs.job.lost" in [line["event"] for line in lines]


async def test_a_worker_with_nothing_to_do_looks_seldom(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[int] = []
    claim = JobQueue.claim

    async def count(*arguments: Any) -> Any:
        claims.append(1)
        return await claim(*arguments)

    monkeypatch.setattr(JobQueue, "claim", count)
    for _ in range(150):
        await jobs.add(organisation_id=new_id(), run_at=datetime.now(UTC) + timedelta(days=1))
    async with running(database, step(succeed)):
        await jobs.wait(await jobs.add(), JobState.SUCCEEDED)
        claims.clear()
        await asyncio.sleep(3 * runner_module.POLL_S)

    assert len(claims) <= 5


async def test_a_claim_that_fails_is_made_again(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_loop, "ERROR_DELAY_S", 0.01)
    claim = JobQueue.claim
    errors = [DatabaseUnavailableError("gone")]

    async def fail_once(*arguments: object, **options: object) -> object:
        if errors:
            raise errors.pop()
        return await claim(*arguments, **options)  # type: ignore[arg-type]  # It is called as it was.

    monkeypatch.setattr(JobQueue, "claim", fail_once)
    job_id = await jobs.add()
    async with running(database, step(succeed)):
        await jobs.wait(job_id, JobState.SUCCEEDED)


async def test_two_handlers_of_a_kind_are_refused(database: Database) -> None:
    lease, notifier = WorkerLease(database, []), Notifier(database)

    with pytest.raises(ValueError, match="for the same kind"):
        JobRunner(database, lease, notifier, handlers=[step(succeed).bind(database)] * 2, concurrency=1)


async def test_a_kind_without_a_handler_waits_for_a_worker_that_has_one(database: Database, jobs: Jobs) -> None:
    other = JobKind(name="test.other", payload=Step, backoff=QUICKLY)
    job_id = await jobs.add(kind=other)
    async with running(database, step(succeed)):
        await jobs.wait(await jobs.add(), JobState.SUCCEEDED)
    assert (await jobs.get(job_id)).state is JobState.QUEUED

    async with running(database, step(succeed, kind=other)):
        await jobs.wait(job_id, JobState.SUCCEEDED)
