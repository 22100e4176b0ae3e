"""`ninefold up`: starts PostgreSQL, the server and the workers, restarts them if they die, and stops them in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from ninefold.core.config import CoreSettings, server_url
from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.processes import ProcessFolder, SystemProcess
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.service import prepare_secrets
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.telemetry.metrics import METRICS_DIR_VARIABLE, mark_process_dead, prepare_metrics_dir
from ninefold.core.tenancy.accounts import create_setup_link, has_accounts
from ninefold.core.tenancy.links import link_url
from ninefold.core.tenancy.model import CreatedCredential, CreatedLink
from ninefold.core.tenancy.personal_kinds import SETUP_LINK
from ninefold.core.tenancy.service import ensure_first_organisation
from ninefold.edge.announcements import announce_first_start, announce_no_accounts, announce_ready, announce_stopping
from ninefold.edge.children import Child
from ninefold.edge.database import migrate_database
from ninefold.edge.ports import is_ready, require_free_port
from ninefold.edge.processes import end_with_supervisor, ninefold_command
from ninefold.edge.settings import check_settings
from ninefold.edge.system_processes import ProcessKeeper, banners, system_processes
from ninefold.edge.systems import credential_kinds, sealed_columns
from ninefold.edge.worker import STOP_GRACE_PERIOD_S

READY_WITHIN_S: Final = 60.0
READY_POLL_INTERVAL_S: Final = 0.05
KILL_MARGIN_S: Final = 3.0
"""How long after its grace period a worker is killed."""

PROCESS_RESTART_DELAY_S: Final = 0.1
"""How long after its first crash a process of a system is started again: somebody waits for it."""

SERVER_GRACE_PERIOD_S: Final = 15.0
POSTGRES_POLL_INTERVAL_S: Final = 1.0
POSTGRES_RESTART_DELAY_S_MIN: Final = 0.5
POSTGRES_RESTART_DELAY_S_MAX: Final = 60.0
POSTGRES_STABLE_AFTER_S: Final = 300.0
"""If PostgreSQL ran for longer than this, it is restarted after the shortest delay. Otherwise the delay doubles."""

log = structlog.get_logger(__name__)


class ChildFailedError(NinefoldError):
    """A child process ended before Ninefold was ready; its own message is above this one."""

    code = "start_failed"
    title = "Start failed"


class PostgresFailedError(NinefoldError):
    """The embedded PostgreSQL died and can't be used after its restart."""

    code = "postgres_failed"
    title = "PostgreSQL failed"


