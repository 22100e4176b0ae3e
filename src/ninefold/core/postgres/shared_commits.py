"""Shared commits: what comes while a transaction is under way shares the next one.

A commit waits for the disk, and each statement costs a round trip, whether it stores one row or a hundred. So the items
of concurrent callers are collected and stored together. Nobody waits for a timer: an item that comes alone is stored
alone and at once, and the busier it gets, the more share a commit.

    async def insert(orders: Sequence[Order]) -> Sequence[int]:
        async with database.transaction() as connection:
            return await order_insert_many(connection, orders)

    shared = SharedCommits(insert, SharingLimits(items_max=500))
    number = await shared.store(order)
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextvars import Context
from typing import Any, Final, Generic, TypeVar

import msgspec

from ninefold.core.errors import NinefoldError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class SharingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much shares a commit, and how often one begins."""

    items_max: int
    bytes_max: int | None = None
    """The total size of the items in one commit. The first one may exceed it by itself."""

    commits_max: int = 1
    """Commits at the same time: while PostgreSQL flushes one to the disk, the next one can be sent."""

    interval_s: float = 0.0
    """The shortest time from one commit to the next of those that waited. It makes commits larger under load."""


class SharedCommits(Generic[ItemT, ResultT]):
    """Stores items in batches.

    Args:
        commit: stores items in one transaction; returns a result for each, in the same order, after the commit.
        limits: how much shares a commit.
        size_of: returns an item's size in bytes, for `bytes_max`.
        key_of: returns what must be different for all items of a batch; by default any items can share one.
        commit_alone: stores one item of a batch that failed, in a transaction of its own, so that each gets its own
            result or error. Without it, the batch's error is raised for all of its items.
        is_separated: whether the items of a failed batch, of this number, are stored again with `commit_alone`.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]],
        limits: SharingLimits,
        *,
        size_of: Callable[[ItemT], int] = lambda _: 0,
        key_of: Callable[[ItemT], Hashable] | None = None,
        commit_alone: Callable[[ItemT], Awaitable[ResultT]] | None = None,
        is_separated: Callable[[Exception, int], bool] = lambda _, count: count > 1,
    ) -> None:
        self._commit: Final = commit
        self._limits: Final = limits
        self._size_of: Final = size_of
        self._key_of: Final = key_of
        self._commit_alone: Final = commit_alone
        self._is_separated: Final = is_separated
        self._waiting: deque[_Waiting[ItemT, ResultT]] = deque()
        self._committing = self._separated = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many items wait for a commit to begin."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is stored at the moment, and nothing waits."""
        return not (self._waiting or self._committing or self._separated)

    async def store(self, item: ItemT) -> ResultT:
        """Store an item; return its result after the commit.

        If the caller is canceled before the commit begins, the item isn't stored.

        Raises:
            Exception: what `commit` or `commit_alone` raised, as an object of its own for each caller.
        """
        waiting: _Waiting[ItemT, ResultT] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._committing < self._limits.commits_max:
            self._committing += 1
            self._start(self._store_all())
        return await waiting.result

    async def _store_all(self) -> None:
        """Commit what waits, until nothing waits any more."""
        loop = asyncio.get_running_loop()
        batch: list[_Waiting[ItemT, ResultT]] = []
        try:
            # Let the others that have come together with the first one join its batch.
            await asyncio.sleep(0)
            while batch := self._take():
                next_at_s = loop.time() + self._limits.interval_s
                await self._store(batch)
                if self._waiting and (pause_s := next_at_s - loop.time()) > 0:
                    await asyncio.sleep(pause_s)
        except BaseException as error:
            # The process ends.
            _fail([*batch, *self._waiting], error)
            raise
        finally:
            self._committing -= 1

    def _take(self) -> "list[_Waiting[ItemT, ResultT]]":
        """Take what can share a transaction, in the order in which it has come."""
        batch: list[_Waiting[ItemT, ResultT]] = []
        keys: set[Hashable] = set()
        size = 0
        while self._waiting and len(batch) < self._limits.items_max:
            if self._limits.bytes_max is not None and size >= self._limits.bytes_max:
                break
            first = self._waiting[0]
            if self._key_of is not None:
                key = self._key_of(first.item)
                if key in keys:
                    break
                keys.add(key)
            self._waiting.popleft()
            # One whose caller has ended in the meantime is left out.
            if not first.result.done():
                batch.append(first)
                size += self._size_of(first.item)
        return batch

    async def _store(self, batch: "Sequence[_Waiting[ItemT, ResultT]]") -> None:
        try:
            results = await self._commit([each.item for each in batch])
        except Exception as error:  # noqa: BLE001  # it is that of one of them, or of each.
            if self._commit_alone is None or not self._is_separated(error, len(batch)):
                _fail(batch, error)
                return
            self._separated += len(batch)
            for each in batch:
                self._start(self._store_alone(each, self._commit_alone))
        else:
            for each, result in zip(batch, results, strict=True):
                _succeed(each, result)

    async def _store_alone(
        self, waiting: "_Waiting[ItemT, ResultT]", commit_alone: Callable[[ItemT], Awaitable[ResultT]]
    ) -> None:
        try:
            _succeed(waiting, await commit_alone(waiting.item))
        except BaseException as error:
            _fail([waiting], error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._separated -= 1

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: what it logs isn't about the first caller alone.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # What has ended it, the callers have got already.
            task.exception()


class _Waiting(Generic[ItemT, ResultT]):
    """An item, and who waits for its commit."""

    __slots__ = ("item", "result")

    def __init__(self, item: ItemT, result: "asyncio.Future[ResultT]") -> None:
        self.item: Final = item
        self.result: Final = result


def _succeed(waiting: _Waiting[Any, ResultT], result: ResultT) -> None:
    if not waiting.result.done():
        waiting.result.set_result(result)


def _fail(batch: Sequence[_Waiting[Any, Any]], error: BaseException) -> None:
    is_shared = len(batch) > 1
    for waiting in batch:
        if waiting.result.done():
            continue
        if isinstance(error, asyncio.CancelledError):
            waiting.result.cancel()
        else:
            waiting.result.set_exception(_copy(error) if is_shared else error)


def _copy(error: BaseException) -> BaseException:
    """Return an error that one caller can raise: each adds its own traceback."""
    if not isinstance(error, Exception):
        return error
    if isinstance(error, NinefoldError):
        copy: Exception = type(error)(error.detail, field=error.field, remedy=error.remedy)
    else:
        copy = RuntimeError("What was stored together with others failed.")
    copy.__cause__ = error
    return copy
