"""What commands do after they have started a durable job: show its progress until it has ended."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from rich.console import Console
from rich.text import Text

from ninefold.core.commands.client import ApiClient, ApiResponse, NotNinefoldError
from ninefold.core.commands.options import ApiOptions
from ninefold.core.commands.output import as_plain, print_fields, print_json_text, print_note, state_text
from ninefold.core.errors import NinefoldError

ResultT = TypeVar("ResultT")

POLL_S: Final = 0.5
NOTE_INTERVAL_S: Final = 10.0
"""How often a line is printed if standard error isn't a terminal."""

_NULL: Final = "null"
_ENDED: Final = frozenset({"succeeded", "failed", "canceled"})


class JobEndedError(NinefoldError):
    """A job that a command waited for has failed, or was canceled."""

    code = "job_ended"
    title = "The job didn't succeed"


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a job that commands read."""

    job_id: str
    kind: str
    state: str
    waiting_reason: str | None
    progress_done: int | None
    progress_total: int | None
    progress_note: str | None
    error: str | None
    canceled_by: str | None
    created_at: datetime
    finished_at: datetime | None
    result: msgspec.Raw
    """Any JSON value; null if there is none."""


def follow_job(client: ApiClient, started: ApiResponse, *, api: ApiOptions, should_wait: bool) -> None:
    """Print the job that a response is about: at once, or when it has ended, with its progress until then.

    Raises:
        JobEndedError: it failed or was canceled.
        NotNinefoldError: a response isn't a job.
    """
    job = started.read(JobAnswer)
    if not should_wait:
        _print_job(started, job, api=api)
        return
    if not api.json:
        print_note(f"Started {job.job_id}. It continues if you press Ctrl-C.")
    answer = _wait(client, job)
    job = answer.read(JobAnswer)
    _print_job(answer, job, api=api)
    _require_success(job)


def await_job(client: ApiClient, started: ApiResponse, result: type[ResultT]) -> ResultT:
    """Wait for the job that a response is about, with its progress on standard error, and return its result.

    Raises:
        JobEndedError: it failed or was canceled.
        NotNinefoldError: a response isn't a job, or the job has another result.
    """
    job = _wait(client, started.read(JobAnswer)).read(JobAnswer)
    _require_success(job)
    try:
        return msgspec.json.decode(job.result, type=result)
    except msgspec.MsgspecError as error:
        raise NotNinefoldError(f"GET /api/v1/jobs/{job.job_id}", reason=f"another result: {error}") from error


def _require_success(job: JobAnswer) -> None:
    if job.state != "succeeded":
        raise JobEndedError(
            f"{job.job_id} is {job.state}{f': {job.error}' if job.error else ''}.".replace("..", "."),
            remedy=f"It continues where it stopped with POST /api/v1/jobs/{job.job_id}/retry.",
        )


def progress_text(job: JobAnswer) -> Text:
    """Return a job's state and progress in one line."""
    reason = "" if job.waiting_reason is None else f" ({job.waiting_reason})"
    line = state_text(f"{job.state}{reason}", like=job.state)
    if job.progress_done is not None:
        total = "" if job.progress_total is None else f" of {job.progress_total:,}"
        line.append(f"  {job.progress_done:,}{total}", style="not dim default")
    if job.progress_note:
        line.append(f"  {as_plain(job.progress_note)}", style="not dim default")
    return line


def _wait(client: ApiClient, job: JobAnswer) -> ApiResponse:
    """Show the progress until the job has ended; return the last response."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        return _poll(client, job, show=_Notes().show)
    with console.status(progress_text(job)) as status:
        return _poll(client, job, show=lambda current: status.update(progress_text(current)))


def _poll(client: ApiClient, job: JobAnswer, *, show: Callable[[JobAnswer], None]) -> ApiResponse:
    while True:
        answer = client.get(f"/api/v1/jobs/{job.job_id}")
        current = answer.read(JobAnswer)
        if current.state in _ENDED:
            return answer
        show(current)
        time.sleep(POLL_S)


class _Notes:
    """Prints the progress as lines, but not too many."""

    def __init__(self) -> None:
        self._next_at_s = time.monotonic() + NOTE_INTERVAL_S

    def show(self, job: JobAnswer) -> None:
        """Print a line if the last one is old enough."""
        if time.monotonic() >= self._next_at_s:
            self._next_at_s = time.monotonic() + NOTE_INTERVAL_S
            print_note(progress_text(job).plain)


def _print_job(answer: ApiResponse, job: JobAnswer, *, api: ApiOptions) -> None:
    if api.json:
        print_json_text(answer.content)
        return
    fields = {**msgspec.structs.asdict(job), "state": state_text(job.state), "result": bytes(job.result).decode()}
    print_fields({name: value for name, value in fields.items() if value not in (None, _NULL)})
