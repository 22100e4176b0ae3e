"""Stores callbacks: those that arrive while a transaction is committed share the next one.

So a single callback is committed at once, and under load a commit is shared by many.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from prometheus_client import Histogram

from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.shared_commits import SharedCommits, SharingLimits
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.callbacks.errors import InboxFullError
from ninefold.systems.callbacks.model import RECEIVED_CHANNEL, NewCallback
from ninefold.systems.callbacks.service.changes import append_changes, is_watched
from ninefold.systems.callbacks.store.callbacks import callback_insert_many

BATCH_MAX: Final = 500
BATCH_BYTES_MAX: Final = 16 * 1024 * 1024
"""The bodies of the callbacks in one transaction; the first one may exceed it."""

WAITING_MAX: Final = 10_000
"""Callbacks that wait for a commit. More come only if the database is slow, and then their senders should wait."""

COMMITS_MAX: Final = 2
"""Transactions at the same time: while PostgreSQL flushes one to the disk, the next one can be sent."""

BATCH_INTERVAL_S: Final = 0.002
"""The shortest time from one batch to the next. Under load it makes batches larger, and each callback cheaper."""

LOOK_INTERVAL_S: Final = 1.0
"""How often it looks whether somebody watches. Feeds miss what is received before; they show what becomes of it."""

_BATCH_SIZE: Final = Histogram(
    "ninefold_callbacks_commit_size",
    "Callbacks that shared a commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)


class Inbox:
    """Stores callbacks in batches.

    Args:
        database: where they are stored.
        notifier: wakes the workers.
    """

    def __init__(self, database: Database, notifier: Notifier) -> None:
        self._database = database
        self._notifier = notifier
        self._commits: SharedCommits[NewCallback, int | None] = SharedCommits(
            self._store_batch,
            SharingLimits(
                items_max=BATCH_MAX, bytes_max=BATCH_BYTES_MAX, commits_max=COMMITS_MAX, interval_s=BATCH_INTERVAL_S
            ),
            size_of=lambda callback: len(callback.body),
        )
        self._was_watched = False
        self._looked_at_s = -LOOK_INTERVAL_S

    async def store(self, callback: NewCallback) -> int | None:
        """Store a callback; return after the commit, with the current version of its source.

        Returns:
            None if the source is deleted; the callback isn't stored then.

        Raises:
            InboxFullError: too many wait; it isn't stored.
            DatabaseUnavailableError: whether it was stored isn't known.
        """
        if self._commits.waiting >= WAITING_MAX:
            raise InboxFullError(
                "Too many callbacks wait for the database.",
                remedy="Send the same request again after the time in Retry-After.",
            )
        return await self._commits.store(callback)

    async def _store_batch(self, callbacks: Sequence[NewCallback]) -> list[int | None]:
        versions = await self._insert(callbacks)
        self._notifier.notify(RECEIVED_CHANNEL)
        _BATCH_SIZE.observe(len(callbacks))
        return [versions.get(callback.callback_id) for callback in callbacks]

    async def _insert(self, callbacks: Sequence[NewCallback]) -> dict[UUID, int]:
        if not await self._is_watched():
            async with self._database.connection() as connection:
                return await callback_insert_many(connection, callbacks=callbacks)
        async with self._database.transaction() as connection:
            versions = await callback_insert_many(connection, callbacks=callbacks)
            channels = await append_changes(connection, callback_ids=versions)
        if channels:
            self._notifier.notify(LIVE_CHANNEL, *sorted(channels))
        return versions

    async def _is_watched(self) -> bool:
        """Return whether somebody has watched callbacks lately: if not, one statement stores a batch."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_at_s >= LOOK_INTERVAL_S:
            self._looked_at_s = now_s
            async with self._database.connection() as connection:
                self._was_watched = await is_watched(connection)
        return self._was_watched
