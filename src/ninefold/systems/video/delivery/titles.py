"""What the manifests of titles say, read at most once in a while, however many players load them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.systems.video.delivery.hot_set import HotFile
from ninefold.systems.video.service.delivery import Streamed, read_streamed
from ninefold.systems.video.service.tokens import PlayToken

TITLES_MAX: Final = 500
"""Titles whose manifests are in memory."""

GROWING_FRESH_S: Final = 1.0
"""How long what is read of a title that grows is used, unless a notification comes."""

FINAL_FRESH_S: Final = 20.0
"""The same for a final one, which can still get other subtitles."""


class KnownTitle:
    """A title as it was read, with the manifests that were made of that."""

    def __init__(self, streamed: Streamed, *, read_at: float) -> None:
        self.streamed: Final = streamed
        self.files: Final[dict[str, HotFile]] = {}
        """By their names; as many as there are manifests."""
        self._fresh_until = read_at + (FINAL_FRESH_S if streamed.title.is_final else GROWING_FRESH_S)

    def is_fresh(self, now: float) -> bool:
        """Whether it needn't be read again."""
        return now < self._fresh_until


class Titles:
    """Titles as they were read lately.

    Args:
        database: where they are.
        clock: seconds that only grow.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._known: Final[OrderedDict[UUID, KnownTitle]] = OrderedDict()
        self._locks: Final[dict[UUID, _Lock]] = {}

    async def get(self, token: PlayToken) -> KnownTitle:
        """Return a title. Requests at the same time read it once.

        Raises:
            TitleNotFoundError: it is deleted or canceled.
        """
        if (known := self._fresh(token.title_id)) is not None:
            return known
        lock = self._locks.setdefault(token.title_id, _Lock())
        lock.users += 1
        try:
            async with lock.lock:
                return self._fresh(token.title_id) or await self._read(token)
        finally:
            lock.users -= 1
            if not lock.users:
                del self._locks[token.title_id]

    def forget(self, title_id: UUID | None) -> None:
        """Have a title read again with the next request; all of them for None."""
        if title_id is None:
            self._known.clear()
        else:
            self._known.pop(title_id, None)

    def _fresh(self, title_id: UUID) -> KnownTitle | None:
        known = self._known.get(title_id)
        return known if known is not None and known.is_fresh(self._clock()) else None

    async def _read(self, token: PlayToken) -> KnownTitle:
        read_at = self._clock()
        async with self._database.connection() as connection:
            known = KnownTitle(await read_streamed(connection, token), read_at=read_at)
        self._known[token.title_id] = known
        self._known.move_to_end(token.title_id)
        if len(self._known) > TITLES_MAX:
            self._known.popitem(last=False)
        return known


class _Lock:
    def __init__(self) -> None:
        self.lock: Final = asyncio.Lock()
        self.users = 0
