"""The tasks of a worker process, and what they get."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from durable_jobs import STEP, Jobs, Step
from ninefold.core.clock import SystemClock
from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.jobs import JobHandler, JobRun, JobRunner, JobState, Schedule
from ninefold.core.postgres.database import Database
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import AnySystem, WorkerContext
from ninefold.edge.systems import SYSTEMS, implementations_of
from ninefold.edge.worker import job_connections_max
from ninefold.edge.worker_tasks import build_worker_tasks

SYSTEM: AnySystem = msgspec.structs.replace(SYSTEMS[0], worker_tasks=lambda _: (), job_handlers=(), schedules=())
SETTINGS = SYSTEM.read_settings({})
TICK = Schedule(name="test.tick", kind=STEP, cron="* * * * *", make_payload=lambda _: Step())


async def succeed(_: JobRun[Step], __: WorkerContext[Any]) -> None:
    """Do nothing."""


@pytest.fixture
async def context(database: Database) -> AsyncIterator[WorkerContext[CoreSettings]]:
    egress = EgressClient(AddressPolicy.from_cidrs(()))
    yield WorkerContext(
        database=database,
        notifier=Notifier(database),
        lease=WorkerLease(database, []),
        egress=egress,
        clock=SystemClock(),
        settings=CoreSettings(),
        implementations=implementations_of(SYSTEMS),
    )
    await egress.aclose()


async def test_a_worker_runs_the_tasks_and_the_jobs_of_all_systems(
    context: WorkerContext[CoreSettings],
) -> None:
    settings = [system.read_settings({}) for system in SYSTEMS]
    tasks = build_worker_tasks(context, SYSTEMS, settings, job_database=context.database)

    assert [task.name for task in tasks] == [
        "webhooks.dispatch",
        "webhooks.depths",
        "webhooks.backlog",
        "webhooks.alerts",
        "webhooks.partitions",
        "callbacks.verify",
        "callbacks.backlog",
        "assistant.generate",
        "assistant.supervise",
        "assistant.backlog",
        "chess.clocks",
        "chess.engines",
        "chess.backlog",
        "messaging.app_requests",
        "messaging.backlog",
        "payments.inquiries",
        "payments.stripe_events",
        "payments.backlog",
        "workflows.pushes",
        "workflows.push_triggers",
        "workflows.lost_runners",
        "workflows.backlog",
        "video.share",
        "video.split",
        "video.encode",
        "video.backlog",
        "jobs.run",
        "jobs.schedule",
        "jobs.backlog",
    ]


async def test_a_handler_gets_the_settings_of_its_system_and_a_separate_pool(
    context: WorkerContext[CoreSettings], database: Database, database_url: str
) -> None:
    seen: list[WorkerContext[Any]] = []

    async def look(_: JobRun[Step], context: WorkerContext[Any]) -> None:
        seen.append(context)

    system = msgspec.structs.replace(SYSTEM, job_handlers=(JobHandler(STEP, look),))
    job_database = await Database.connect(database_url, application_name="test", connections_max=1)
    tasks = build_worker_tasks(context, [system], [SETTINGS], job_database=job_database)
    (runner,) = [task for task in tasks if isinstance(task, JobRunner)]
    jobs, stopping = Jobs(database), asyncio.Event()
    job_id = await jobs.add()
    await context.lease.acquire()
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(stopping))
        await jobs.wait(job_id, JobState.SUCCEEDED)
        stopping.set()
    await job_database.close()

    assert [(each.database, each.settings) for each in seen] == [(job_database, SETTINGS)]


async def test_a_schedule_whose_jobs_have_no_handler_is_refused(context: WorkerContext[CoreSettings]) -> None:
    system = msgspec.structs.replace(SYSTEM, schedules=(TICK,))
    with pytest.raises(ValueError, match=r"enqueues test\.step, which has no handler"):
        build_worker_tasks(context, [system], [SETTINGS], job_database=context.database)

    system = msgspec.structs.replace(system, job_handlers=(JobHandler(STEP, succeed),))
    assert build_worker_tasks(context, [system], [SETTINGS], job_database=context.database)


@pytest.mark.parametrize(("connections_max", "for_jobs"), [(2, 1), (3, 1), (10, 5), (1_000, 500)])
def test_handlers_have_half_as_many_connections_as_the_worker(connections_max: int, for_jobs: int) -> None:
    assert job_connections_max(connections_max) == for_jobs