class Supervisor:
    """The process `ninefold up`."""

    def __init__(self, settings: CoreSettings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()

    async def run(self) -> None:
        """Start everything and keep it running until SIGINT or SIGTERM; a second signal stops it at once.

        Raises:
            SettingError: a setting is wrong, or the port is taken.
            UnavailableError: PostgreSQL doesn't answer.
            ChildFailedError: the server ended or wasn't ready in time.
            PostgresFailedError: the embedded PostgreSQL died, and restarted at a different address.
        """
        settings = self._settings
        configure_logging(
            settings.log_level, settings.log_format, process="supervisor", credential_kinds=credential_kinds()
        )
        end_with_supervisor(os.environ)
        check_settings(settings, os.environ)
        require_free_port(settings)
        self._handle_signals()
        postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
        try:
            dsn = await asyncio.to_thread(postgres.start) if postgres else str(settings.database_url)
            await self._prepare_database(dsn)
            await self._run_children(dsn, postgres=postgres)
        finally:
            if postgres is not None:
                await asyncio.to_thread(postgres.stop)
        log.info("supervisor.stopped")

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            self._hurrying.set()
        else:
            announce_stopping()
            self._stopping.set()

    async def _prepare_database(self, dsn: str) -> None:
        database = await Database.connect(dsn, application_name="ninefold up", connections_max=2)
        try:
            for migration in await migrate_database(database):
                log.info("migration.applied", namespace=migration.namespace, name=migration.name)
            await prepare_secrets(database, Sealer.of(self._settings), sealed_columns())
            first_start = await _start_first(database)
            async with database.connection() as connection:
                is_without_accounts = not await has_accounts(connection)
        finally:
            await database.close()
        # Only after the commit, because a key that was shown must exist.
        if first_start is not None:
            key, link = first_start
            base_url = self._settings.public_url or server_url(self._settings)
            announce_first_start(
                key.text, setup_url=link_url(base_url, SETUP_LINK, link.text), url=server_url(self._settings)
            )
        elif is_without_accounts:
            announce_no_accounts()

    async def _run_children(self, dsn: str, *, postgres: EmbeddedPostgres | None) -> None:
        server, workers, keepers = self._make_children(dsn)
        keepers_running = [asyncio.create_task(keeper.run(self._hurrying)) for keeper in keepers]
        server_running = asyncio.create_task(server.keep_running(self._hurrying))
        workers_running = [asyncio.create_task(worker.keep_running(self._hurrying)) for worker in workers]
        try:
            await self._watch(server, postgres)
        finally:
            # The same order after Ctrl-C, after a failed start and after PostgreSQL died. Workers stop first: what the
            # server accepts in the meantime is durable, and is done after the next start.
            for worker in workers:
                worker.stop()
            await asyncio.gather(*workers_running)
            server.stop()
            await server_running
            # Last, because both can need the processes of systems until their end.
            for keeper in keepers:
                keeper.stop()
            await asyncio.gather(*keepers_running)

    async def _watch(self, server: Child, postgres: EmbeddedPostgres | None) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                watches = [group.create_task(self._announce_when_ready(server))]
                if postgres is not None:
                    watches.append(group.create_task(self._keep_postgres_running(postgres)))
                await self._stopping.wait()
                for watch in watches:
                    watch.cancel()
        except* NinefoldError as group_of_errors:
            raise group_of_errors.exceptions[0] from None

    def _make_children(self, dsn: str) -> tuple[Child, list[Child], list[ProcessKeeper]]:
        settings = self._settings
        metrics_dir = prepare_metrics_dir(settings.data_dir)
        environment = {
            **os.environ,
            "NINEFOLD_DATABASE_URL": dsn,
            "NINEFOLD_DATA_DIR": str(settings.data_dir),
            "NINEFOLD_HOST": settings.host,
            "NINEFOLD_PORT": str(settings.port),
            "NINEFOLD_LOG_FORMAT": settings.log_format,
            METRICS_DIR_VARIABLE: str(metrics_dir),
        }

        mark_dead = partial(mark_process_dead, metrics_dir=metrics_dir)

        def make_child(
            name: str,
            *command: str,
            grace_period_s: float,
            on_end: Callable[[int], None] = mark_dead,
            restart_delay_s: float | None = None,
        ) -> Child:
            return Child(
                name=name,
                command=ninefold_command(*command),
                environment=environment,
                grace_period_s=grace_period_s,
                on_end=on_end,
                restart_delay_s=restart_delay_s,
            )

        def make_keeper(process: SystemProcess[Any]) -> ProcessKeeper:
            address = ProcessFolder.of(settings.data_dir).address(process.name)
            child = make_child(
                process.name,
                "process",
                process.name,
                grace_period_s=process.grace_period_s,
                on_end=lambda _: address.remove_sockets(),
                restart_delay_s=PROCESS_RESTART_DELAY_S,
            )
            return ProcessKeeper(process, child, address)

        server = make_child("server", "serve", grace_period_s=SERVER_GRACE_PERIOD_S)
        worker_grace_period_s = STOP_GRACE_PERIOD_S + KILL_MARGIN_S
        numbers = range(1, settings.workers + 1)
        workers = [make_child(f"worker {n}", "worker", grace_period_s=worker_grace_period_s) for n in numbers]
        return server, workers, [make_keeper(process) for process, _ in system_processes(os.environ)]

    async def _announce_when_ready(self, server: Child) -> None:
        url = server_url(self._settings)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not await is_ready(url):
                    if server.has_died.is_set():
                        raise ChildFailedError(
                            f"The server exited with code {server.exit_code} while it was starting.",
                            remedy="See its message above, or run `ninefold doctor` to check this machine.",
                        )
                    await asyncio.sleep(READY_POLL_INTERVAL_S)
        except TimeoutError as error:
            raise ChildFailedError(
                f"The server wasn't ready within {READY_WITHIN_S:.0f} s.",
                remedy="See the log above, or run `ninefold doctor` to check this machine.",
            ) from error
        announce_ready(
            url=url,
            data_dir=self._settings.data_dir,
            workers=self._settings.workers,
            banners=banners(system_processes(os.environ)),
        )

    async def _keep_postgres_running(self, postgres: EmbeddedPostgres) -> None:
        """Restart PostgreSQL when it dies, at the same address, so that the connection pools reconnect."""
        dsn = postgres.dsn()
        delay_s, started_at = POSTGRES_RESTART_DELAY_S_MIN, time.monotonic()
        while True:
            await asyncio.sleep(POSTGRES_POLL_INTERVAL_S)
            if postgres.is_running:
                continue
            log.error("supervisor.postgres.died", last_lines=postgres.last_log_lines())
            if time.monotonic() - started_at > POSTGRES_STABLE_AFTER_S:
                delay_s = POSTGRES_RESTART_DELAY_S_MIN
            delay_s = await self._restart_postgres(postgres, dsn=dsn, delay_s=delay_s)
            started_at = time.monotonic()
            log.warning("supervisor.postgres.restarted")

    async def _restart_postgres(self, postgres: EmbeddedPostgres, *, dsn: str, delay_s: float) -> float:
        """Try to start PostgreSQL until it runs, with growing delays; return the next delay in seconds."""
        while True:
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, POSTGRES_RESTART_DELAY_S_MAX)
            try:
                restarted = await asyncio.to_thread(postgres.start)
            except NinefoldError as error:
                # Its disk is full, for example. Everything continues as soon as the operator has freed space.
                log.error("supervisor.postgres.start_failed", error=str(error), retry_in_s=delay_s)  # noqa: TRY400
                continue
            if restarted != dsn:
                raise PostgresFailedError(
                    "The embedded PostgreSQL restarted at a different address.",
                    remedy="Run `ninefold up` again. Everything that was accepted is safe on disk.",
                )
            return delay_s


async def _start_first(database: Database) -> tuple[CreatedCredential, CreatedLink] | None:
    """Create the first organisation, with an API key and a set-up link; None if there was an organisation already."""
    async with database.transaction() as connection:
        key = await ensure_first_organisation(connection)
        if key is None:
            return None
        return key, await create_setup_link(connection, organisation_id=key.organisation_id)
