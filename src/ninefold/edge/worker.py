"""One worker process: runs the tasks of all systems under one lease, until it is told to stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import Final
from uuid import UUID

import structlog
import uvloop
from prometheus_client import start_http_server

from ninefold.core.clock import SystemClock
from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.errors import NinefoldError, SettingError
from ninefold.core.ids import new_id
from ninefold.core.jobs import release_jobs
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.leases import LeaseLostError, WorkerLease, session_name
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import WorkerContext, WorkerTask
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.waiting import wait_for_any
from ninefold.edge.database import require_migrated
from ninefold.edge.processes import calm_garbage_collector, end_with_supervisor, raise_open_file_limit
from ninefold.edge.systems import SYSTEMS
from ninefold.edge.worker_tasks import build_worker_tasks

STOP_GRACE_S: Final = 10.0
"""How long a stopping worker lets its tasks finish what is in flight; the rest is given back and done again."""

RELEASE_GRACE_S: Final = 2.0
"""How long it may then take to give that back. A worker is killed only after both, see the supervisor."""

log = structlog.get_logger(__name__)


def run_worker(settings: CoreSettings, *, database_url: str, metrics_port: int | None) -> None:
    """Work until SIGTERM or SIGINT; a second one gives up what is in flight.

    If stopping takes longer than its two graces, the process ends at once with exit code 1.

    Raises:
        SettingError: a setting is wrong, or migrations are pending.
        SystemExit: with code 1, after a line in the log, if the database doesn't answer at the start, or if others took
            this worker for dead.
    """
    configure_logging(settings.log_level, settings.log_format, process="worker")
    end_with_supervisor(os.environ)
    limit = raise_open_file_limit()
    log.info("worker.starting", open_files_max=limit)
    calm_garbage_collector()
    if metrics_port is not None:
        _serve_metrics(metrics_port, host=settings.host)
    try:
        uvloop.run(_run_until_signal(settings, os.environ, database_url=database_url))
    except (LeaseLostError, DatabaseUnavailableError) as error:
        # These aren't mistakes at the command line, but happen to processes that run: they belong in the log.
        log.error("worker.failed", code=error.code, error=str(error))  # noqa: TRY400  # the traceback says no more.
        raise SystemExit(1) from error
    log.info("worker.stopped")


async def _run_until_signal(settings: CoreSettings, environment: Mapping[str, str], *, database_url: str) -> None:
    stopping, hurrying = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            hurrying.set()
            _end_after(RELEASE_GRACE_S)
        else:
            stopping.set()
            _end_after(STOP_GRACE_S + RELEASE_GRACE_S)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await work(settings, environment, database_url=database_url, stopping=stopping, hurrying=hurrying)
    except* NinefoldError as group:
        raise _first(group) from group


def _end_after(grace_s: float) -> None:
    """End the process hard if it is still there after so many seconds."""
    # In a thread, since any wait in the loop may be the one that doesn't end.
    timer = threading.Timer(grace_s, _end_overdue)
    timer.daemon = True
    timer.start()


def _end_overdue() -> None:
    # A database that doesn't answer holds up every wait here, one after the other. Nothing is lost without them:
    # the lease runs out by itself, and others take over as from a worker that was killed.
    log.error(
        "worker.stop.overdue",
        detail="The worker ends without giving back what it holds; others take it over when its lease runs out.",
    )
    os._exit(1)


async def work(
    settings: CoreSettings,
    environment: Mapping[str, str],
    *,
    database_url: str,
    stopping: asyncio.Event,
    hurrying: asyncio.Event,
) -> None:
    """Run every system's tasks until `stopping` is set, then finish or give back what is held.

    Args:
        settings: the core's.
        environment: where each system reads its own settings.
        database_url: the PostgreSQL to work for.
        stopping: set it to end in an orderly way.
        hurrying: set it to give back at once what is in flight.
    """
    egress_policy = AddressPolicy.from_cidrs(settings.egress_allow)
    system_settings = [system.read_settings(environment) for system in SYSTEMS]
    async with AsyncExitStack() as stack:
        worker_id = new_id()
        open_pool = partial(_open_pool, stack, database_url, worker_id=worker_id)
        database = await open_pool(connections_max=settings.database_connections_max)
        job_database = await open_pool(connections_max=job_connections_max(settings.database_connections_max))
        egress = await stack.enter_async_context(aclosing(EgressClient(egress_policy)))
        releasers = [release_jobs, *[system.release_leases for system in SYSTEMS]]
        lease = WorkerLease(database, releasers, worker_id=worker_id)
        context = WorkerContext(
            database=database,
            notifier=Notifier(database),
            lease=lease,
            egress=egress,
            clock=SystemClock(),
            settings=settings,
        )
        tasks = build_worker_tasks(context, SYSTEMS, system_settings, job_database=job_database)
        await require_migrated(database)
        await lease.acquire()
        log.info("worker.started", worker_id=str(lease.worker_id), tasks=[task.name for task in tasks])
        try:
            await _run_tasks(tasks, lease=lease, notifier=context.notifier, stopping=stopping, hurrying=hurrying)
        finally:
            await _release(lease)


def job_connections_max(connections_max: int) -> int:
    """Return how many connections the handlers of durable jobs have for themselves, in addition to the worker's own.

    Whatever they do with them, the worker can still prolong its lease, claim, and record.
    """
    return max(1, connections_max // 2)


async def _open_pool(stack: AsyncExitStack, database_url: str, *, worker_id: UUID, connections_max: int) -> Database:
    database = await Database.connect(
        database_url, application_name=session_name(worker_id), connections_max=connections_max
    )
    stack.push_async_callback(database.close)
    return database


async def _run_tasks(
    tasks: Sequence[WorkerTask],
    *,
    lease: WorkerLease,
    notifier: Notifier,
    stopping: asyncio.Event,
    hurrying: asyncio.Event,
) -> None:
    # The lease is prolonged until the last task has ended: what is still in flight is still ours.
    all_ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(lease.run(all_ended))
        group.create_task(notifier.run(all_ended))
        running = [group.create_task(task.run(stopping), name=task.name) for task in tasks]
        giving_up = group.create_task(_give_up_late(running, stopping=stopping, hurrying=hurrying))
        await asyncio.wait(running)
        giving_up.cancel()
        all_ended.set()


async def _give_up_late(
    running: Sequence[asyncio.Task[None]], *, stopping: asyncio.Event, hurrying: asyncio.Event
) -> None:
    await stopping.wait()
    log.info("worker.stopping", grace_s=STOP_GRACE_S)
    await wait_for_any(hurrying, timeout_s=STOP_GRACE_S)
    for task in running:
        if task.cancel():
            log.warning("worker.task.gave_up", task=task.get_name())


async def _release(lease: WorkerLease) -> None:
    try:
        await lease.release()
    except DatabaseUnavailableError as error:
        # Without a database there is nobody to give it to; the lease runs out by itself.
        log.warning("worker.release.failed", error=str(error))


def _serve_metrics(port: int, *, host: str) -> None:
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise SettingError(
            f"The worker's metrics can't be served on {host}:{port}: {error.strerror}.",
            field="--metrics-port",
            remedy="Choose another port with --metrics-port; NINEFOLD_HOST is the address.",
        ) from error


def _first(group: BaseExceptionGroup[NinefoldError]) -> NinefoldError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
