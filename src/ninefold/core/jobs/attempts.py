"""Runs one attempt of a job: calls the handler with a time limit, and returns the outcome. It uses no database."""

import asyncio
import random
import time
from typing import Any, Final

import msgspec
import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.jobs.backoff import next_delay_s
from ninefold.core.jobs.errors import JobCanceledError, JobFailedError, JobInterruptedError, JobPausedError
from ninefold.core.jobs.handlers import BoundHandler, JobRun
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, ClaimedJob, Progress
from ninefold.core.jobs.sanitizing import sanitize_text

RESULT_BYTES_MAX: Final = 64 * 1024
ERROR_LENGTH_MAX: Final = 2_000

log = structlog.get_logger(__name__)


class _AttemptFailedError(Exception):
    """An attempt failed; the message becomes the job's `error`."""

    def __init__(self, error: Exception | str, *, is_final: bool = False) -> None:
        super().__init__(error)
        self.error = error if isinstance(error, str) else _describe(error)
        self.is_final = is_final


async def run_attempt(job: ClaimedJob, handler: BoundHandler, run: JobRun[Any]) -> AttemptOutcome:
    """Run the handler and return the outcome. It never raises, whatever the handler does."""
    began_at_s = time.perf_counter()
    result: msgspec.Raw | None = None
    error: str | None = None
    delay_s: float | None = None
    try:
        result = await _run(handler, run)
        ending = AttemptEnding.SUCCEEDED
    except asyncio.CancelledError:
        ending = AttemptEnding.RETURNED
    except _AttemptFailedError as failure:
        ending, error = AttemptEnding.FAILED, failure.error
        if not failure.is_final and job.attempt_count < job.attempts_max:
            ending, delay_s = AttemptEnding.RETRYING, _delay_s(job, handler)
    return AttemptOutcome(
        job=job,
        ending=ending,
        duration_s=time.perf_counter() - began_at_s,
        progress=run.progress,
        retry_delay_s=delay_s,
        result=result,
        error=error,
    )


def reject_payload(job: ClaimedJob, error: msgspec.DecodeError) -> AttemptOutcome:
    """Return a failed outcome for a payload that doesn't match its kind; another version of the code enqueued it."""
    return AttemptOutcome(
        job=job,
        ending=AttemptEnding.FAILED,
        duration_s=0.0,
        progress=Progress(),
        error=f"The payload doesn't match this version of the code: {error}",
    )


async def _run(handler: BoundHandler, run: JobRun[Any]) -> msgspec.Raw | None:
    """Run the handler with its time limit; return its result as JSON.

    Raises:
        _AttemptFailedError: the attempt failed.
        asyncio.CancelledError: the attempt was stopped from outside.
    """
    timeout_s = handler.kind.timeout_s
    try:
        async with asyncio.timeout(timeout_s) as timeout:
            result = await handler.run(run)
        return _encode_result(result)
    except (JobCanceledError, JobPausedError, JobInterruptedError, asyncio.CancelledError) as error:
        if run.should_end:
            raise asyncio.CancelledError from error
        raise _AttemptFailedError(
            f"The handler raised {type(error).__name__}, but the job wasn't asked to stop."
        ) from error
    except JobFailedError as error:
        raise _AttemptFailedError(error, is_final=True) from error
    except (NinefoldError, TimeoutError) as error:
        if isinstance(error, TimeoutError) and timeout.expired():
            raise _AttemptFailedError(f"The attempt took longer than {timeout_s:g} s.") from error
        raise _AttemptFailedError(error) from error
    except Exception as error:
        # A bug in the handler: it is logged, and the attempt fails.
        log.exception("jobs.handler.crashed")
        raise _AttemptFailedError(error) from error


def _encode_result(result: object) -> msgspec.Raw | None:
    if result is None:
        return None
    encoded = msgspec.json.encode(result)
    if len(encoded) > RESULT_BYTES_MAX:
        raise ValueError(f"A job's result has {len(encoded):,} bytes; at most {RESULT_BYTES_MAX:,} are allowed.")
    return msgspec.Raw(encoded)


def _delay_s(job: ClaimedJob, handler: BoundHandler) -> float:
    return next_delay_s(
        handler.kind.backoff,
        attempts_failed=job.attempt_count,
        random_unit=random.random(),  # noqa: S311 - it spreads load; it isn't used for security.
    )


def _describe(error: Exception) -> str:
    text = str(error) if isinstance(error, NinefoldError) else f"{type(error).__name__}: {error}"
    return sanitize_text(text)[:ERROR_LENGTH_MAX]
