"""One worker process: runs the tasks of all systems under one lease, until it is stopped."""

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

from ninefold.core.blobs import Blobs
from ninefold.core.clock import SystemClock
from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, EgressClient, default_tls_context
from ninefold.core.errors import NinefoldError, SettingError
from ninefold.core.ids import new_id
from ninefold.core.jobs import release_jobs
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.processes import ProcessFolder
from ninefold.core.queue.leases import LeaseLostError, WorkerLease, session_name
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.service import prepare_secrets
from ninefold.core.system import WorkerContext, WorkerTask
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.waiting import wait_for_any
from ninefold.edge.database import require_migrated
from ninefold.edge.processes import end_with_supervisor, raise_open_file_limit, tune_garbage_collector
from ninefold.edge.systems import SYSTEMS, credential_kinds, implementations_of, sealed_columns
from ninefold.edge.worker_tasks import build_worker_tasks

STOP_GRACE_PERIOD_S: Final = 10.0
"""How long the tasks of a stopping worker may finish their work; the rest is released and done again."""

RELEASE_GRACE_PERIOD_S: Final = 2.0
"""How long it may then take to release the rest. The supervisor kills a worker only after both grace periods."""

LEASE_CONNECTIONS: Final = 1
"""The lease has its own connection. If all others wait for a lock of a frozen worker, it must still end that worker."""

log = structlog.get_logger(__name__)


def run_worker(settings: CoreSettings, *, database_url: str, metrics_port: int | None) -> None:
    """Work until SIGTERM or SIGINT; a second signal gives up the work in progress.

    If stopping takes longer than both grace periods, the process ends at once with exit code 1.

    Raises:
        SettingError: a setting is wrong, or migrations are pending.
        SystemExit: with code 1, after a line in the log, if the database doesn't answer at the start, or if other
            workers took this one for dead.
    """
    configure_logging(settings.log_level, settings.log_format, process="worker", credential_kinds=credential_kinds())
    end_with_supervisor(os.environ)
    limit = raise_open_file_limit()
    log.info("worker.starting", open_files_max=limit)
    tune_garbage_collector()
    if metrics_port is not None:
        _serve_metrics(metrics_port, host=settings.host)
    try:
        uvloop.run(_run_until_signal(settings, os.environ, database_url=database_url))
    except (LeaseLostError, DatabaseUnavailableError) as error:
        # These aren't mistakes on the command line. They happen in operation, so they belong in the log.
        log.error("worker.failed", code=error.code, error=str(error))  # noqa: TRY400  # the traceback says no more.
        raise SystemExit(1) from error
    log.info("worker.stopped")


async def _run_until_signal(settings: CoreSettings, environment: Mapping[str, str], *, database_url: str) -> None:
    stopping, hurrying = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            hurrying.set()
            _end_after(RELEASE_GRACE_PERIOD_S)
        else:
            stopping.set()
            _end_after(STOP_GRACE_PERIOD_S + RELEASE_GRACE_PERIOD_S)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await work(settings, environment, database_url=database_url, stopping=stopping, hurrying=hurrying)
    except* NinefoldError as group:
        raise _first(group) from group


def _end_after(delay_s: float) -> None:
    """End the process without cleaning up if it hasn't ended within so many seconds."""
    # In a thread, because the event loop may be what is stuck.
    timer = threading.Timer(delay_s, _end_overdue)
    timer.daemon = True
    timer.start()


def _end_overdue() -> None:
    # If the database doesn't answer, each step of stopping waits for it. Nothing is lost by skipping them: the lease
    # expires, and other workers take over as if this one had been killed.
    log.error(
        "worker.stop.overdue",
        detail="The worker ends without releasing its work. Other workers take it over when the lease expires.",
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
    """Run the tasks of all systems until `stopping` is set, then finish or release the claimed work.

    Args:
        settings: the core's.
        environment: where each system reads its own settings.
        database_url: the PostgreSQL to work for.
        stopping: set it to finish the work in progress and stop.
        hurrying: set it to release the work in progress at once.
    """
    egress_policy = AddressPolicy.from_cidrs(settings.egress_allow)
    egress_tls = default_tls_context(settings.egress_ca_file)
    system_settings = [system.read_settings(environment) for system in SYSTEMS]
    async with AsyncExitStack() as stack:
        worker_id = new_id()
        open_pool = partial(_open_pool, stack, database_url, worker_id=worker_id)
        database = await open_pool(connections_max=settings.database_connections_max)
        job_database = await open_pool(connections_max=job_connections_max(settings.database_connections_max))
        egress = await stack.enter_async_context(aclosing(EgressClient(egress_policy, tls=egress_tls)))
        releasers = [release_jobs, *[system.release_leases for system in SYSTEMS]]
        lease_database = await open_pool(connections_max=LEASE_CONNECTIONS)
        lease = WorkerLease(lease_database, releasers, worker_id=worker_id)
        context = WorkerContext(
            database=database,
            notifier=Notifier(database),
            lease=lease,
            egress=egress,
            clock=SystemClock(),
            settings=settings,
            process_folder=ProcessFolder.of(settings.data_dir),
            blobs=Blobs.of(settings),
            sealer=(sealer := Sealer.of(settings)),
            implementations=implementations_of(SYSTEMS),
        )
        tasks = build_worker_tasks(context, SYSTEMS, system_settings, job_database=job_database)
        await require_migrated(database)
        await prepare_secrets(database, sealer, sealed_columns())
        await lease.acquire()
        log.info("worker.started", worker_id=str(lease.worker_id), tasks=[task.name for task in tasks])
        try:
            await _run_tasks(tasks, lease=lease, notifier=context.notifier, stopping=stopping, hurrying=hurrying)
        finally:
            await _release(lease)


def job_connections_max(connections_max: int) -> int:
    """Return the number of connections for job handlers, in addition to the worker's own.

    With a separate pool, handlers can't prevent the worker from claiming and recording.
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
    # The lease is extended until the last task has ended, because it still covers their work.
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
    log.info("worker.stopping", grace_s=STOP_GRACE_PERIOD_S)
    await wait_for_any(hurrying, timeout_s=STOP_GRACE_PERIOD_S)
    for task in running:
        if task.cancel():
            log.warning("worker.task.gave_up", task=task.get_name())


async def _release(lease: WorkerLease) -> None:
    try:
        await lease.release()
    except DatabaseUnavailableError as error:
        # Without the database nothing can be released. The lease expires.
        log.warning("worker.release.failed", error=str(error))


def _serve_metrics(port: int, *, host: str) -> None:
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise SettingError(
            f"The worker can't serve its metrics on {host}:{port}: {error.strerror}.",
            field="--metrics-port",
            remedy="Choose another port with --metrics-port, or another address with NINEFOLD_HOST.",
        ) from error


def _first(group: BaseExceptionGroup[NinefoldError]) -> NinefoldError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
