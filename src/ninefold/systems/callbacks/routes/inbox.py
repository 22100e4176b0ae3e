"""Stores callbacks: those that arrive while a transaction is committed share the next one.

So a single callback is committed at once, and under load a commit is shared by many.
"""

import asyncio
from collections import deque
from contextvars import Context
from typing import Final
from uuid import UUID

import msgspec
from prometheus_client import Histogram

from ninefold.core.errors import NinefoldError
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.postgres.database import Database
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


class Waiter(msgspec.Struct):
    """A callback, and who waits for its commit."""

    callback: NewCallback
    stored: "asyncio.Future[int | None]"


class Inbox:
    """Stores callbacks in batches.

    Args:
        database: where they are stored.
        notifier: wakes the workers.
    """

    def __init__(self, database: Database, notifier: Notifier) -> None:
        self._database = database
        self._notifier = notifier
        self._waiting: deque[Waiter] = deque()
        self._commits: set[asyncio.Task[None]] = set()
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
        if len(self._waiting) >= WAITING_MAX:
            raise InboxFullError(
                "Too many callbacks wait for the database.",
                remedy="Send the same request again after the time in Retry-After.",
            )
        stored: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiter(callback, stored))
        if len(self._commits) < COMMITS_MAX:
            self._start()
        return await stored

    def _start(self) -> None:
        # Without the context of the request that happens to start it, such as its id in the log.
        task = asyncio.get_running_loop().create_task(self._store_all(), context=Context())
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)

    async def _store_all(self) -> None:
        loop = asyncio.get_running_loop()
        # Let the other requests that have arrived together with the first one join its batch.
        await asyncio.sleep(0)
        while batch := self._take_batch():
            next_at_s = loop.time() + BATCH_INTERVAL_S
            await self._store_batch(batch)
            if self._waiting:
                await asyncio.sleep(max(0.0, next_at_s - loop.time()))

    def _take_batch(self) -> list[Waiter]:
        batch: list[Waiter] = []
        body_bytes = 0
        while self._waiting and len(batch) < BATCH_MAX and body_bytes < BATCH_BYTES_MAX:
            waiter = self._waiting.popleft()
            # A request that has ended in the meantime, because its client has disconnected.
            if not waiter.stored.done():
                batch.append(waiter)
                body_bytes += len(waiter.callback.body)
        return batch

    async def _store_batch(self, batch: list[Waiter]) -> None:
        try:
            versions = await self._insert([waiter.callback for waiter in batch])
        except Exception as error:  # noqa: BLE001 - each request answers with it.
            for waiter in batch:
                if not waiter.stored.done():
                    waiter.stored.set_exception(_copy(error))
            return
        self._notifier.notify(RECEIVED_CHANNEL)
        _BATCH_SIZE.observe(len(batch))
        for waiter in batch:
            if not waiter.stored.done():
                waiter.stored.set_result(versions.get(waiter.callback.callback_id))

    async def _insert(self, callbacks: list[NewCallback]) -> dict[UUID, int]:
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


def _copy(error: Exception) -> Exception:
    """Return an error that one request can raise: each adds its own traceback."""
    if isinstance(error, NinefoldError):
        return type(error)(error.detail, remedy=error.remedy)
    copy = RuntimeError("The callback wasn't stored.")
    copy.__cause__ = error
    return copy
