from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ninefold.core.ids import format_id
from ninefold.systems.workflows.jobs.runs import take_due
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.service.runs.schedules import take_tick
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.schedules import DueSchedule, schedule_lock_due
from workflow_repositories import make_hosted
from workflow_runs import FILE, START, RunWorld

WORKFLOW = """\
on:
  schedule: [{cron: '*/15 * * * *'}]
jobs: {a: {runs-on: linux, steps: [{run: echo}]}}
"""


def due(cron: str, *, next_at: datetime, timezone: str = "UTC") -> DueSchedule:
    return DueSchedule(
        organisation_id=UUID(int=1),
        repository_id=UUID(int=2),
        workflow_file=FILE,
        cron=cron,
        timezone=timezone,
        next_at=next_at,
    )


@pytest.mark.parametrize(
    ("cron", "timezone", "late", "starts", "dropped", "next_minutes"),
    [
        ("*/15 * * * *", "UTC", timedelta(seconds=20), True, 0, 15),
        ("*/15 * * * *", "UTC", timedelta(minutes=40), True, 0, 15),
        ("* * * * *", "UTC", timedelta(0), True, 0, 5),
        ("*/15 * * * *", "UTC", timedelta(minutes=100), False, 3, 45),
        ("0 9 * * *", "Europe/Berlin", timedelta(0), True, 0, 20 * 60),
    ],
)
def test_a_tick_starts_a_run_unless_it_is_more_than_an_hour_late(  # noqa: PLR0917 - a table's columns.
    cron: str,
    timezone: str,
    late: timedelta,
    starts: bool,  # noqa: FBT001
    dropped: int,
    next_minutes: int,
) -> None:
    tick = take_tick(due(cron, next_at=START, timezone=timezone), now=START + late)

    assert (tick.starts, tick.dropped) == (starts, dropped)
    assert tick.next_at == START + timedelta(minutes=next_minutes)


async def tick_all(world: RunWorld, settings: WorkflowsSettings, *, now: datetime) -> Sequence[UUID]:
    """Take all ticks that are due in the schedules of the world."""
    started: list[UUID] = []
    while True:
        async with world.database.transaction() as connection:
            schedule = await schedule_lock_due(connection, now=now)
            if schedule is None:
                return started
            started += (await take_due(connection, schedule, settings=settings, now=now)).run_ids


@pytest.fixture
async def scheduled(world: RunWorld, tmp_path: Path) -> WorkflowsSettings:
    world.now = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)
    repository_id = format_id(REPOSITORY_PREFIX, world.repository.repository_id)
    make_hosted(tmp_path, repository_id, {FILE: WORKFLOW})
    await world.push(WORKFLOW)
    return WorkflowsSettings(repositories=str(tmp_path))


async def test_each_tick_starts_one_run_of_the_default_branch(world: RunWorld, scheduled: WorkflowsSettings) -> None:
    before = await tick_all(world, scheduled, now=START + timedelta(minutes=14))
    (run_id,) = await tick_all(world, scheduled, now=START + timedelta(minutes=15))
    again = await tick_all(world, scheduled, now=START + timedelta(minutes=15, seconds=50))

    run = await world.run(run_id)
    assert (before, again) == ([], [])
    assert (run.event, run.ref, run.status) == ("schedule", "refs/heads/main", "queued")


async def test_after_an_outage_the_ticks_of_the_last_hour_are_taken_and_earlier_ones_dropped(
    world: RunWorld, scheduled: WorkflowsSettings
) -> None:
    started = await tick_all(world, scheduled, now=START + timedelta(hours=3))

    async with world.database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT dropped, next_at FROM workflows.schedule WHERE repository_id = $1", world.repository.repository_id
        )
    assert row is not None
    # From 12:15 to 13:45 are dropped; 14:00 to 15:00 are taken.
    assert (len(started), row["dropped"]) == (5, 7)
    assert row["next_at"] == START + timedelta(hours=3, minutes=15)


async def test_a_push_without_the_schedule_removes_it(world: RunWorld, scheduled: WorkflowsSettings) -> None:
    await world.push(WORKFLOW.replace("schedule: [{cron: '*/15 * * * *'}]", "workflow_dispatch:"))

    assert await tick_all(world, scheduled, now=START + timedelta(minutes=20)) == []
