"""Sends what a job says to the server, in batches, and renews the job's lease meanwhile.

The first line after a pause leaves at once; those that follow are combined. While the server is away, lines are kept in
a bounded buffer. When that is full, nothing more is read from the step's process, which then waits.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.execution.report import Annotation, LogLine, StepInfo, StepResult
from ninefold.systems.workflows.runner.client import RunnerClient
from ninefold.systems.workflows.service.fleet.protocol import (
    LINE_BYTES_MAX,
    AnnotationMade,
    Assignment,
    JobMessage,
    Line,
    Report,
    StepEnded,
    StepStarted,
    Summarised,
)

FLUSH_INTERVAL_S: Final = 0.05
"""How often lines are sent at most."""

BATCH_BYTES: Final = 64 * 1024
"""A batch of this size doesn't wait for the interval."""

BATCH_BYTES_MAX: Final = 512 * 1024
"""Of the text in a batch. JSON can make it six times as long."""

BATCH_LINES_MAX: Final = 10_000
BATCH_MESSAGES_MAX: Final = 1_000

BUFFER_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a job's lines that wait for the server."""

LINE_OVERHEAD_BYTES: Final = 100
"""What a line takes besides its text."""

RENEWALS_PER_LEASE: Final = 8
"""How often a lease is renewed while nothing is said, within its time."""

RENEWAL_S_MAX: Final = 3.0


class BufferedReport:
    """Takes what a job says, and sends it.

    Args:
        client: sends it.
        assignment: the job.
        on_cancel: called when somebody has asked for the job to be cancelled.
    """

    def __init__(self, client: RunnerClient, assignment: Assignment, *, on_cancel: Callable[[], None]) -> None:
        self._client = client
        self._assignment = assignment
        self._on_cancel = on_cancel
        self._renewal_s = min(RENEWAL_S_MAX, assignment.lease_s / RENEWALS_PER_LEASE)
        self._messages: list[JobMessage] = []
        self._lines: list[Line] = []
        self._size = 0
        self._batch = 0
        self._has_something = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closing = False
        self.is_lost: Final = asyncio.Event()
        """Set when the job isn't this runner's any more."""

    def step_started(self, step: StepInfo, at: datetime) -> None:
        """Take that a step has begun."""
        self._add(StepStarted(step=step, at=at))

    def step_ended(self, result: StepResult) -> None:
        """Take that a step has ended, or that it was skipped."""
        self._add(StepEnded(result=result))

    def line(self, line: LogLine) -> None:
        """Take a line of a log."""
        # One character too many, so that the server says that the rest was cut off.
        text = line.text[: LINE_BYTES_MAX + 1]
        self._lines.append(Line(line.step.number, line.at, text))
        self._size += len(text) + LINE_OVERHEAD_BYTES
        if self._size > BUFFER_BYTES_MAX:
            self._has_room.clear()
        self._has_something.set()

    def annotation(self, annotation: Annotation) -> None:
        """Take an annotation."""
        self._add(AnnotationMade(annotation=annotation))

    def summary(self, step: StepInfo, markdown: str) -> None:
        """Take what a step has written into its summary."""
        self._size += len(markdown)
        self._add(Summarised(step=step, markdown=markdown))

    async def flush(self) -> None:
        """Wait until more lines may come."""
        if not self._has_room.is_set():
            await self._has_room.wait()

    async def run(self) -> None:
        """Send what is said, until `close`; end at once if the job isn't this runner's any more."""
        try:
            while not (self._is_closing and self._is_empty):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._has_something.wait(), self._renewal_s)
                await self._send_batch()
                if self._size < BATCH_BYTES and not self._is_closing:
                    await asyncio.sleep(FLUSH_INTERVAL_S)
        except StaleLeaseError:
            self.is_lost.set()
            self._has_room.set()

    def close(self) -> None:
        """Have what is left sent; `run` returns then."""
        self._is_closing = True
        self._has_something.set()

    @property
    def _is_empty(self) -> bool:
        return not self._messages and not self._lines

    def _add(self, message: JobMessage) -> None:
        self._messages.append(message)
        self._has_something.set()

    async def _send_batch(self) -> None:
        self._batch += 1
        messages = _first_messages(self._messages)
        # A summary can fill a batch alone.
        count, size = (0, 0) if any(isinstance(each, Summarised) for each in messages) else _fitting(self._lines)
        lines = self._lines[:count]
        report = Report(lease_number=self._assignment.lease_number, batch=self._batch, messages=messages, lines=lines)
        answer = await self._client.report(self._assignment.job_id, report)
        del self._messages[: len(messages)]
        del self._lines[:count]
        self._size -= size + sum(len(each.markdown) for each in messages if isinstance(each, Summarised))
        if self._size <= BUFFER_BYTES_MAX // 2:
            self._has_room.set()
        if self._is_empty and not self._is_closing:
            self._has_something.clear()
        if answer.is_cancel_requested:
            self._on_cancel()


def _first_messages(messages: list[JobMessage]) -> list[JobMessage]:
    """Return the messages of a batch: those before a summary, or the summary alone."""
    for count, message in enumerate(messages[:BATCH_MESSAGES_MAX]):
        if isinstance(message, Summarised):
            return messages[: max(1, count)]
    return messages[:BATCH_MESSAGES_MAX]


def _fitting(lines: list[Line]) -> tuple[int, int]:
    """Return how many lines fit into a batch, at least one if there is any, and what they count for."""
    size = 0
    for count, line in enumerate(lines[:BATCH_LINES_MAX]):
        added = len(line.text) + LINE_OVERHEAD_BYTES
        if count and size + added > BATCH_BYTES_MAX:
            return count, size
        size += added
    return min(len(lines), BATCH_LINES_MAX), size
