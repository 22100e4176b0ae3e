"""A cache of sources by their tokens, so that a callback costs no read.

A cached source can be outdated. The statement that stores a callback returns the current version of its source, or that
it is deleted, so the ingest notices every change with the first callback after it.
"""

from collections import OrderedDict
from typing import Final

from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.model import Source
from ninefold.systems.callbacks.store.sources import source_find_by_token

SOURCES_CACHED_MAX: Final = 10_000


class SourceCache:
    """The sources that this server has used. It evicts the least recently used one.

    Args:
        database: where sources are read.
        sealer: opens the secrets of a source, once for each version.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._sources: OrderedDict[str, Source] = OrderedDict()

    async def find(self, token: str) -> Source | None:
        """Return the source with a token, as of some time ago; None if there is none."""
        source = self._sources.get(token)
        if source is None:
            return await self.load(token)
        self._sources.move_to_end(token)
        return source

    async def load(self, token: str) -> Source | None:
        """Return the current source with a token; None if there is none."""
        async with self._database.connection() as connection:
            source = await source_find_by_token(connection, self._sealer, token=token)
        if source is None:
            self._sources.pop(token, None)
            return None
        self._sources[token] = source
        self._sources.move_to_end(token)
        if len(self._sources) > SOURCES_CACHED_MAX:
            self._sources.popitem(last=False)
        return source
