"""The log of a response that this worker generates, with what isn't committed yet."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.jobs.sanitizing import sanitize_text
from ninefold.systems.assistant.model import NewEvent, Response
from ninefold.systems.assistant.rules.events import Transcript
from ninefold.systems.assistant.store.responses import Append


class LogLostError(Exception):
    """Another worker, or a request that cancelled the response, has its log now."""


class OpenLog:
    """A log to append to.

    Args:
        response: as it was claimed.
        transcript: what its log says.
        sequence: the number of its last event.
        schedule: has the log written; called with whether that is urgent.
    """

    def __init__(
        self,
        response: Response,
        transcript: Transcript,
        *,
        sequence: int,
        schedule: Callable[["OpenLog", bool], None],
    ) -> None:
        self.response: Final = response
        self.transcript: Final = transcript
        self.sequence = sequence
        """The number of the last event that is committed."""
        self.output_tokens = response.usage.output_tokens
        self.attempt_count = response.attempt_count
        self._schedule = schedule
        self._waiting: list[str | NewEvent] = []
        self._append: Append | None = None
        """What is being written, or may have been written."""
        self._is_lost = False
        self._is_settled = asyncio.Event()

    @property
    def response_id(self) -> UUID:
        """The response."""
        return self.response.response_id

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be appended any more."""
        return self._is_lost

    def add_text(self, text: str, *, tokens: int) -> None:
        """Append text. The first one is written at once, and what follows together with others."""
        is_first = not self.transcript.has_item
        self.output_tokens += tokens
        if text:
            self._waiting.append(sanitize_text(text))
            self._schedule(self, is_first)

    def add_event(self, event: NewEvent) -> None:
        """Append an event at once."""
        self._waiting.append(event)
        self._schedule(self, True)  # noqa: FBT003 - the only argument of a callback.

    def prepare(self) -> Append | None:
        """Return what to write now: what waits or, after a failure, the same as before; None if there is nothing."""
        if self._append is None and self._waiting and not self._is_lost:
            self._append = Append(
                response_id=self.response_id,
                expected_sequence=self.sequence,
                events=self._take_waiting(),
                output_tokens=self.output_tokens,
                attempt_count=self.attempt_count,
            )
        return self._append

    def confirm(self) -> None:
        """Say that what was prepared is committed."""
        assert self._append is not None, "something was prepared"
        self.sequence += len(self._append.events)
        self._append = None
        if self._waiting:
            # It came while this was written again after a failure, which has used up its turn.
            self._schedule(self, False)  # noqa: FBT003 - the only argument of a callback.
        else:
            self._is_settled.set()

    def lose(self) -> None:
        """Say that the log is no longer this worker's."""
        self._is_lost = True
        self._append = None
        self._is_settled.set()

    async def settle(self) -> None:
        """Wait until everything is committed.

        Raises:
            LogLostError: the log is no longer this worker's.
        """
        while not self._is_lost and (self._waiting or self._append is not None):
            self._is_settled.clear()
            self._schedule(self, True)  # noqa: FBT003 - the only argument of a callback.
            await self._is_settled.wait()
        if self._is_lost:
            raise LogLostError

    def _take_waiting(self) -> list[NewEvent]:
        """Return what waits as events; texts that follow each other become one."""
        events: list[NewEvent] = []
        texts: list[str] = []
        for item in [*self._waiting, None]:
            if isinstance(item, str):
                texts.append(item)
                continue
            if texts:
                events += self.transcript.add(self.response, "".join(texts))
                texts = []
            if item is not None:
                events.append(item)
        self._waiting.clear()
        return events
