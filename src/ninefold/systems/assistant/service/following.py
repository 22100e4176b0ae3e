"""Follows the logs of responses while they grow: one query per process for all of them, as `core/live` does for feeds.

This is for protocols that stream a response themselves. Events are shown only after they were committed. Most come with
the notification of their commit; the log is read for those that don't follow what a follower has.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.assistant.model import LOG_CHANNEL, LogEvent
from ninefold.systems.assistant.rules.events import ENDS
from ninefold.systems.assistant.service.log_messages import parse_grown
from ninefold.systems.assistant.store.events import event_list

EVENTS_PER_READ: Final = 256
POLL_S: Final = 1.0
"""How often to read without a notification, because one can get lost."""

RETRY_DELAY_S: Final = 0.5
LOGS_PER_READ: Final = 256

log = structlog.get_logger(__name__)


class _Follower:
    """Somebody who follows a log."""

    def __init__(self, response_id: UUID, after: int) -> None:
        self.response_id: Final = response_id
        self.after = after
        """The last event that was read for it."""
        self.events: asyncio.Queue[Sequence[LogEvent]] = asyncio.Queue()

    def take(self, events: Sequence[LogEvent]) -> bool:
        """Take events if they are the next ones; return whether they are. Without a gap, nothing is lost or doubled."""
        if not events or events[0].sequence != self.after + 1:
            return False
        self.after = events[-1].sequence
        self.events.put_nowait(events)
        return True


class LogFollower:
    """The logs that this process follows.

    Args:
        database: where the logs are.
        notifier: tells which logs have grown.
    """

    def __init__(self, database: Database, notifier: Notifier) -> None:
        self._database: Final = database
        self._followers: dict[UUID, set[_Follower]] = {}
        self._changed: set[UUID] = set()
        self._has_changed: Final = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        notifier.listen(LOG_CHANNEL, self._on_change)

    async def follow(self, response_id: UUID, *, after: int = -1) -> AsyncGenerator[Sequence[LogEvent], None]:
        """Yield the events of a response that follow a number, as they are committed, until its last one.

        Several that are there together come together. Check first that the caller may read the response. If nothing
        happens, this waits; the caller ends it by closing the generator.

        Args:
            response_id: the response.
            after: the number of the last event that is known; -1 for none.
        """
        follower = _Follower(response_id, after)
        self._followers.setdefault(response_id, set()).add(follower)
        self._mark([response_id])
        self._start_reading()
        try:
            while True:
                events = await follower.events.get()
                yield events
                if events[-1].type in ENDS:
                    return
        finally:
            self._remove(follower)

    def _remove(self, follower: _Follower) -> None:
        followers = self._followers[follower.response_id]
        followers.discard(follower)
        if not followers:
            del self._followers[follower.response_id]
        if not self._followers and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _start_reading(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_changed())

    def _on_change(self, messages: Sequence[str] | None) -> None:
        if not self._followers:
            return
        if messages is None:
            self._mark(list(self._followers))
            return
        for message in messages:
            grown = parse_grown(message)
            followers = self._followers.get(grown.response_id, ())
            missing = [each for each in followers if not each.take(grown.events)]
            if missing:
                self._mark([grown.response_id])

    def _mark(self, response_ids: Sequence[UUID]) -> None:
        self._changed.update(response_ids)
        if self._changed:
            self._has_changed.set()

    async def _read_changed(self) -> None:
        """Read logs when they have grown, until this task is cancelled."""
        while True:
            try:
                async with asyncio.timeout(POLL_S):
                    await self._has_changed.wait()
            except TimeoutError:
                self._mark(list(self._followers))
            self._has_changed.clear()
            try:
                while self._changed:
                    await self._read([self._changed.pop() for _ in range(min(LOGS_PER_READ, len(self._changed)))])
            except DatabaseUnavailableError as error:
                log.info("assistant.log.unread", error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
                self._mark(list(self._followers))

    async def _read(self, response_ids: Sequence[UUID]) -> None:
        followers = [each for response_id in response_ids for each in self._followers.get(response_id, ())]
        # Most followers of a log have read equally far, and one that has just begun has read less.
        starts: dict[UUID, int] = {}
        for each in followers:
            starts[each.response_id] = min(each.after, starts.get(each.response_id, each.after))
        if not starts:
            return
        async with self._database.connection() as connection:
            found = await event_list(connection, cursors=list(starts.items()), limit=EVENTS_PER_READ)
        for each in followers:
            each.take([event for event in found.get(each.response_id, ()) if event.sequence > each.after])
        self._mark([response_id for response_id, events in found.items() if len(events) == EVENTS_PER_READ])
