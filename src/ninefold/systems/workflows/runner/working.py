"""One job at a runner, from its claim to its end."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.execution.report import JobResult, LogLine, StepInfo
from ninefold.systems.workflows.runner.client import RunnerClient, RunnerRefusedError, RunnerUnknownError
from ninefold.systems.workflows.runner.executor import JobExecutor
from ninefold.systems.workflows.runner.folders import RunnerFolder
from ninefold.systems.workflows.runner.reporting import BufferedReport
from ninefold.systems.workflows.service.fleet.protocol import Assignment, ClaimedJob, Finish, Start

log = structlog.get_logger(__name__)


class WorkingJob:
    """Runs one job that was claimed.

    Args:
        job: the job.
        client: speaks with the server.
        executor: runs it.
        folder: where it has its folders.
        name: that of the runner.
    """

    def __init__(
        self, job: ClaimedJob, client: RunnerClient, executor: JobExecutor, folder: RunnerFolder, *, name: str
    ) -> None:
        self.job_id: Final = job.job_id
        self._lease_number = job.lease_number
        self._client = client
        self._executor = executor
        self._folder = folder
        self._name = name
        self._cancel = asyncio.Event()

    def cancel(self) -> None:
        """Have the job cancelled; its `always()` steps still run."""
        self._cancel.set()

    async def run(self) -> None:
        """Begin the job, run it to its end, and say how it ended."""
        try:
            assignment = await self._client.start(self.job_id, Start(lease_number=self._lease_number))
            if assignment is None:
                return
            log.info("workflows.job.started", job=self.job_id, lease_number=self._lease_number)
            await self._work(assignment)
        except StaleLeaseError as error:
            log.warning("workflows.job.lease_lost", job=self.job_id, error=str(error))
        except RunnerUnknownError:
            raise
        except RunnerRefusedError as error:
            # Another job can still be what the server takes.
            log.exception("workflows.job.broke", job=self.job_id)
            await self._give_up(error)
        finally:
            await asyncio.to_thread(self._folder.remove_job, self.job_id)

    async def _give_up(self, error: RunnerRefusedError) -> None:
        """End a job of which the server doesn't take what it says."""
        result = JobResult(conclusion="failure", outputs={}, steps=())
        try:
            await self._client.finish(self.job_id, Finish(lease_number=self._lease_number, result=result))
        except (StaleLeaseError, RunnerRefusedError):
            log.warning("workflows.job.lease_lost", job=self.job_id, error=str(error))

    async def _work(self, assignment: Assignment) -> None:
        report = BufferedReport(self._client, assignment, on_cancel=self._cancel.set)
        sending = asyncio.create_task(report.run())
        running = asyncio.create_task(self._execute(assignment, report))
        is_lost = asyncio.create_task(report.is_lost.wait())
        try:
            await asyncio.wait([running, sending, is_lost], return_when=asyncio.FIRST_COMPLETED)
            if report.is_lost.is_set():
                raise StaleLeaseError("Another runner may have the job by now; it is stopped here.")
            if sending.done():
                # It only ends by itself if the server refuses what it sends.
                await sending
            result = await running
            report.close()
            await sending
            if report.is_lost.is_set():
                raise StaleLeaseError("Another runner may have the job by now.")
            await self._client.finish(self.job_id, Finish(lease_number=self._lease_number, result=result))
            log.info("workflows.job.ended", job=self.job_id, conclusion=result.conclusion)
        finally:
            for task in (running, sending, is_lost):
                task.cancel()
            await asyncio.gather(running, sending, is_lost, return_exceptions=True)

    async def _execute(self, assignment: Assignment, report: BufferedReport) -> JobResult:
        try:
            order = self._folder.order_of(assignment, name=self._name, url=self._client.url)
            return await self._executor.run(assignment, order, report, self._cancel)
        except Exception as error:
            log.exception("workflows.job.broke", job=self.job_id)
            step = StepInfo(1, "__runner", "Run job")
            text = f"##[error]The runner failed: {type(error).__name__}: {error}"
            report.line(LogLine(step, datetime.now(UTC), text))
            return JobResult(conclusion="failure", outputs={}, steps=())
