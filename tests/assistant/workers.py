"""The assistant's part of a worker, in the test's process, with an engine that the test can look into."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ninefold.core.clock import SystemClock
from ninefold.core.egress import AddressPolicy, EgressClient, default_tls_context
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.leases import WorkerLease, session_name
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import WorkerContext
from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.jobs.runner import ResponseRunner
from ninefold.systems.assistant.jobs.supervisor import QueueSupervisor
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.wiring import SYSTEM


@asynccontextmanager
async def generating(database_url: str, engine: Engine, **settings: Any) -> AsyncIterator[ResponseRunner]:
    """Generate responses with an engine for as long as the block lasts."""
    worker_id = new_id()
    database = await Database.connect(database_url, application_name=session_name(worker_id))
    lease = WorkerLease(database, [SYSTEM.release_leases], worker_id=worker_id)
    egress = EgressClient(AddressPolicy.from_cidrs([]), tls=default_tls_context(None))
    context = WorkerContext(
        database=database,
        notifier=Notifier(database),
        lease=lease,
        egress=egress,
        clock=SystemClock(),
        settings=AssistantSettings(**settings),
    )
    runner = ResponseRunner(context, engine)
    stopping, has_ended = asyncio.Event(), asyncio.Event()
    await lease.acquire()
    helpers = [asyncio.create_task(lease.run(has_ended)), asyncio.create_task(context.notifier.run(has_ended))]
    tasks = [asyncio.create_task(task.run(stopping)) for task in (runner, QueueSupervisor(context))]
    try:
        yield runner
    finally:
        stopping.set()
        await asyncio.gather(*tasks)
        has_ended.set()
        await asyncio.gather(*helpers)
        await lease.release()
        await egress.aclose()
        await database.close()
