"""Combines lookups: many callers that look something up at the same time take few queries."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from ninefold.core.live.limits import CHANNELS_PER_QUERY

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class CombinedLookup(Generic[KeyT, ValueT]):
    """Looks up keys. Those that are asked for while a query is running are looked up together by the next one.

    Args:
        load: returns a value for each key. Its error is raised for all keys that were passed to it.
        keys_max: how many keys one call of `load` gets.
    """

    def __init__(
        self,
        load: Callable[[Sequence[KeyT]], Awaitable[Mapping[KeyT, ValueT]]],
        *,
        keys_max: int = CHANNELS_PER_QUERY,
    ) -> None:
        self._load: Final = load
        self._keys_max: Final = keys_max
        self._waiting: dict[KeyT, asyncio.Future[ValueT]] = {}
        self._loading: asyncio.Task[None] | None = None

    async def get(self, key: KeyT) -> ValueT:
        """Return the value of a key, as it was after this call."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load_all())
        # Others may wait for the same key.
        return await asyncio.shield(future)

    async def _load_all(self) -> None:
        while self._waiting:
            taken = dict(islice(self._waiting.items(), self._keys_max))
            for key in taken:
                del self._waiting[key]
            await self._load_some(taken)

    async def _load_some(self, taken: Mapping[KeyT, "asyncio.Future[ValueT]"]) -> None:
        try:
            values = await self._load(list(taken))
        except Exception as error:  # noqa: BLE001  # it is raised by each caller.
            for future in taken.values():
                future.set_exception(error)
                # The caller may have given up, and nothing else needs this result.
                future.exception()
            return
        except BaseException:
            for future in taken.values():
                future.cancel()
            raise
        for key, future in taken.items():
            future.set_result(values[key])
