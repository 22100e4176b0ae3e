"""Each tick enqueues one job, however many workers there are. Missed ticks enqueue one job together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from durable_jobs import STEP, Jobs, Step, new_claimer, running, step
from ninefold.core.jobs import JobRun, JobScheduler, JobState, Schedule, store
from ninefold.core.jobs import scheduler as scheduler_module
from ninefold.core.jobs.model import ScheduleState
from ninefold.core.jobs.service import list_schedules
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier

NAME = "test.tick"


@pytest.fixture(autouse=True)
def _short_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "POLL_S", 0.02)


def schedule(cron: str = "0 0 1 1 *", *, timezone: str = "UTC", name: str = NAME) -> Schedule[Step]:
    return Schedule(
        name=name,
        kind=STEP,
        cron=cron,
        timezone=timezone,
        make_payload=lambda tick: Step(number=int(tick.timestamp())),
    )


@asynccontextmanager
async def scheduling(database: Database, *schedules: Schedule[Step], workers: int = 1) -> AsyncIterator[None]:
    """Run the scheduler in this many workers."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(JobScheduler(database, Notifier(database), schedules).run(stopping))
        try:
            yield
        finally:
            stopping.set()


async def wait_until_registered(database: Database) -> ScheduleState:
    """Wait until the schedule is in the table; return its state."""
    async with asyncio.timeout(10), database.connection() as connection:
        while not (found := await list_schedules(connection)):
            await asyncio.sleep(0.01)
        return found[0]


async def make_due(database: Database, *, since: timedelta = timedelta(0)) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE jobs.schedule SET next_run_at = now() - $1::interval", since)


async def wait_until_none_due(database: Database) -> None:
    """Wait until no schedule is due."""
    async with asyncio.timeout(10), database.connection() as connection:
        while await connection.fetchval("SELECT count(*) FROM jobs.schedule WHERE next_run_at <= now()"):
            await asyncio.sleep(0.01)


async def test_a_new_schedule_waits_for_its_first_tick(database: Database, jobs: Jobs) -> None:
    async with scheduling(database, schedule()):
        state = await wait_until_registered(database)

    assert (state.name, state.cron, state.timezone, state.last_run_at) == (NAME, "0 0 1 1 *", "UTC", None)
    assert state.next_run_at == datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
    assert await jobs.states() == []


async def test_a_tick_is_enqueued_once_by_four_workers(database: Database, jobs: Jobs) -> None:
    async with scheduling(database, schedule(), workers=4):
        await wait_until_registered(database)
        for _ in range(10):
            await make_due(database)
            await wait_until_none_due(database)
            assert await jobs.states() == [JobState.QUEUED]
            async with database.connection() as connection:
                # Otherwise the unique key alone would prevent a second job.
                await connection.execute("UPDATE jobs.job SET is_unique = FALSE")
                await make_due(database)
                await wait_until_none_due(database)
                assert await connection.fetchval("SELECT count(*) FROM jobs.job") == 2
                await connection.execute("DELETE FROM jobs.job")


async def test_missed_ticks_enqueue_one_job_with_the_latest_tick(database: Database) -> None:
    async with scheduling(database, schedule("0 * * * *")):
        await wait_until_registered(database)
    await make_due(database, since=timedelta(days=3))

    async with scheduling(database, schedule("0 * * * *"), workers=2):
        await wait_until_none_due(database)

    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    (claimed,) = await (await new_claimer(database)).claim()
    assert msgspec.json.decode(claimed.payload, type=Step) == Step(number=int(hour.timestamp()))
    assert (await wait_until_registered(database)).next_run_at == hour + timedelta(hours=1)


async def test_a_tick_enqueues_no_job_while_the_previous_one_is_waiting(database: Database, jobs: Jobs) -> None:
    async with scheduling(database, schedule()):
        await wait_until_registered(database)
        for _ in range(3):
            await make_due(database)
            await wait_until_none_due(database)

    assert await jobs.states() == [JobState.QUEUED]


async def test_a_changed_schedule_is_due_at_its_new_time(database: Database) -> None:
    async with scheduling(database, schedule("0 9 * * *", timezone="UTC")):
        before = await wait_until_registered(database)
    async with scheduling(database, schedule("0 9 * * *", timezone="Asia/Kolkata")):
        async with asyncio.timeout(10):
            while (after := await wait_until_registered(database)).timezone != "Asia/Kolkata":
                await asyncio.sleep(0.01)

    assert (before.next_run_at.hour, after.next_run_at.strftime("%H:%M")) == (9, "03:30")


async def test_an_unchanged_schedule_keeps_its_missed_tick(database: Database, jobs: Jobs) -> None:
    async with scheduling(database, schedule()):
        await wait_until_registered(database)
    await make_due(database, since=timedelta(hours=1))

    async with scheduling(database, schedule()):
        await wait_until_none_due(database)

    assert await jobs.states() == [JobState.QUEUED]


async def test_a_schedule_that_was_removed_from_the_code_enqueues_nothing(database: Database, jobs: Jobs) -> None:
    async with scheduling(database, schedule()):
        await wait_until_registered(database)
    async with (
        scheduling(database, schedule(name="test.other")),
        asyncio.timeout(10),
        database.connection() as connection,
    ):
        while len(await list_schedules(connection)) < 2:
            await asyncio.sleep(0.01)
        await connection.execute("UPDATE jobs.schedule SET next_run_at = now()")
        while await connection.fetchval("SELECT next_run_at <= now() FROM jobs.schedule WHERE name = 'test.other'"):
            await asyncio.sleep(0.01)

    assert await jobs.states() == [JobState.QUEUED]


async def test_a_scheduled_job_runs(database: Database) -> None:
    ran = asyncio.Event()

    async def note(_: JobRun[Step], __: Database) -> None:
        ran.set()

    async with running(database, step(note)), scheduling(database, schedule()):
        await wait_until_registered(database)
        await make_due(database)
        async with asyncio.timeout(10):
            await ran.wait()


async def test_an_unavailable_database_delays_a_tick_but_loses_none(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [DatabaseUnavailableError("closed")]
    set_next = store.schedule_set_next

    async def fail_once(*arguments: object, **options: object) -> None:
        if errors:
            raise errors.pop()
        await set_next(*arguments, **options)  # type: ignore[arg-type]  # The arguments are passed on unchanged.

    monkeypatch.setattr(store, "schedule_set_next", fail_once)
    async with scheduling(database, schedule()):
        await wait_until_registered(database)
        await make_due(database)
        await wait_until_none_due(database)

    assert (errors, await jobs.states()) == ([], [JobState.QUEUED])


async def test_two_schedules_with_the_same_name_are_rejected(database: Database) -> None:
    with pytest.raises(ValueError, match="the same name"):
        JobScheduler(database, Notifier(database), [schedule(), schedule()])
