"""Enqueueing, canceling, retrying and listing jobs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from durable_jobs import STEP, Claimer, Jobs, Step, new_claimer, release
from ninefold.core.ids import new_id
from ninefold.core.jobs import Job, JobKind, JobPriority, JobState, enqueue, enqueue_unique
from ninefold.core.jobs.errors import JobNotFoundError, JobStateError
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, ClaimedJob, JobWaitingReason, Progress, StopRequest
from ninefold.core.jobs.service import (
    PAYLOAD_BYTES_MAX,
    cancel_job,
    list_jobs,
    pause_job,
    release_unknown_jobs,
    resume_job,
    retry_job,
)
from ninefold.core.postgres.database import Database


class Note(msgspec.Struct):
    """A payload with a text."""

    text: str


NOTE = JobKind(name="test.note", payload=Note)


@pytest.fixture
async def claimer(database: Database) -> Claimer:
    return await new_claimer(database)


async def end(claimer: Claimer, job: ClaimedJob, ending: AttemptEnding, *, delay_s: float | None = None) -> None:
    error = None if ending is AttemptEnding.SUCCEEDED else "It failed."
    await claimer.queue.finish(
        [
            AttemptOutcome(
                job=job, ending=ending, duration_s=0.1, progress=Progress(), error=error, retry_delay_s=delay_s
            )
        ]
    )


async def test_a_job_is_queued_with_its_arguments(database: Database, jobs: Jobs) -> None:
    organisation_id, run_at = new_id(), datetime.now(UTC) + timedelta(days=1)
    async with database.transaction() as connection:
        job_id = await enqueue(
            connection,
            STEP,
            Step(number=3),
            organisation_id=organisation_id,
            key="sub_1",
            priority=JobPriority.HIGH,
            run_at=run_at,
        )

    job = await jobs.get(job_id)

    assert (job.kind, job.state, job.organisation_id) == ("test.step", JobState.QUEUED, organisation_id)
    assert (job.key, job.priority, job.run_at) == ("sub_1", JobPriority.HIGH, run_at)
    assert (bytes(job.payload), job.attempt_count, job.attempts_max) == (b'{"number":3}', 0, 3)


@pytest.mark.parametrize("text", ["\0", "\u20ac \U0001f600", '"\\', ""])
async def test_any_text_is_stored_unchanged(database: Database, jobs: Jobs, text: str) -> None:
    async with database.transaction() as connection:
        job_id = await enqueue(connection, NOTE, Note(text=text), organisation_id=None)

    assert msgspec.json.decode((await jobs.get(job_id)).payload, type=Note).text == text


async def test_a_payload_that_is_too_large_is_rejected(database: Database, jobs: Jobs) -> None:
    async with database.transaction() as connection:
        with pytest.raises(ValueError, match=r"at most 65,536 are allowed"):
            await enqueue(connection, NOTE, Note(text="x" * PAYLOAD_BYTES_MAX), organisation_id=None)

    assert await jobs.states() == []


@pytest.mark.parametrize(
    "fields", [{"name": "step"}, {"name": "Test.Step"}, {"attempts_max": 0}, {"timeout_s": 0.0}, {"timeout_s": -1.0}]
)
def test_an_invalid_kind_is_rejected(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Invalid kind of job"):
        JobKind(**{"name": "test.step", "payload": Step, **fields})  # type: ignore[arg-type]  # The test passes invalid types.


class TestUnique:
    """While a unique job waits for its first attempt, no other of its kind and key is enqueued."""

    async def test_the_second_one_is_not_enqueued(self, database: Database, jobs: Jobs) -> None:
        async with database.transaction() as connection:
            first = await enqueue_unique(connection, STEP, Step(number=1), organisation_id=None, key="reindex")
            second = await enqueue_unique(connection, STEP, Step(number=2), organisation_id=None, key="reindex")

        assert first is not None
        assert second is None
        assert await jobs.states() == [JobState.QUEUED]

    async def test_a_running_one_does_not_block_another(self, database: Database, claimer: Claimer, jobs: Jobs) -> None:
        async with database.transaction() as connection:
            await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")
        (claimed,) = await claimer.claim()

        async with database.transaction() as connection:
            second = await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")

        assert second is not None
        # A retry of the first one doesn't conflict with the second.
        await end(claimer, claimed, AttemptEnding.RETRYING, delay_s=0.0)
        assert await jobs.states() == [JobState.RETRYING, JobState.QUEUED]

    async def test_a_canceled_one_does_not_block_another(self, database: Database) -> None:
        async with database.transaction() as connection:
            first = await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")
            assert first is not None
            await cancel_job(connection, first, canceled_by="test")
            second = await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")

        assert second is not None

    async def test_one_of_another_organisation_kind_or_key_is_enqueued(self, database: Database, jobs: Jobs) -> None:
        other_kind = JobKind(name="test.other", payload=Step)
        async with database.transaction() as connection:
            await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")
            await enqueue_unique(connection, STEP, Step(), organisation_id=new_id(), key="reindex")
            await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="other")
            await enqueue_unique(connection, other_kind, Step(), organisation_id=None, key="reindex")

        assert len(await jobs.states()) == 4

    async def test_an_ordinary_job_with_the_same_key_is_still_enqueued(self, database: Database) -> None:
        async with database.transaction() as connection:
            await enqueue_unique(connection, STEP, Step(), organisation_id=None, key="reindex")
            await enqueue(connection, STEP, Step(), organisation_id=None, key="reindex")


class TestCancel:
    """Canceling a job in each state."""

    async def test_a_queued_job_is_canceled_at_once(self, database: Database, jobs: Jobs, claimer: Claimer) -> None:
        job_id = await jobs.add()

        async with database.transaction() as connection:
            job = await cancel_job(connection, job_id, canceled_by="ada")

        assert (job.state, job.canceled_by) == (JobState.CANCELED, "ada")
        assert job.finished_at is not None
        assert await claimer.claim() == []

    async def test_a_retrying_job_is_canceled_at_once(self, database: Database, jobs: Jobs, claimer: Claimer) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, AttemptEnding.RETRYING, delay_s=0.0)

        async with database.transaction() as connection:
            job = await cancel_job(connection, job_id, canceled_by="ada")

        assert (job.state, job.error) == (JobState.CANCELED, "It failed.")
        assert await claimer.claim() == []

    async def test_canceling_a_job_that_waits_for_its_key_does_not_affect_the_others(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        _, second, third = await jobs.add_many((Step(), Step(), Step()), key="k")
        (first,) = await claimer.claim()
        await claimer.claim()

        async with database.transaction() as connection:
            await cancel_job(connection, second, canceled_by="ada")
        assert await jobs.states() == [JobState.RUNNING, JobState.CANCELED, JobState.WAITING]

        await end(claimer, first, AttemptEnding.SUCCEEDED)
        assert await claimer.claim_ids() == [third]

    async def test_canceling_the_first_job_of_a_key_lets_the_next_one_run(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        first, second = await jobs.add_many((Step(), Step()), key="k")
        (claimed,) = await claimer.claim()
        await claimer.claim()
        await end(claimer, claimed, AttemptEnding.RETRYING, delay_s=3600.0)

        async with database.transaction() as connection:
            await cancel_job(connection, first, canceled_by="ada")

        assert await claimer.claim_ids() == [second]

    @pytest.mark.parametrize("ending", [AttemptEnding.RETURNED, AttemptEnding.RETRYING])
    async def test_a_running_job_is_asked_to_stop_and_is_not_retried(
        self, database: Database, jobs: Jobs, claimer: Claimer, ending: AttemptEnding
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()

        async with database.transaction() as connection:
            asked = await cancel_job(connection, job_id, canceled_by="ada")
        assert (asked.state, asked.cancel_requested_at is not None) == (JobState.RUNNING, True)
        assert await claimer.queue.list_stop_requests() == {job_id: StopRequest.CANCEL}
        assert await claimer.queue.report(claimed, Progress(done=1)) is StopRequest.CANCEL
        await end(claimer, claimed, ending, delay_s=0.0 if ending is AttemptEnding.RETRYING else None)

        job = await jobs.get(job_id)
        assert (job.state, job.canceled_by, job.progress_done) == (JobState.CANCELED, "ada", 1)

    async def test_a_running_job_that_still_succeeds_is_succeeded(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        async with database.transaction() as connection:
            await cancel_job(connection, job_id, canceled_by="ada")

        await end(claimer, claimed, AttemptEnding.SUCCEEDED)

        job = await jobs.get(job_id)
        assert (job.state, job.canceled_by, job.cancel_requested_at) == (JobState.SUCCEEDED, None, None)

    @pytest.mark.parametrize("ending", [AttemptEnding.SUCCEEDED, AttemptEnding.FAILED])
    async def test_a_finished_job_cannot_be_canceled(
        self, database: Database, jobs: Jobs, claimer: Claimer, ending: AttemptEnding
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, ending)

        async with database.transaction() as connection:
            with pytest.raises(JobStateError, match=f"is already {ending}"):
                await cancel_job(connection, job_id, canceled_by="ada")

    async def test_a_missing_job_is_not_found(self, database: Database) -> None:
        async with database.transaction() as connection:
            with pytest.raises(JobNotFoundError):
                await cancel_job(connection, new_id(), canceled_by="ada")


class TestRetry:
    """Retrying a job by command."""

    async def test_a_failed_job_starts_again_from_its_cursor(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        async with database.transaction() as connection:
            await claimer.queue.save(connection, claimed, progress=Progress(done=4, total=9), cursor="[4]")
        await end(claimer, claimed, AttemptEnding.FAILED)

        async with database.transaction() as connection:
            job = await retry_job(connection, job_id)

        assert (job.state, job.attempt_count, job.progress_done) == (JobState.QUEUED, 0, 4)
        (again,) = await claimer.claim()
        assert (again.job_id, again.attempt_count, again.cursor) == (job_id, 1, "[4]")

    async def test_a_canceled_job_is_queued_again(self, database: Database, jobs: Jobs, claimer: Claimer) -> None:
        job_id = await jobs.add()
        async with database.transaction() as connection:
            await cancel_job(connection, job_id, canceled_by="ada")
            job = await retry_job(connection, job_id)

        assert (job.state, job.canceled_by, job.finished_at) == (JobState.QUEUED, None, None)
        assert await claimer.claim_ids() == [job_id]

    async def test_a_retrying_job_runs_at_once(self, database: Database, jobs: Jobs, claimer: Claimer) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, AttemptEnding.RETRYING, delay_s=3600.0)

        async with database.transaction() as connection:
            job = await retry_job(connection, job_id)

        assert job.state is JobState.RETRYING
        (again,) = await claimer.claim()
        assert (again.job_id, again.attempt_count) == (job_id, 2)

    async def test_an_older_job_of_a_key_waits_for_the_running_one(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        first, _ = await jobs.add_many((Step(), Step()), key="k")
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, AttemptEnding.FAILED)
        (second,) = await claimer.claim()

        async with database.transaction() as connection:
            await retry_job(connection, first)
        assert await claimer.claim() == []
        await end(claimer, second, AttemptEnding.SUCCEEDED)

        assert await claimer.claim_ids() == [first]

    async def test_a_succeeded_or_running_job_cannot_be_retried(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        async with database.transaction() as connection:
            with pytest.raises(JobStateError, match="is running"):
                await retry_job(connection, job_id)
        await end(claimer, claimed, AttemptEnding.SUCCEEDED)
        async with database.transaction() as connection:
            with pytest.raises(JobStateError, match="is succeeded"):
                await retry_job(connection, job_id)


async def pause(database: Database, job_id: UUID) -> Job:
    async with database.transaction() as connection:
        return await pause_job(connection, job_id, paused_by="ada")


async def resume(database: Database, job_id: UUID) -> Job:
    async with database.transaction() as connection:
        return await resume_job(connection, job_id)


class TestPause:
    """Pausing a job in each state, and resuming it."""

    async def test_a_queued_job_is_paused_at_once_until_it_is_resumed(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()

        paused = await pause(database, job_id)
        assert (paused.state, paused.waiting_reason) == (JobState.WAITING, JobWaitingReason.PAUSED)
        assert (paused.paused_by, paused.paused_at is not None) == ("ada", True)
        assert await claimer.claim() == []

        resumed = await resume(database, job_id)
        assert (resumed.state, resumed.paused_by, resumed.paused_at) == (JobState.QUEUED, None, None)
        assert await claimer.claim_ids() == [job_id]

    async def test_pausing_it_again_keeps_when_and_by_whom_it_was_paused(self, database: Database, jobs: Jobs) -> None:
        job_id = await jobs.add()
        paused = await pause(database, job_id)

        async with database.transaction() as connection:
            again = await pause_job(connection, job_id, paused_by="grace")

        assert (again.paused_at, again.paused_by) == (paused.paused_at, "ada")

    async def test_a_retrying_job_keeps_its_attempts_and_its_due_time(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, AttemptEnding.RETRYING, delay_s=3600.0)
        before = await jobs.get(job_id)

        paused = await pause(database, job_id)
        assert (paused.state, paused.error) == (JobState.WAITING, "It failed.")
        resumed = await resume(database, job_id)

        assert (resumed.state, resumed.attempt_count) == (JobState.RETRYING, 1)
        assert resumed.run_at == before.run_at

    @pytest.mark.parametrize(("ending", "attempts_counted"), [(AttemptEnding.RETURNED, 0), (AttemptEnding.RETRYING, 1)])
    async def test_a_running_job_is_asked_to_stop_and_continues_from_its_cursor(
        self, database: Database, jobs: Jobs, claimer: Claimer, ending: AttemptEnding, attempts_counted: int
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()

        asked = await pause(database, job_id)
        assert (asked.state, asked.pause_requested_at is not None) == (JobState.RUNNING, True)
        assert await claimer.queue.list_stop_requests() == {job_id: StopRequest.PAUSE}
        async with database.transaction() as connection:
            request = await claimer.queue.save(connection, claimed, progress=Progress(done=4), cursor="[4]")
        assert request is StopRequest.PAUSE
        await end(claimer, claimed, ending, delay_s=0.0 if ending is AttemptEnding.RETRYING else None)

        paused = await jobs.get(job_id)
        assert (paused.state, paused.waiting_reason) == (JobState.WAITING, JobWaitingReason.PAUSED)
        assert (paused.attempt_count, paused.pause_requested_at) == (attempts_counted, None)
        assert await claimer.claim() == []
        await resume(database, job_id)
        (again,) = await claimer.claim()
        assert (again.job_id, again.attempt_count, again.cursor) == (job_id, attempts_counted + 1, "[4]")

    @pytest.mark.parametrize("ending", [AttemptEnding.SUCCEEDED, AttemptEnding.FAILED])
    async def test_a_running_job_that_still_ends_is_finished(
        self, database: Database, jobs: Jobs, claimer: Claimer, ending: AttemptEnding
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await pause(database, job_id)

        await end(claimer, claimed, ending)

        job = await jobs.get(job_id)
        assert (job.state, job.paused_by, job.pause_requested_at) == (ending.value, None, None)

    async def test_a_running_job_that_is_resumed_before_it_stops_continues(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await pause(database, job_id)

        assert (await resume(database, job_id)).state is JobState.RUNNING
        assert await claimer.queue.list_stop_requests() == {}
        # Its handler may have ended because of the request.
        await end(claimer, claimed, AttemptEnding.RETURNED)

        assert await claimer.claim_ids() == [job_id]

    async def test_a_job_whose_worker_dies_while_it_is_asked_to_stop_is_paused(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        await claimer.claim()
        await pause(database, job_id)

        await release(database, claimer)

        job = await jobs.get(job_id)
        assert (job.state, job.waiting_reason, job.attempt_count) == (JobState.WAITING, JobWaitingReason.PAUSED, 1)
        assert (await resume(database, job_id)).state is JobState.RETRYING

    async def test_a_job_that_its_worker_does_not_know_of_is_paused(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        await claimer.claim()
        await pause(database, job_id)

        async with database.transaction() as connection:
            await release_unknown_jobs(connection, worker_id=claimer.lease.worker_id, known_ids=[])

        job = await jobs.get(job_id)
        assert (job.state, job.paused_by, job.attempt_count) == (JobState.WAITING, "ada", 0)

    async def test_later_jobs_with_its_key_wait_for_a_paused_one(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        first, second = await jobs.add_many((Step(), Step()), key="k")
        await pause(database, first)
        assert await claimer.claim() == []
        assert (await jobs.get(second)).waiting_reason is JobWaitingReason.KEY

        await resume(database, first)
        (claimed,) = await claimer.claim()
        assert claimed.job_id == first
        await end(claimer, claimed, AttemptEnding.SUCCEEDED)
        assert await claimer.claim_ids() == [second]

    async def test_a_paused_job_that_waits_for_its_key_stays_paused_when_the_key_is_free(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        _, second = await jobs.add_many((Step(), Step()), key="k")
        (claimed,) = await claimer.claim()
        await claimer.claim()
        await pause(database, second)

        await end(claimer, claimed, AttemptEnding.SUCCEEDED)
        assert await claimer.claim() == []

        await resume(database, second)
        assert await claimer.claim_ids() == [second]

    async def test_a_job_that_is_resumed_while_its_key_is_taken_waits_for_it(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        _, second = await jobs.add_many((Step(), Step()), key="k")
        (claimed,) = await claimer.claim()
        await pause(database, second)
        await resume(database, second)

        assert await claimer.claim() == []
        assert (await jobs.get(second)).waiting_reason is JobWaitingReason.KEY

        await end(claimer, claimed, AttemptEnding.SUCCEEDED)
        assert await claimer.claim_ids() == [second]

    async def test_a_paused_job_can_be_canceled(self, database: Database, jobs: Jobs, claimer: Claimer) -> None:
        first, second = await jobs.add_many((Step(), Step()), key="k")
        await pause(database, first)
        await claimer.claim()

        async with database.transaction() as connection:
            job = await cancel_job(connection, first, canceled_by="grace")

        assert (job.state, job.canceled_by, job.paused_at) == (JobState.CANCELED, "grace", None)
        assert await claimer.claim_ids() == [second]

    async def test_a_job_that_is_canceled_while_it_is_asked_to_pause_is_canceled(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        (claimed,) = await claimer.claim()
        await pause(database, job_id)
        async with database.transaction() as connection:
            await cancel_job(connection, job_id, canceled_by="grace")
        with pytest.raises(JobStateError, match="is being canceled"):
            await pause(database, job_id)
        assert await claimer.queue.list_stop_requests() == {job_id: StopRequest.CANCEL}

        await end(claimer, claimed, AttemptEnding.RETURNED)

        assert (await jobs.get(job_id)).state is JobState.CANCELED

    async def test_a_job_that_is_finished_or_not_paused_is_left_alone(
        self, database: Database, jobs: Jobs, claimer: Claimer
    ) -> None:
        job_id = await jobs.add()
        with pytest.raises(JobStateError, match="is queued and not paused"):
            await resume(database, job_id)
        (claimed,) = await claimer.claim()
        await end(claimer, claimed, AttemptEnding.SUCCEEDED)
        with pytest.raises(JobStateError, match="is already succeeded"):
            await pause(database, job_id)
        with pytest.raises(JobStateError, match="is succeeded and not paused"):
            await resume(database, job_id)

    async def test_a_missing_job_is_not_found(self, database: Database) -> None:
        for change in (pause, resume):
            with pytest.raises(JobNotFoundError):
                await change(database, new_id())


async def test_a_job_of_another_organisation_is_not_found(database: Database, jobs: Jobs) -> None:
    owner = new_id()
    job_id = await jobs.add(organisation_id=owner)
    async with database.transaction() as connection:
        for change in (
            cancel_job(connection, job_id, canceled_by="eve", organisation_id=new_id()),
            pause_job(connection, job_id, paused_by="eve", organisation_id=new_id()),
            resume_job(connection, job_id, organisation_id=new_id()),
            retry_job(connection, job_id, organisation_id=new_id()),
        ):
            with pytest.raises(JobNotFoundError):
                await change
        assert (await pause_job(connection, job_id, paused_by="ada", organisation_id=owner)).job_id == job_id


async def test_jobs_are_listed_newest_first_by_state_kind_and_organisation(
    database: Database, jobs: Jobs, claimer: Claimer
) -> None:
    organisation_id = new_id()
    first = await jobs.add(organisation_id=organisation_id)
    await claimer.claim()
    second = await jobs.add(kind=JobKind(name="test.other", payload=Step), organisation_id=organisation_id)
    third = await jobs.add()

    async with database.connection() as connection:

        async def listed(**conditions: object) -> list[object]:
            return [job.job_id for job in await list_jobs(connection, limit=10, **conditions)]  # type: ignore[arg-type]

        # Ids of the same millisecond are in random order.
        newest_first = sorted([first, second, third], reverse=True)
        assert await listed() == newest_first
        assert await listed(state=JobState.RUNNING) == [first]
        assert await listed(kind="test.other") == [second]
        assert set(await listed(organisation_id=organisation_id)) == {first, second}
        assert await listed(before=newest_first[0]) == newest_first[1:]
