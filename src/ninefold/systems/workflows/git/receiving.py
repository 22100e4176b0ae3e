"""Receives pushes. What git accepts is recorded before the client hears of it.

1. The lock of the repository's folder is taken, and what an earlier push has left is recorded.
2. The push is committed as `receiving`.
3. Git receives it, and moves refs. Its progress is passed on at once, its report is kept.
4. What the refs say now is committed, and workers are told.
5. The client gets the report.

A server that is killed after 2 leaves a row that says where to look; `jobs/push_keeper.py` finishes it.
"""

import asyncio
from pathlib import Path

from litestar.types import Receive, Send

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.workflows.errors import BranchRefusedError
from ninefold.systems.workflows.git.bodies import read_body
from ninefold.systems.workflows.git.exchange import Answer, Exchange
from ninefold.systems.workflows.git.packets import HeldReport, error_packet
from ninefold.systems.workflows.git.pushed_branches import check_branches
from ninefold.systems.workflows.git.requests import GitRequest
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders, read_refs
from ninefold.systems.workflows.service.hosting.locks import push_lock
from ninefold.systems.workflows.service.pushes import PUSHES_CHANNEL, begin_push, record_refs
from ninefold.systems.workflows.settings import WorkflowsSettings


class PushReceiver:
    """Receives pushes.

    Args:
        database: where they are recorded.
        notifier: tells workers about them.
        folders: where the repositories are.
        settings: the limits.
        clock: the time.
    """

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        folders: RepositoryFolders,
        settings: WorkflowsSettings,
        clock: Clock,
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._folders = folders
        self._settings = settings
        self._clock = clock

    async def receive(
        self,
        folder: Path,
        request: GitRequest,
        receive: Receive,
        send: Send,
        *,
        repository: Repository,
        pushed_by: str,
    ) -> None:
        """Receive a push, and answer it.

        Raises:
            ClientGoneError: the client has disconnected.
            GitBusyError: another push takes too long.
            GitFailedError: git fails before it has said anything.
            NinefoldError: the body is refused.
        """
        answer = Answer(send, request.answer_type)
        body = check_branches(
            read_body(receive, is_compressed=request.is_compressed, bytes_max=self._settings.push_bytes_max)
        )
        exchange = Exchange(folder, request, self._settings)
        held = HeldReport()
        async with push_lock(folder) as lock, exchange.limit():
            await self._begin(folder, repository, pushed_by)
            try:
                async for output in exchange.run(body, pass_fds=[lock]):
                    if shown := held.take(output):
                        await answer.write(shown)
            except BranchRefusedError as error:
                # Git shows what the answer says, but not what comes with the status of an error.
                await answer.end(error_packet(str(error)))
                return
            finally:
                # Also if the client is gone: git may have moved the refs before.
                await _finish(asyncio.create_task(self._record(folder, repository)))
        exchange.check(answer)
        await answer.end(held.rest())

    async def _begin(self, folder: Path, repository: Repository, pushed_by: str) -> None:
        refs = await read_refs(folder)
        async with self._database.transaction() as connection:
            await begin_push(connection, repository, refs=refs, pushed_by=pushed_by, at=self._clock.now())

    async def _record(self, folder: Path, repository: Repository) -> None:
        refs = await read_refs(folder)
        async with self._database.transaction() as connection:
            push = await record_refs(connection, repository.repository_id, refs=refs, at=self._clock.now())
        if push is not None:
            self._notifier.notify(PUSHES_CHANNEL)


async def _finish(recording: asyncio.Task[None]) -> None:
    """Wait for a task, also if the request is cancelled meanwhile: the lock must be held until it has ended."""
    try:
        await asyncio.shield(recording)
    except asyncio.CancelledError:
        await asyncio.wait([recording])
        raise
