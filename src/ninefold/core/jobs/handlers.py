"""What a system brings for its jobs, a handler for each kind; and what a handler is given, one run of a job."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.jobs.errors import JobCanceledError, JobInterruptedError
from ninefold.core.jobs.model import ClaimedJob, JobKind, PayloadT, Progress
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.texts import storable
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError

REPORT_INTERVAL_S: Final = 1.0
"""Between two writes of a job's progress, however often its handler reports."""

CURSOR_BYTES_MAX: Final = 64 * 1024
COUNT_MAX: Final = 2**63 - 1
NOTE_LENGTH_MAX: Final = 500

ContextT = TypeVar("ContextT")
CursorT = TypeVar("CursorT")


class JobRun(Generic[PayloadT]):
    """One attempt of a job, as its handler sees it.

    The same job may be run again: after a failure, and after a worker's death even if its work was done already and
    only the record of it is missing. `job_id` is the same each time.

    Args:
        job: what was claimed.
        payload: decoded.
        queue: where progress is written.
    """

    def __init__(self, job: ClaimedJob, payload: PayloadT, queue: JobQueue) -> None:
        self.job_id: Final = job.job_id
        self.organisation_id: Final[UUID | None] = job.organisation_id
        self.attempt: Final = job.attempt_count
        """Which attempt this is; 1 is the first."""
        self.payload: Final = payload
        self.progress = Progress()
        """What was reported last and may not be written yet."""
        self.is_cancel_requested = False
        self.is_interrupted = False
        """Whether the worker stops."""
        self._job = job
        self._queue = queue
        self._reported_at_s = 0.0

    def read_cursor(self, kind: type[CursorT]) -> CursorT | None:
        """Return what an earlier attempt saved last, decoded; None if there is nothing.

        Raises:
            msgspec.ValidationError: it is of another kind.
        """
        return None if self._job.cursor is None else msgspec.json.decode(self._job.cursor, type=kind)

    @property
    def should_end(self) -> bool:
        """Whether the job was canceled, or the worker stops."""
        return self.is_cancel_requested or self.is_interrupted

    def check(self) -> None:
        """Let a handler end between two steps when it should, rather than in one of them.

        Raises:
            JobCanceledError: somebody canceled the job.
            JobInterruptedError: the worker stops.
        """
        if self.is_cancel_requested:
            raise JobCanceledError("The job was canceled.")
        if self.is_interrupted:
            raise JobInterruptedError("The worker stops; another one goes on with the job.")

    async def report(self, done: int, *, total: int | None = None, note: str | None = None) -> None:
        """Say how far the job is. It is written at most once a second; then `check` follows.

        Raises:
            JobCanceledError, JobInterruptedError: as `check`.
            JobLostError: this worker was taken for dead.
            ValueError: a count isn't one.
        """
        self.progress = _progress(done, total, note)
        now_s = time.monotonic()
        if now_s - self._reported_at_s >= REPORT_INTERVAL_S:
            self._reported_at_s = now_s
            # Nobody's work fails because the news of it can't be written; the next report brings it.
            with suppress(DatabaseUnavailableError):
                self.is_cancel_requested |= await self._queue.report(self._job, self.progress)
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
        """Save where to go on from, in the handler's own transaction: with the work it speaks of, or not at all.

        A cursor is anything that msgspec writes as JSON, up to `CURSOR_BYTES_MAX`. Call `check` after the commit.

        Raises:
            JobLostError: this worker was taken for dead; let it pass, so that the transaction is rolled back.
            ValueError: the cursor is too large, or a count isn't one.
        """
        encoded = msgspec.json.encode(cursor)
        if len(encoded) > CURSOR_BYTES_MAX:
            raise ValueError(f"A cursor has {len(encoded):,} bytes; at most {CURSOR_BYTES_MAX:,} are allowed.")
        self.is_cancel_requested |= await self._queue.save(
            connection, self._job, progress=_progress(done, total, note), cursor=encoded.decode()
        )
        # What was reported before it is older.
        self.progress = Progress()


class JobHandler(msgspec.Struct, Generic[PayloadT, ContextT], frozen=True):
    """How jobs of a kind are done.

    `run` gets a `JobRun` and the context that its system's work in a worker gets. What it returns is the job's result,
    and must be writable as JSON; None is no result. Whatever it raises is a failed attempt, except what `check` raises.
    """

    kind: JobKind[PayloadT]
    run: Callable[[JobRun[PayloadT], ContextT], Awaitable[object]]

    def bind(self, context: ContextT) -> "BoundHandler":
        """Return the handler with what it may use."""

        async def run(job: JobRun[Any]) -> object:
            return await self.run(job, context)

        return BoundHandler(kind=self.kind, run=run)


class BoundHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler that has its context: what the runner calls."""

    kind: JobKind[Any]
    """Each handler's payload is of another type, which only the handler itself looks into."""
    run: Callable[[JobRun[Any]], Awaitable[object]]


def _progress(done: int | None, total: int | None, note: str | None) -> Progress:
    for count in (done, total):
        if count is not None and not 0 <= count <= COUNT_MAX:
            raise ValueError(f"A job's progress counts from 0 to {COUNT_MAX}, and not {count}.")
    return Progress(done=done, total=total, note=None if note is None else storable(note)[:NOTE_LENGTH_MAX])
