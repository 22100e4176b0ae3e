"""The server's task that gives organisations their shares, and then notes that runners can reach a server."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.workflows.model.shares import SetShare
from ninefold.systems.workflows.service.fleet.shares import apply_shares
from ninefold.systems.workflows.service.fleet.working import silence_of
from ninefold.systems.workflows.store import leases

NOTES_PER_LEASE: Final = 6

log = structlog.get_logger(__name__)


class ReachabilityNoter:
    """Notes every few seconds that this server is there. While none is, no job counts as lost."""

    name = "workflows.reachability"

    def __init__(self, database: Database, *, lease: timedelta, shares: Mapping[UUID, SetShare]) -> None:
        self._database = database
        self._lease = lease
        self._shares: Mapping[UUID, SetShare] | None = shares

    async def run(self, stopping: asyncio.Event) -> None:
        """Note it until `stopping` is set."""
        while not stopping.is_set():
            try:
                async with self._database.transaction() as connection:
                    if self._shares is not None:
                        await apply_shares(connection, self._shares)
                    await leases.reachability_note(connection, silence=silence_of(self._lease))
                self._shares = None
            except DatabaseUnavailableError as error:
                log.warning("workflows.reachability.unnoted", error=str(error))
            await wait_for_any(stopping, timeout_s=self._lease.total_seconds() / NOTES_PER_LEASE)
