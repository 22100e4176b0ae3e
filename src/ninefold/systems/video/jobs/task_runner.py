"""Claims tasks of some kinds, a few at a time, and does them until the worker stops.

The queue is `video.task`, and not that of durable jobs: what is done next depends on where in its title it is, and the
organisations take turns by what they have running.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.clock import Clock
from ninefold.core.errors import NinefoldError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.video.errors import NotVideoError
from ninefold.systems.video.media.errors import FfmpegError, FfmpegTimeoutError
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.transcoding import Task, TaskKind
from ninefold.systems.video.rules.reasons import reason_of
from ninefold.systems.video.service import metrics
from ninefold.systems.video.service.channels import SEGMENTS_GREW, TASKS_QUEUED, Changed
from ninefold.systems.video.service.sources import SourceEndedError
from ninefold.systems.video.service.titles import lock_title
from ninefold.systems.video.service.transcoding import fail_task
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.tasks import (
    task_claim,
    task_fail,
    task_list_held,
    task_release_unknown,
    task_retry,
)

POLL_S: Final = 1.0
"""Seconds between claims without a notification, since notifications can get lost."""

CHECK_S: Final = 1.0
"""Seconds between looks at which tasks were canceled."""

ATTEMPTS_MAX: Final = 3
RETRY_DELAYS_S: Final = (1.0, 10.0)
ERROR_LENGTH_MAX: Final = 1_000

log = structlog.get_logger(__name__)

Perform = Callable[[Task], Awaitable[None]]
"""Does a task, and writes down what came of it. It can be canceled at any moment, and is done again after a failure."""


class TaskRunner:
    """Does tasks of some kinds.

    Args:
        context: of the worker.
        name: what logs call it.
        kinds: which tasks it does.
        slots: returns how many it does at once.
        perform: does one.
    """

    def __init__(
        self,
        context: WorkerContext[VideoSettings],
        *,
        name: str,
        kinds: Collection[TaskKind],
        slots: Callable[[], int],
        perform: Perform,
    ) -> None:
        self.name: Final = name
        self._database: Final[Database] = context.database
        self._notifier: Final[Notifier] = context.notifier
        self._clock: Final[Clock] = context.clock
        self._kinds = kinds
        self._slots = slots
        self._perform = perform
        self._leased_ids = LeasedIds(context.database, context.lease, task_release_unknown)
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._notified = asyncio.Event()
        self._ended = asyncio.Event()
        """Set when a title may have ended."""
        context.notifier.listen(TASKS_QUEUED, lambda _: self._notified.set())
        context.notifier.listen(SEGMENTS_GREW, lambda _: self._ended.set())

    async def run(self, stopping: asyncio.Event) -> None:
        """Do tasks until `stopping` is set; those that are running then are given back."""
        watching = asyncio.create_task(self._end_canceled())
        try:
            await repeat_claim(self._claim, name=self.name, notified=self._notified, poll_s=POLL_S, stopping=stopping)
        finally:
            running = [watching, *self._running.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _claim(self) -> bool:
        if len(self._running) >= self._slots():
            return False
        async with self._leased_ids.claim() as connection:
            task = await task_claim(
                connection, worker_id=self._leased_ids.worker_id, kinds=self._kinds, at=self._clock.now()
            )
        self._leased_ids.add([] if task is None else [task.task_id])
        if task is None:
            return False
        running = asyncio.create_task(self._run_task(task))
        self._running[task.task_id] = running
        return True

    async def _run_task(self, task: Task) -> None:
        with structlog.contextvars.bound_contextvars(
            title_id=format_id(TITLE_PREFIX, task.title_id), task=task.kind, rung=task.rung, chunk=task.chunk_number
        ):
            try:
                await self._perform(task)
            except asyncio.CancelledError:
                self._leased_ids.give_back([task.task_id])
                raise
            except (FfmpegError, NinefoldError, OSError, SourceEndedError) as error:
                await self._record_failure(task, error)
            except Exception as error:
                # A bug mustn't keep the task for as long as this worker lives.
                log.exception("video.task.crashed")
                await self._record_failure(task, error)
            else:
                metrics.TASKS.labels(task.kind, "succeeded").inc()
                self._leased_ids.remove([task.task_id])
            finally:
                del self._running[task.task_id]
                self._notified.set()

    async def _record_failure(self, task: Task, error: Exception) -> None:
        text = str(error)[:ERROR_LENGTH_MAX] or type(error).__name__
        # That a title was canceled, or its upload given up, is no failure.
        if not isinstance(error, SourceEndedError):
            log.warning("video.task.failed", attempt=task.attempt_count, error=text)
            metrics.TASKS.labels(task.kind, "failed").inc()
        try:
            if isinstance(error, DatabaseUnavailableError):
                raise error
            async with self._database.transaction() as connection:
                changed = await self._write_failure(connection, task, error, text)
        except DatabaseUnavailableError:
            # The next claim releases it.
            self._leased_ids.give_back([task.task_id])
            return
        self._leased_ids.remove([task.task_id])
        changed.notify(self._notifier)

    async def _write_failure(self, connection: Connection, task: Task, error: Exception, text: str) -> Changed:
        title, now = await lock_title(connection, task.title_id), self._clock.now()
        if title is None and task.kind is not TaskKind.SCORE:
            # It has ended, and its tasks with it.
            return Changed()
        if task.attempt_count < ATTEMPTS_MAX and not isinstance(error, NotVideoError):
            delay_s = RETRY_DELAYS_S[min(task.attempt_count, len(RETRY_DELAYS_S)) - 1]
            await task_retry(connection, task, error=text, run_at=now + timedelta(seconds=delay_s))
            return Changed()
        if task.kind is TaskKind.SCORE or title is None:
            await task_fail(connection, task, error=text, at=now)
            return Changed()
        return await fail_task(connection, title, task, error=text, why=why_of(task, error), at=now)

    async def _end_canceled(self) -> None:
        """End what is running for titles that were canceled or have failed: the worker holds their tasks no more."""
        while True:
            await wait_for_any(self._ended, timeout_s=CHECK_S)
            self._ended.clear()
            if not self._running:
                continue
            running = dict(self._running)
            try:
                async with self._database.connection() as connection:
                    held = await task_list_held(connection, worker_id=self._leased_ids.worker_id)
            except DatabaseUnavailableError:
                continue
            for task_id in running.keys() - held:
                running[task_id].cancel()
            # Titles change many times a second.
            await asyncio.sleep(CHECK_S / 4)


def why_of(task: Task, error: Exception) -> str:
    """Return what people are told of a title that has failed because of a task: what happened, and what to do."""
    if isinstance(error, NinefoldError):
        return str(error)
    if isinstance(error, FfmpegTimeoutError):
        reason = "it took too long"
    else:
        reason = reason_of(error.said if isinstance(error, FfmpegError) else str(error))
    if task.kind is TaskKind.ENCODE:
        what = f"Part {task.chunk_number} can't be encoded as {task.rung}"
    elif task.kind is TaskKind.PICTURES:
        what = "The pictures for the seek bar can't be made"
    else:
        what = "The file can't be read to its end"
    return f"{what}: {reason}. Check that the file plays from beginning to end, then try again or upload it again."
