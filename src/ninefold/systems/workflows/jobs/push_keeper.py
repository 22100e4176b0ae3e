"""The worker's task: finish pushes that a server has begun and not recorded, because it was killed.

Whether one still goes on is no guess: the server and git hold the lock of the repository's folder as long as they run.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.workflows.errors import GitBusyError, GitFailedError
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders, read_refs
from ninefold.systems.workflows.service.hosting.locks import push_lock
from ninefold.systems.workflows.service.pushes import PUSHES_CHANNEL, record_refs
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.pushes import push_list_unfinished

POLL_S: Final = 1.0
YOUNG_S: Final = 1.0
"""How old a push must be to be looked at: most have ended by then."""

REPOSITORIES_MAX: Final = 100
"""That are looked at in one go."""

log = structlog.get_logger(__name__)


class PushKeeper:
    """Finishes pushes until the worker stops."""

    name = "workflows.pushes"

    def __init__(self, context: WorkerContext[WorkflowsSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._clock = context.clock
        self._folders = RepositoryFolders(context.settings.repositories_folder)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look for such pushes until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._finish_all()
            except (DatabaseUnavailableError, GitFailedError) as error:
                log.warning("workflows.pushes.not_finished", error=str(error))
            await wait_for_any(stopping, timeout_s=POLL_S)

    async def _finish_all(self) -> None:
        before = self._clock.now() - timedelta(seconds=YOUNG_S)
        async with self._database.connection() as connection:
            found = await push_list_unfinished(connection, before=before, limit=REPOSITORIES_MAX)
        for repository_id in found:
            await self._finish(repository_id)

    async def _finish(self, repository_id: UUID) -> None:
        folder = self._folders.path(repository_id)
        if not folder.is_dir():
            # It is on another machine, or was removed.
            return
        try:
            async with push_lock(folder, wait_s=0):
                refs = await read_refs(folder)
                async with self._database.transaction() as connection:
                    push = await record_refs(connection, repository_id, refs=refs, at=self._clock.now())
        except GitBusyError:
            return
        if push is not None:
            log.info("workflows.push.finished", repository_id=str(repository_id), updates=len(push.updates or ()))
            self._notifier.notify(PUSHES_CHANNEL)
