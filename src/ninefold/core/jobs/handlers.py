"""Job handlers, which systems provide, and `JobRun`, which a handler gets for each attempt."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.jobs.errors import JobCanceledError, JobInterruptedError, JobPausedError
from ninefold.core.jobs.model import ClaimedJob, JobKind, PayloadT, Progress, StopRequest
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.sanitizing import sanitize_text
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError

REPORT_INTERVAL_S: Final = 1.0
"""The minimum interval between two writes of a job's progress."""

CURSOR_BYTES_MAX: Final = 64 * 1024
COUNT_MAX: Final = 2**63 - 1
NOTE_LENGTH_MAX: Final = 500

ContextT = TypeVar("ContextT")
CursorT = TypeVar("CursorT")


class JobRun(Generic[PayloadT]):
    """One attempt of a job, as its handler sees it.

    A job can run more than once: after a failure, and after a worker died. In that case its work may already be done,
    and only the outcome wasn't recorded. `job_id` is the same each time.

    Args:
        job: the claimed job.
        payload: its decoded payload.
        queue: writes the progress.
    """

    def __init__(self, job: ClaimedJob, payload: PayloadT, queue: JobQueue) -> None:
        self.job_id: Final = job.job_id
        self.organisation_id: Final[UUID | None] = job.organisation_id
        self.attempt: Final = job.attempt_count
        """The number of this attempt, from 1."""
        self.payload: Final = payload
        self.progress = Progress()
        """The last reported progress; it may not be written yet."""
        self.stop_request: StopRequest | None = None
        """Whether somebody has canceled or paused the job."""
        self.is_interrupted = False
        """Whether the worker is stopping."""
        self._job = job
        self._queue = queue
        self._reported_at_s = 0.0

    def read_cursor(self, kind: type[CursorT]) -> CursorT | None:
        """Return the cursor that an earlier attempt saved, decoded; None if there is none.

        Raises:
            msgspec.ValidationError: the cursor has another type.
        """
        return None if self._job.cursor is None else msgspec.json.decode(self._job.cursor, type=kind)

    @property
    def should_end(self) -> bool:
        """Whether the job was canceled or paused, or the worker is stopping."""
        return self.stop_request is not None or self.is_interrupted

    def check(self) -> None:
        """Raise if the job should stop. Call it between two steps, so that no step is interrupted.

        Raises:
            JobCanceledError: the job was canceled.
            JobPausedError: the job was paused.
            JobInterruptedError: the worker is stopping.
        """
        if self.stop_request is StopRequest.CANCEL:
            raise JobCanceledError("The job was canceled.")
        if self.stop_request is StopRequest.PAUSE:
            raise JobPausedError("The job was paused; it continues from its cursor when it is resumed.")
        if self.is_interrupted:
            raise JobInterruptedError("The worker is stopping; another one will continue the job.")

    async def report(self, done: int, *, total: int | None = None, note: str | None = None) -> None:
        """Report progress, which is written at most once a second; then call `check`.

        Raises:
            JobCanceledError, JobPausedError, JobInterruptedError: as `check`.
            JobLostError: this worker's lease expired.
            ValueError: a count is out of range.
        """
        self.progress = _progress(done, total, note)
        now_s = time.monotonic()
        if now_s - self._reported_at_s >= REPORT_INTERVAL_S:
            self._reported_at_s = now_s
            # A job must not fail because its progress can't be written. A later report writes it.
            with suppress(DatabaseUnavailableError):
                self.stop_request = await self._queue.report(self._job, self.progress)
        self.check()

    async def save(
        self,
        connection: Connection,
        *,
        cursor: object,
        done: int | None = None,
        total: int | None = None,
        note: str | None = None,
    ) -> None:
        """Save a cursor to continue from, in the handler's transaction, so that it commits together with the work.

        A cursor is anything that msgspec can encode as JSON, up to `CURSOR_BYTES_MAX`. Call `check` after the commit.

        Raises:
            JobLostError: this worker's lease expired; let the error pass, so that the transaction is rolled back.
            ValueError: the cursor is too large, or a count is out of range.
        """
        encoded = msgspec.json.encode(cursor)
        if len(encoded) > CURSOR_BYTES_MAX:
            raise ValueError(f"The job's cursor has {len(encoded):,} bytes; at most {CURSOR_BYTES_MAX:,} are allowed.")
        self.stop_request = await self._queue.save(
            connection, self._job, progress=_progress(done, total, note), cursor=encoded.decode()
        )
        # Progress that was reported before is now outdated.
        self.progress = Progress()


class JobHandler(msgspec.Struct, Generic[PayloadT, ContextT], frozen=True):
    """The function that runs the jobs of one kind.

    `run` gets a `JobRun` and its system's worker context. Its return value is the job's result, which must be
    encodable as JSON; None is no result. Any exception fails the attempt, except those that `check` raises.
    """

    kind: JobKind[PayloadT]
    run: Callable[[JobRun[PayloadT], ContextT], Awaitable[object]]

    def bind(self, context: ContextT) -> "BoundHandler":
        """Return the handler with its context."""

        async def run(job: JobRun[Any]) -> object:
            return await self.run(job, context)

        return BoundHandler(kind=self.kind, run=run)


class BoundHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler with its context, as the runner calls it."""

    kind: JobKind[Any]
    """The payload's type differs from handler to handler, and only the handler uses it."""
    run: Callable[[JobRun[Any]], Awaitable[object]]


def _progress(done: int | None, total: int | None, note: str | None) -> Progress:
    for count in (done, total):
        if count is not None and not 0 <= count <= COUNT_MAX:
            raise ValueError(f"A job's progress must be from 0 to {COUNT_MAX}, not {count}.")
    return Progress(done=done, total=total, note=None if note is None else sanitize_text(note)[:NOTE_LENGTH_MAX])
