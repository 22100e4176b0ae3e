"""The worker's task: start the workflows of pushes that were accepted, each update once.

The runs of a push and its new state are one transaction. The pushes of a repository are taken in their order.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.model.repositories import Push
from ninefold.systems.workflows.service.channels import Changed, merge, notify_changed
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.hosting.opening import open_files
from ninefold.systems.workflows.service.push_payloads import push_event, updates_that_trigger
from ninefold.systems.workflows.service.pushes import PUSHES_CHANNEL
from ninefold.systems.workflows.service.runs.triggers import start_runs
from ninefold.systems.workflows.service.secrets import job_variables
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import pushes as store
from ninefold.systems.workflows.store.repositories import repository_get

POLL_S: Final = 0.5
"""Seconds between claims without a notification, since notifications can get lost."""

RETRY_AFTER: Final = timedelta(seconds=5)
"""When a repository is tried again whose push can't start anything now."""

GIVE_UP_AFTER: Final = timedelta(hours=1)
"""How long a push is tried; then it starts nothing, so that it doesn't hold up those after it."""

log = structlog.get_logger(__name__)


class PushTriggers:
    """Starts workflows of pushes until the worker stops."""

    name = "workflows.push_triggers"

    def __init__(self, context: WorkerContext[WorkflowsSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._clock = context.clock
        self._server_url = context.settings.server_url
        self._folders = RepositoryFolders(context.settings.repositories_folder)
        self._notified = context.notifier.subscribe(PUSHES_CHANNEL)
        self._held_back: dict[UUID, datetime] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Start workflows until `stopping` is set."""
        await repeat_claim(self.claim, name=self.name, notified=self._notified, poll_s=POLL_S, stopping=stopping)

    async def claim(self) -> bool:
        """Take one push; return whether there was one."""
        now = self._clock.now()
        self._held_back = {each: until for each, until in self._held_back.items() if until > now}
        push: Push | None = None
        try:
            async with self._database.transaction() as connection:
                push = await store.push_claim(connection, held_back=list(self._held_back))
                if push is None:
                    return False
                changed = await self._start(connection, push, at=now)
                await store.push_trigger(connection, push_id=push.push_id, triggered_at=now)
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            if push is None:
                raise
            await self._postpone(push, error, at=now)
            return True
        notify_changed(self._notifier, changed)
        return True

    async def _start(self, connection: Connection, push: Push, *, at: datetime) -> Changed:
        repository = await repository_get(connection, repository_id=push.repository_id)
        if repository is None:
            # It was deleted meanwhile.
            return Changed()
        files = await open_files(connection, self._folders, repository)
        variables = await job_variables(
            connection, organisation_id=repository.organisation_id, repository_id=repository.repository_id
        )
        changes = []
        for update in updates_that_trigger(push):
            event = await push_event(repository, push, update, files, server_url=self._server_url)
            if event is not None:
                changes.append(await start_runs(connection, repository, event, files, at=at, variables=variables))
        return merge(changes)

    async def _postpone(self, push: Push, error: Exception, *, at: datetime) -> None:
        self._held_back[push.repository_id] = at + RETRY_AFTER
        if isinstance(error, NinefoldError):
            log.warning("workflows.push.postponed", push_id=str(push.push_id), error=str(error))
        else:
            log.error("workflows.push.postponed", push_id=str(push.push_id), exc_info=error)
        if push.accepted_at is not None and at - push.accepted_at > GIVE_UP_AFTER:
            log.error("workflows.push.given_up", push_id=str(push.push_id))
            async with self._database.transaction() as connection:
                await store.push_trigger(connection, push_id=push.push_id, triggered_at=at)
