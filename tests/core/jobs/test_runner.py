"""The runner with real handlers: outcomes, cancellation, time limits, stopping, and fair shares."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from durable_jobs import FAST_BACKOFF, JOBS_CHANNEL, STEP, Jobs, Step, new_claimer, running, step
from ninefold.core.errors import UnavailableError
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobFailedError, JobKind, JobRun, JobRunner, JobState
from ninefold.core.jobs import handlers as handlers_module
from ninefold.core.jobs import runner as runner_module
from ninefold.core.jobs.model import JobWaitingReason, StopRequest
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.service import cancel_job, pause_job, resume_job, retry_job
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
    """A handler that signals its start, and waits until the test lets it end."""

    def __init__(self) -> None:
        self.started: list[UUID] = []
        self.has_started = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self, job: Run, _: Database) -> None:
        self.started.append(job.job_id)
        self.has_started.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


async def test_a_job_runs_and_stores_its_result(database: Database, jobs: Jobs) -> None:
    async def double(job: Run, _: Database) -> dict[str, int]:
        return {"doubled": 2 * job.payload.number}

    job_id = await jobs.add(Step(number=21))
    async with running(database, step(double)):
        job = await jobs.wait(job_id, JobState.SUCCEEDED)

    assert job.result is not None
    assert (bytes(job.result), job.attempt_count, job.error) == (b'{"doubled":42}', 1, None)


async def test_a_notification_starts_a_job_at_once(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POLL_S", 3600.0)
    async with running(database, step(succeed)) as notifier:
        job_id = await jobs.add()
        notifier.notify(JOBS_CHANNEL)
        await jobs.wait(job_id, JobState.SUCCEEDED)


async def test_a_job_is_found_without_a_notification(database: Database, jobs: Jobs) -> None:
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


@pytest.mark.parametrize(
    "error", [UnavailableError("The forge is unavailable."), RuntimeError("a bug"), TimeoutError("slow")]
)
async def test_a_failed_attempt_is_retried(database: Database, jobs: Jobs, error: Exception) -> None:
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


async def test_a_job_is_failed_after_its_last_attempt_and_has_the_error(database: Database, jobs: Jobs) -> None:
    async def fail(_: Run, __: Database) -> None:
        raise ValueError("no such\0shelf")

    job_id = await jobs.add()
    async with running(database, step(fail)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert (job.attempt_count, job.error) == (3, "ValueError: no such\N{REPLACEMENT CHARACTER}shelf")


async def test_a_handler_can_fail_a_job_without_further_attempts(database: Database, jobs: Jobs) -> None:
    async def give_up(_: Run, __: Database) -> None:
        raise JobFailedError("The shelf doesn't exist.", remedy="Choose another.")

    job_id = await jobs.add()
    async with running(database, step(give_up)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert (job.attempt_count, job.error) == (1, "The shelf doesn't exist. Choose another.")


async def test_an_attempt_that_takes_too_long_fails(database: Database, jobs: Jobs) -> None:
    once = JobKind(name=STEP.name, payload=Step, attempts_max=1, timeout_s=0.05)
    job_id = await jobs.add(kind=once)

    async with running(database, step(Gate(), kind=once)):
        job = await jobs.wait(job_id, JobState.FAILED)

    assert job.error == "The attempt took longer than 0.05 s."


async def test_a_payload_of_another_version_fails_only_its_job(database: Database, jobs: Jobs) -> None:
    mismatched, good = await jobs.add(), await jobs.add()
    async with database.connection() as connection:
        await connection.execute("""UPDATE jobs.job SET payload = '{"number": "x"}' WHERE job_id = $1""", mismatched)

    async with running(database, step(succeed)):
        await jobs.wait(good, JobState.SUCCEEDED)
        job = await jobs.wait(mismatched, JobState.FAILED)

    assert job.error == "The payload doesn't match this version of the code: Expected `int`, got `str` - at `$.number`"


@pytest.mark.parametrize("result", ["x" * 70_000, object()])
async def test_a_result_that_cannot_be_stored_fails_the_attempt(database: Database, jobs: Jobs, result: object) -> None:
    async def return_result(_: Run, __: Database) -> object:
        return result

    job_id = await jobs.add()
    async with running(database, step(return_result)):
        await jobs.wait(job_id, JobState.FAILED)


async def test_metrics_count_attempts_by_kind_and_ending(database: Database, jobs: Jobs) -> None:
    def count(ending: str) -> float:
        labels = {"kind": "test.counted", "ending": ending}
        return REGISTRY.get_sample_value("ninefold_jobs_attempts_total", labels) or 0.0

    async def fail_once(job: Run, _: Database) -> None:
        if job.attempt == 1:
            raise UnavailableError("Not yet.")

    kind = JobKind(name="test.counted", payload=Step, backoff=FAST_BACKOFF)
    job_id = await jobs.add(kind=kind)
    async with running(database, step(fail_once, kind=kind)):
        await jobs.wait(job_id, JobState.SUCCEEDED)

    assert (count("retrying"), count("succeeded"), count("failed")) == (1.0, 1.0, 0.0)


async def test_the_log_has_the_outcome_but_not_the_payload(database: Database, jobs: Jobs) -> None:
    organisation_id = new_id()
    with capture_logs() as lines:
        async with running(database, step(succeed)):
            job_id = await jobs.add(Step(number=987_654_321), organisation_id=organisation_id)
            await jobs.wait(job_id, JobState.SUCCEEDED)

    (line,) = [each for entry in lines if entry["event"] == "jobs.job.succeeded" for each in entry["each"]]
    assert (line.kind, line.attempt, line.job_id[:4]) == ("test.step", 1, "job_")
    assert "987654321" not in str(lines)


class TestProgress:
    """Progress and cursors."""

    async def test_progress_is_visible_during_and_after_the_run(self, database: Database, jobs: Jobs) -> None:
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

    async def test_progress_is_written_rarely_however_often_it_is_reported(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writes: list[int] = []
        report = JobQueue.report

        async def count(*arguments: object) -> StopRequest | None:
            writes.append(1)
            return await report(*arguments)  # type: ignore[arg-type]  # The arguments are passed on unchanged.

        monkeypatch.setattr(JobQueue, "report", count)

        async def work(job: Run, _: Database) -> None:
            for number in range(10_000):
                await job.report(number)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert job.progress_done == 9_999
        assert len(writes) < 10

    async def test_a_report_does_not_fail_the_job_if_the_database_is_unavailable(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> bool:
            raise DatabaseUnavailableError("closed")

        monkeypatch.setattr(JobQueue, "report", fail)

        async def work(job: Run, _: Database) -> None:
            await job.report(5)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.SUCCEEDED)

        assert job.progress_done == 5

    @pytest.mark.parametrize("count", [-1, 2**63])
    async def test_a_count_out_of_range_fails_only_that_attempt(
        self, database: Database, jobs: Jobs, count: int
    ) -> None:
        async def work(job: Run, _: Database) -> None:
            await job.report(count if job.payload.number else 0, note="half a \ud83d, and \0")

        good, bad = await jobs.add(), await jobs.add(Step(number=1))
        async with running(database, step(work)):
            done = await jobs.wait(good, JobState.SUCCEEDED)
            failed = await jobs.wait(bad, JobState.FAILED)

        assert done.progress_note == "half a ?, and \N{REPLACEMENT CHARACTER}"
        assert failed.error == f"ValueError: A job's progress must be from 0 to 9223372036854775807, not {count}."

    async def test_a_cursor_that_is_too_large_fails_the_attempt(self, database: Database, jobs: Jobs) -> None:
        async def work(job: Run, database: Database) -> None:
            async with database.transaction() as connection:
                await job.save(connection, cursor="x" * 70_000)

        job_id = await jobs.add()
        async with running(database, step(work)):
            job = await jobs.wait(job_id, JobState.FAILED)

        assert job.error == "ValueError: The job's cursor has 70,002 bytes; at most 65,536 are allowed."

    async def test_a_cursor_commits_with_the_work_and_the_next_attempt_starts_there(
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
                        # In the middle of a transaction: neither the work nor the cursor is committed.
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
    """Canceling a running job."""

    async def test_a_handler_that_reports_is_notified(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handlers_module, "REPORT_INTERVAL_S", 0.0)
        monkeypatch.setattr(runner_module, "STOP_REQUEST_POLL_S", 3600.0)
        has_started = asyncio.Event()

        async def work(job: Run, _: Database) -> None:
            number = 0
            while True:
                await job.report(number := number + 1)
                has_started.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_started.wait()
            await cancel(database, job_id)
            job = await jobs.wait(job_id, JobState.CANCELED)

        assert (job.canceled_by, job.attempt_count) == ("ada", 1)

    async def test_a_cursor_that_was_saved_before_is_kept(self, database: Database, jobs: Jobs) -> None:
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

    async def test_a_handler_that_does_not_check_is_cancelled(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "STOP_REQUEST_POLL_S", 0.02)
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_started.wait()
            await cancel(database, job_id)
            await jobs.wait(job_id, JobState.CANCELED)

        assert gate.was_cancelled

    async def test_a_handler_has_time_to_clean_up(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "STOP_REQUEST_POLL_S", 0.02)
        has_started, is_cleaned_up = asyncio.Event(), asyncio.Event()

        async def work(_: Run, database: Database) -> None:
            has_started.set()
            try:
                await asyncio.Event().wait()
            finally:
                async with database.connection() as connection:
                    await connection.execute("SELECT pg_sleep(0.2)")
                is_cleaned_up.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_started.wait()
            await cancel(database, job_id)
            await jobs.wait(job_id, JobState.CANCELED)

        assert is_cleaned_up.is_set()


class TestPause:
    """Pausing and resuming a running job."""

    async def test_a_job_stops_at_its_next_check_and_continues_where_it_stopped(
        self, database: Database, jobs: Jobs
    ) -> None:
        steps = 2_000
        taken: list[int] = []
        has_begun = asyncio.Event()

        async def work(job: Run, database: Database) -> None:
            for number in range(job.read_cursor(int) or 0, steps):
                job.check()
                async with database.transaction() as connection:
                    await job.save(connection, cursor=number + 1, done=number + 1, total=steps)
                taken.append(number)
                has_begun.set()

        job_id = await jobs.add()
        async with running(database, step(work)) as notifier:
            await has_begun.wait()
            async with database.transaction() as connection:
                await pause_job(connection, job_id, paused_by="ada")
            paused = await jobs.wait(job_id, JobState.WAITING)
            stopped_at = len(taken)
            async with database.transaction() as connection:
                await resume_job(connection, job_id)
            notifier.notify(JOBS_CHANNEL)
            job = await jobs.wait(job_id, JobState.SUCCEEDED, timeout_s=30.0)

        assert (paused.waiting_reason, paused.attempt_count) == (JobWaitingReason.PAUSED, 0)
        assert paused.progress_done == stopped_at < steps
        assert taken == list(range(steps))
        assert (job.attempt_count, job.progress_done) == (1, steps)

    async def test_a_handler_that_does_not_check_is_cancelled(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "STOP_REQUEST_POLL_S", 0.02)
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_started.wait()
            async with database.transaction() as connection:
                await pause_job(connection, job_id, paused_by="ada")
            await jobs.wait(job_id, JobState.WAITING)

        assert gate.was_cancelled


class TestStopping:
    """A stopping worker waits for its jobs, or releases them."""

    async def test_a_short_job_finishes(self, database: Database, jobs: Jobs) -> None:
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_started.wait()
            asyncio.get_running_loop().call_later(0.2, gate.may_end.set)

        assert (await jobs.get(job_id)).state is JobState.SUCCEEDED

    async def test_a_long_job_is_released_without_using_up_an_attempt(
        self, database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "STOP_GRACE_PERIOD_S", 0.05)
        gate = Gate()
        job_id = await jobs.add()
        async with running(database, step(gate)):
            await gate.has_started.wait()

        job = await jobs.get(job_id)
        assert (job.state, job.attempt_count) == (JobState.QUEUED, 0)
        assert gate.was_cancelled

    async def test_a_job_that_checks_stops_between_steps_before_the_grace_period_ends(
        self, database: Database, jobs: Jobs
    ) -> None:
        has_started = asyncio.Event()

        async def work(job: Run, database: Database) -> None:
            for number in range(1_000_000):
                job.check()
                async with database.transaction() as connection:
                    await job.save(connection, cursor=number)
                has_started.set()

        job_id = await jobs.add()
        async with running(database, step(work)):
            await has_started.wait()
            began_at_s = time.monotonic()

        assert time.monotonic() - began_at_s < runner_module.STOP_GRACE_PERIOD_S / 2
        job = await jobs.get(job_id)
        assert (job.state, job.cursor is not None) == (JobState.QUEUED, True)

    async def test_no_further_job_starts(self, database: Database, jobs: Jobs) -> None:
        gate = Gate()
        await jobs.add_many(Step() for _ in range(5))
        async with running(database, step(gate), concurrency=1):
            await gate.has_started.wait()
            asyncio.get_running_loop().call_later(0.1, gate.may_end.set)

        assert len(gate.started) == 1
        assert (await jobs.states()).count(JobState.QUEUED) == 4


class TestKeys:
    """Jobs with the same key run one at a time, however many workers there are."""

    async def test_two_workers_run_the_jobs_of_a_key_in_order_and_one_at_a_time(
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

    async def test_later_jobs_wait_for_a_retry(self, database: Database, jobs: Jobs) -> None:
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

    async def test_ten_thousand_jobs_of_one_hardly_delay_those_of_another(self, database: Database, jobs: Jobs) -> None:
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

        # In the order of enqueueing, ten thousand would have run first.
        assert done_meanwhile < 1_000

    async def test_an_organisation_gets_two_thirds_of_the_slots_even_if_another_has_a_few_jobs(
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
                while len(never.started) < 8:
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
            await never.has_started.wait()
            for _ in range(20):
                job_id = await jobs.add(organisation_id=new_id())
                notifier.notify(JOBS_CHANNEL)
                await jobs.wait(job_id, JobState.SUCCEEDED, timeout_s=5.0)
            running_count = len(never.started)
            never.may_end.set()

        # Two thirds of the slots.
        assert running_count == 8


async def test_a_job_that_another_worker_took_over_is_only_logged_as_lost(database: Database, jobs: Jobs) -> None:
    gate = Gate()
    job_id = await jobs.add()
    with capture_logs() as lines:
        async with running(database, step(gate)):
            await gate.has_started.wait()
            successor = await new_claimer(database, duration=timedelta(minutes=1))
            async with database.connection() as connection:
                await connection.execute("UPDATE jobs.job SET leased_by = $1", successor.lease.worker_id)
            gate.may_end.set()

    assert (await jobs.get(job_id)).state is JobState.RUNNING
    assert "jobs.job.lost" in [line["event"] for line in lines]


async def test_an_idle_worker_claims_rarely(database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_failed_claim_is_retried(database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_loop, "ERROR_DELAY_S", 0.01)
    claim = JobQueue.claim
    errors = [DatabaseUnavailableError("closed")]

    async def fail_once(*arguments: object, **options: object) -> object:
        if errors:
            raise errors.pop()
        return await claim(*arguments, **options)  # type: ignore[arg-type]  # The arguments are passed on unchanged.

    monkeypatch.setattr(JobQueue, "claim", fail_once)
    job_id = await jobs.add()
    async with running(database, step(succeed)):
        await jobs.wait(job_id, JobState.SUCCEEDED)


async def test_two_handlers_for_the_same_kind_are_rejected(database: Database) -> None:
    lease, notifier = WorkerLease(database, []), Notifier(database)

    with pytest.raises(ValueError, match="for the same kind"):
        JobRunner(database, lease, notifier, handlers=[step(succeed).bind(database)] * 2, concurrency=1)


async def test_a_kind_without_a_handler_waits_for_a_worker_that_has_one(database: Database, jobs: Jobs) -> None:
    other = JobKind(name="test.other", payload=Step, backoff=FAST_BACKOFF)
    job_id = await jobs.add(kind=other)
    async with running(database, step(succeed)):
        await jobs.wait(await jobs.add(), JobState.SUCCEEDED)
    assert (await jobs.get(job_id)).state is JobState.QUEUED

    async with running(database, step(succeed, kind=other)):
        await jobs.wait(job_id, JobState.SUCCEEDED)
