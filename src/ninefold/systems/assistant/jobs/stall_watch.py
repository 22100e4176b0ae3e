"""Says in a response's log that no token has come for a while."""

import asyncio
from types import TracebackType
from typing import Self

from ninefold.systems.assistant.jobs.open_log import OpenLog
from ninefold.systems.assistant.rules.events import Awaited, stalled_event


class StallWatch:
    """Watches the time between tokens, inside a `with` block.

    Args:
        open_log: the log that gets an event, once for each pause.
        after_s: how long a pause must be.
    """

    def __init__(self, open_log: OpenLog, *, after_s: float) -> None:
        self._log = open_log
        self._after_s = after_s
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._timer = self._loop.call_later(self._after_s, self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_piece(self) -> None:
        """Begin a new pause."""
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._after_s, self._look)

    def _look(self) -> None:
        waited_s = self._loop.time() - self._since
        if waited_s < self._after_s:
            # A timer for each token would cost more than looking again.
            self._timer = self._loop.call_later(self._after_s - waited_s, self._look)
            return
        self._timer = None
        awaited: Awaited = "next_token" if self._log.transcript.has_item else "first_token"
        self._log.add_event(stalled_event(awaited, waited_s=waited_s))
