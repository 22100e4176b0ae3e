"""The recorder loses no outcome, and one that the database rejects doesn't block the others."""

import asyncio
from collections.abc import Sequence
from unittest.mock import AsyncMock
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from durable_jobs import Claimer, Jobs, Step, new_claimer
from ninefold.core.jobs import JobState
from ninefold.core.jobs import recorder as recorder_module
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, EndedJob, Progress
from ninefold.core.jobs.recorder import JobRecorder
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError


@pytest.fixture
async def claimer(database: Database) -> Claimer:
    return await new_claimer(database)


async def claimed(jobs: Jobs, claimer: Claimer, count: int) -> list[AttemptOutcome]:
    """Claim this many jobs, and return a successful outcome for each."""
    await jobs.add_many(Step() for _ in range(count))
    return [
        AttemptOutcome(job=job, ending=AttemptEnding.SUCCEEDED, duration_s=0.1, progress=Progress())
        for job in await claimer.claim(limit=count)
    ]


async def record(claimer: Claimer, outcomes: Sequence[AttemptOutcome]) -> list[UUID]:
    """Pass outcomes to a recorder and close it; return the ids of the recorded jobs."""
    recorded: list[UUID] = []
    recorder = JobRecorder(
        claimer.queue, on_recorded=lambda batch: recorded.extend(outcome.job.job_id for outcome in batch)
    )
    for outcome in outcomes:
        recorder.add(outcome)
    recorder.close()
    async with asyncio.timeout(10):
        await recorder.run()
    return recorded


async def test_all_outcomes_are_written_before_it_returns(jobs: Jobs, claimer: Claimer) -> None:
    outcomes = await claimed(jobs, claimer, 20)

    recorded = await record(claimer, outcomes)

    assert recorded == [outcome.job.job_id for outcome in outcomes]
    assert await jobs.states() == [JobState.SUCCEEDED] * 20


async def test_it_returns_at_once_without_outcomes(claimer: Claimer) -> None:
    assert await record(claimer, []) == []


async def test_a_large_backlog_is_written_in_batches(
    jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "BATCH_MAX", 3)
    outcomes = await claimed(jobs, claimer, 8)
    finish = AsyncMock(side_effect=claimer.queue.finish)
    monkeypatch.setattr(claimer.queue, "finish", finish)

    await record(claimer, outcomes)

    assert [len(call.args[0]) for call in finish.await_args_list] == [3, 3, 2]
    assert await jobs.states() == [JobState.SUCCEEDED] * 8


async def test_it_retries_while_the_database_is_unavailable(
    jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_DELAY_S", 0.01)
    outcomes = await claimed(jobs, claimer, 2)
    finish, errors = claimer.queue.finish, [DatabaseUnavailableError("closed"), DatabaseUnavailableError("starting")]

    async def fail_twice(batch: Sequence[AttemptOutcome]) -> list[EndedJob]:
        if errors:
            raise errors.pop()
        return await finish(batch)

    monkeypatch.setattr(claimer.queue, "finish", fail_twice)

    await record(claimer, outcomes)

    assert await jobs.states() == [JobState.SUCCEEDED] * 2


async def test_a_rejected_outcome_does_not_block_the_others(
    jobs: Jobs, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = await claimed(jobs, claimer, 7)
    rejected = outcomes[3].job.job_id
    finish = claimer.queue.finish

    async def reject_one(batch: Sequence[AttemptOutcome]) -> list[EndedJob]:
        if rejected in [outcome.job.job_id for outcome in batch]:
            raise asyncpg.CheckViolationError("a bug")
        return await finish(batch)

    monkeypatch.setattr(claimer.queue, "finish", reject_one)
    with capture_logs() as lines:
        recorded = await record(claimer, outcomes)

    assert len(recorded) == 7
    assert (await jobs.get(rejected)).state is JobState.RUNNING
    assert (await jobs.states()).count(JobState.SUCCEEDED) == 6
    assert [line["log_level"] for line in lines if line["event"] == "jobs.outcome.refused"] == ["error"]
