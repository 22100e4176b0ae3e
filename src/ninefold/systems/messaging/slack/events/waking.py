"""Wakes the connections of apps that have something to send."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import APP_EVENTS_CHANNEL, APP_PREFIX


class AppWaker:
    """Knows the connections of this process, by app.

    Args:
        notifier: tells of what was recorded for apps, in all processes.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._waiting: Final[dict[str, set[asyncio.Event]]] = {}
        notifier.listen(APP_EVENTS_CHANNEL, self._wake)

    @contextmanager
    def waking(self, app_id: UUID) -> Iterator[asyncio.Event]:
        """Return an event that is set, while the block runs, when there is something to send to an app."""
        name, event = format_id(APP_PREFIX, app_id), asyncio.Event()
        self._waiting.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[name].discard(event)
            if not self._waiting[name]:
                del self._waiting[name]

    def _wake(self, names: Sequence[str] | None) -> None:
        for name in self._waiting if names is None else names:
            for event in self._waiting.get(name, ()):
                event.set()
