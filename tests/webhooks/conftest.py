"""The whole of webhook delivery in one process: the real application, a real worker, a real receiver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from ninefold.core.clock import SystemClock
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.jobs import JobRunner, release_jobs
from ninefold.core.postgres.database import Database
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, WorkerContext
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.core.web.application import create_app
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.wiring import SYSTEM
from webhooks_api import Api, StartWorker

LOOPBACK = ("127.0.0.0/8", "::1/128")
FAST = WebhooksSettings(retry_delays_s=(0.05, 0.05, 0.05), retry_jitter_ratio=0.0, attempt_timeout_s=5.0)


@pytest.fixture
async def http(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The application, called in process."""
    context = ServerContext(database=database, notifier=Notifier(database), settings=FAST)
    app = create_app(
        database=database, route_handlers=SYSTEM.routes(context), readiness=[], title="Ninefold", version="0"
    )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url="http://ninefold.test") as client:
        yield client


@pytest.fixture
async def api(http: httpx.AsyncClient, database: Database) -> Api:
    """A caller with a key of an organisation."""
    return await make_api(http, database, name="acme")


@pytest.fixture
async def other_api(http: httpx.AsyncClient, database: Database) -> Api:
    """A caller with a key of another organisation."""
    return await make_api(http, database, name="globex")


async def make_api(http: httpx.AsyncClient, database: Database, *, name: str) -> Api:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name=name)
        created = await create_api_key(connection, organisation_id=organisation.organisation_id, name="test")
    return Api(http, created.api_key)


@pytest.fixture
def start_worker(database: Database) -> StartWorker:
    """Run a worker for the time of an `async with`."""

    @asynccontextmanager
    async def start(settings: WebhooksSettings = FAST) -> AsyncIterator[None]:
        lease = WorkerLease(database, [release_jobs, SYSTEM.release_leases])
        notifier = Notifier(database)
        egress = EgressClient(AddressPolicy.from_cidrs(LOOPBACK))
        context = WorkerContext(
            database=database,
            notifier=notifier,
            lease=lease,
            egress=egress,
            clock=SystemClock(),
            settings=settings,
        )
        handlers = [handler.bind(context) for handler in SYSTEM.job_handlers]
        runner = JobRunner(database, lease, notifier, handlers=handlers, concurrency=10)
        tasks = [*SYSTEM.worker_tasks(context), runner]
        stopping = asyncio.Event()
        await lease.acquire()
        async with asyncio.TaskGroup() as group:
            group.create_task(lease.run(stopping))
            group.create_task(notifier.run(stopping))
            for task in tasks:
                group.create_task(task.run(stopping))
            try:
                yield
            finally:
                stopping.set()
        await lease.release()
        await egress.aclose()

    return start


@pytest.fixture
async def worker(start_worker: StartWorker) -> AsyncIterator[None]:
    """A worker that runs during the test, in a task of its own: a fixture's two halves run in different tasks."""
    is_running, is_over = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with start_worker():
            is_running.set()
            await is_over.wait()

    running = asyncio.create_task(run())
    await is_running.wait()
    yield
    is_over.set()
    await running
