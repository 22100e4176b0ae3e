"""The server's part in the runner of `ninefold up`: lets it register by itself, and starts it for the first job."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.processes import ProcessAddress
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.workflows.runner.folders import write_secret
from ninefold.systems.workflows.service.channels import JOBS_QUEUED
from ninefold.systems.workflows.service.fleet.tokens import REGISTRATION_TOKEN, allow_registration
from ninefold.systems.workflows.store import turns

RETRY_S: Final = 1.0

log = structlog.get_logger(__name__)


class LocalRunnerStarter:
    """Starts the runner of this machine when a job is queued.

    Args:
        database: where runners are.
        notifier: says that jobs are queued.
        address: where the runner is asked to start.
        token_file: where it finds the token with which it registers.
    """

    name = "workflows.local_runner"

    def __init__(self, database: Database, notifier: Notifier, *, address: ProcessAddress, token_file: Path) -> None:
        self._database = database
        self._address = address
        self._token_file = token_file
        self._queued = asyncio.Event()
        """A job is queued, so the runner is needed."""
        self._unsure = asyncio.Event()
        """One may be queued: notifications may have been lost, as whenever the server begins to listen."""
        notifier.listen(JOBS_QUEUED, self._on_queued)

    async def run(self, stopping: asyncio.Event) -> None:
        """Start the runner when it is needed, until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._prepare()
                break
            except DatabaseUnavailableError as error:
                log.warning("workflows.local_runner.unprepared", error=str(error))
                await wait_for_any(stopping, timeout_s=RETRY_S)
        while not stopping.is_set():
            await wait_for_any(self._queued, self._unsure, stopping)
            if self._unsure.is_set():
                await self._look(stopping)
            if self._queued.is_set() and not stopping.is_set():
                self._queued.clear()
                self._address.request_start()

    async def _look(self, stopping: asyncio.Event) -> None:
        """Find out whether a job is queued."""
        self._unsure.clear()
        try:
            async with self._database.connection() as connection:
                is_queued = await turns.turn_has_others(connection, organisation_ids=[], only=None)
        except DatabaseUnavailableError as error:
            log.warning("workflows.local_runner.unsure", error=str(error))
            self._unsure.set()
            await wait_for_any(stopping, timeout_s=RETRY_S)
            return
        if is_queued:
            self._queued.set()

    async def _prepare(self) -> None:
        if self._token_file.exists():
            token = self._token_file.read_text().strip()
        else:
            token, _ = REGISTRATION_TOKEN.new_credential()
            write_secret(self._token_file, token.encode())
        async with self._database.transaction() as connection:
            await allow_registration(connection, token, organisation_id=None, lifetime=None)
            await turns.turn_activate_all(connection)
            if await turns.turn_has_others(connection, organisation_ids=[], only=None):
                self._queued.set()

    def _on_queued(self, organisation_ids: Sequence[str] | None) -> None:
        (self._unsure if organisation_ids is None else self._queued).set()
