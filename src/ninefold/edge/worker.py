"""One worker process: runs the jobs of all systems under one lease, until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final

import asyncpg
import structlog
import uvloop
from prometheus_client import start_http_server

from ninefold.core.clock import SystemClock
from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.errors import NinefoldError, SettingError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.doorbell import Doorbell
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.system import Job, WorkerContext
from ninefold.core.telemetry.logs import configure_logging
from ninefold.edge.database import require_migrated
from ninefold.edge.processes import calm_garbage_collector, end_with_supervisor, raise_open_file_limit
from ninefold.edge.systems import SYSTEMS

STOP_GRACE_S: Final = 10.0
"""How long a stopping worker lets its jobs finish what is in flight; the rest is given back and done again."""

log = structlog.get_logger(__name__)


def run_worker(settings: CoreSettings, *, database_url: str, metrics_port: int | None) -> None:
    """Work until SIGTERM or SIGINT; a second one gives up what is in flight.

    Raises:
        SettingError: a setting is wrong, or migrations are pending.
        UnavailableError: the database doesn't answer at the start.
        LeaseLostError: others took this worker for dead.
    """
    configure_logging(settings.log_level, settings.log_format, process="worker")
    end_with_supervisor(os.environ)
    limit = raise_open_file_limit()
    log.info("worker.starting", open_files_max=limit)
    calm_garbage_collector()
    if metrics_port is not None:
        _serve_metrics(metrics_port, host=settings.host)
    uvloop.run(_run_until_signal(settings, os.environ, database_url=database_url))
    log.info("worker.stopped")


async def _run_until_signal(settings: CoreSettings, environment: Mapping[str, str], *, database_url: str) -> None:
    stopping, hurrying = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurrying if stopping.is_set() else stopping).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await work(settings, environment, database_url=database_url, stopping=stopping, hurrying=hurrying)
    except* NinefoldError as group:
        raise _first(group) from group


async def work(
    settings: CoreSettings,
    environment: Mapping[str, str],
    *,
    database_url: str,
    stopping: asyncio.Event,
    hurrying: asyncio.Event,
) -> None:
    """Run every system's jobs until `stopping` is set, then finish or give back what is held.

    Args:
        settings: the core's.
        environment: where each system reads its own settings.
        database_url: the PostgreSQL to work for.
        stopping: set it to end in an orderly way.
        hurrying: set it to give back at once what is in flight.
    """
    system_settings = [system.read_settings(environment) for system in SYSTEMS]
    database = await Database.connect(
        database_url, application_name="ninefold worker", connections_max=settings.database_connections_max
    )
    try:
        await require_migrated(database)
        doorbell = Doorbell(database)
        lease = WorkerLease(database, [system.release_leases for system in SYSTEMS])
        async with aclosing(EgressClient(AddressPolicy.from_cidrs(settings.egress_allow))) as egress:
            jobs = [
                job
                for system, its_settings in zip(SYSTEMS, system_settings, strict=True)
                for job in system.jobs(
                    WorkerContext(
                        database=database,
                        doorbell=doorbell,
                        lease=lease,
                        egress=egress,
                        clock=SystemClock(),
                        settings=its_settings,
                    )
                )
            ]
            await lease.acquire()
            log.info("worker.started", worker_id=str(lease.worker_id), jobs=[job.name for job in jobs])
            try:
                await _run_jobs(jobs, lease=lease, doorbell=doorbell, stopping=stopping, hurrying=hurrying)
            finally:
                await _release(lease)
    finally:
        await database.close()


async def _run_jobs(
    jobs: Sequence[Job],
    *,
    lease: WorkerLease,
    doorbell: Doorbell,
    stopping: asyncio.Event,
    hurrying: asyncio.Event,
) -> None:
    # The lease is prolonged until the last job has ended: what is still in flight is still ours.
    all_ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(lease.run(all_ended))
        group.create_task(doorbell.run(all_ended))
        running = [group.create_task(job.run(stopping), name=job.name) for job in jobs]
        giving_up = group.create_task(_give_up_late(running, stopping=stopping, hurrying=hurrying))
        await asyncio.wait(running)
        giving_up.cancel()
        all_ended.set()


async def _give_up_late(
    running: Sequence[asyncio.Task[None]], *, stopping: asyncio.Event, hurrying: asyncio.Event
) -> None:
    await stopping.wait()
    log.info("worker.stopping", grace_s=STOP_GRACE_S)
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_GRACE_S):
            await hurrying.wait()
    for task in running:
        if task.cancel():
            log.warning("worker.job.gave_up", job=task.get_name())


async def _release(lease: WorkerLease) -> None:
    try:
        await lease.release()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, NinefoldError) as error:
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
