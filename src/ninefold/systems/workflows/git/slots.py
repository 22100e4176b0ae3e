"""How many requests of git a server handles at once: of all organisations, and of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from ninefold.systems.workflows.errors import GitBusyError

WAIT_S: Final = 30.0
"""How long a request waits for a slot."""


class GitSlots:
    """The requests that git works on.

    Args:
        requests_max: of all organisations.
        organisation_requests_max: of one.
    """

    def __init__(self, *, requests_max: int, organisation_requests_max: int) -> None:
        self._all = asyncio.Semaphore(requests_max)
        self._organisation_requests_max = organisation_requests_max
        self._by_organisation: dict[UUID, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def slot(self, organisation_id: UUID) -> AsyncIterator[None]:
        """Take a slot during the block.

        Raises:
            GitBusyError: there was none for `WAIT_S`.
        """
        own = self._enter(organisation_id)
        try:
            # Its own limit first, so that those who wait for it take no slot of others.
            async with _taken(own), _taken(self._all):
                yield
        finally:
            self._leave(organisation_id)

    def _enter(self, organisation_id: UUID) -> asyncio.Semaphore:
        new = asyncio.Semaphore(self._organisation_requests_max), 0
        semaphore, users = self._by_organisation.get(organisation_id, new)
        self._by_organisation[organisation_id] = semaphore, users + 1
        return semaphore

    def _leave(self, organisation_id: UUID) -> None:
        semaphore, users = self._by_organisation.pop(organisation_id)
        if users > 1:
            self._by_organisation[organisation_id] = semaphore, users - 1


@asynccontextmanager
async def _taken(semaphore: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_S):
            await semaphore.acquire()
    except TimeoutError as error:
        raise GitBusyError(
            "This server handles as many requests of git as it can.", remedy="Try again in a minute."
        ) from error
    try:
        yield
    finally:
        semaphore.release()
