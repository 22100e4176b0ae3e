"""The tasks of a worker for video: who reads sources, and who encodes."""

import asyncio
import os
from collections.abc import Sequence
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.worker_share import WorkerShare
from ninefold.core.system import WorkerContext, WorkerTask
from ninefold.systems.video.jobs.encoding import Encoder
from ninefold.systems.video.jobs.files import remove_abandoned_folders
from ninefold.systems.video.jobs.picturing import PictureMaker
from ninefold.systems.video.jobs.scoring import Scorer
from ninefold.systems.video.jobs.splitting import Splitter
from ninefold.systems.video.jobs.task_runner import TaskRunner
from ninefold.systems.video.model.transcoding import Task, TaskKind
from ninefold.systems.video.service import metrics
from ninefold.systems.video.service.sources import SourceSignals
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.tasks import task_count_waiting, task_release


def transcoding_tasks(context: WorkerContext[VideoSettings]) -> Sequence[WorkerTask]:
    """Return what a worker does for titles; what a killed one has left is removed first."""
    remove_abandoned_folders()
    share = WorkerShare(context.database, context.lease.worker_id)
    splitter = Splitter(context, SourceSignals(context.notifier))
    encoder = Encoder(context)

    maker = PictureMaker(context)
    scorer = Scorer(context)
    performers = {
        TaskKind.ENCODE: encoder.encode,
        TaskKind.PICTURES: maker.make,
        TaskKind.SCORE: scorer.score,
    }

    async def perform(task: Task) -> None:
        await performers[task.kind](task)

    def encoders() -> int:
        return context.settings.encoders or max(1, (os.cpu_count() or 1) // share.count)

    def splitters() -> int:
        return context.settings.splitters

    return [
        ShareTask(share),
        TaskRunner(context, name="video.split", kinds=[TaskKind.SPLIT], slots=splitters, perform=splitter.split),
        TaskRunner(context, name="video.encode", kinds=list(performers), slots=encoders, perform=perform),
        BacklogCounter("video.backlog", context.database, [(metrics.TASKS_WAITING, task_count_waiting)]),
    ]


class ShareTask:
    """Follows how many workers share the machine's cores."""

    name = "video.share"

    def __init__(self, share: WorkerShare) -> None:
        self._share = share

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow them until `stopping` is set."""
        await self._share.run(stopping)


async def release_leases(connection: Connection, worker_ids: Sequence[UUID]) -> None:
    """Queue the tasks of dead workers again."""
    await task_release(connection, worker_ids=worker_ids)
