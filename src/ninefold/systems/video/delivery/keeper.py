"""Has the server forget what it has in memory of titles that have changed or are gone."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.delivery.hot_set import HotSet
from ninefold.systems.video.delivery.titles import Titles
from ninefold.systems.video.service.channels import SEGMENTS_GREW
from ninefold.systems.video.store.delivery import delivery_list_gone

LOOK_INTERVAL_S: Final = 30.0
"""A notification can get lost; so long at most, a server sends segments of a title that is deleted."""

log = structlog.get_logger(__name__)


class Keeper:
    """Looks in the database after notifications, and now and then as long as there are requests.

    Args:
        database: says which titles are gone.
        notifier: says which titles have changed.
        hot_set: the files in memory.
        titles: the titles in memory.
        clock: seconds that only grow.
    """

    def __init__(
        self, database: Database, notifier: Notifier, hot_set: HotSet, titles: Titles, *, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._hot_set = hot_set
        self._titles = titles
        self._clock = clock
        self._looked_at = clock()
        self._looking: asyncio.Task[None] | None = None
        self._is_outdated = False
        notifier.listen(SEGMENTS_GREW, self._hear)

    def look_now_and_then(self) -> None:
        """Look if that was long ago; call it with each request."""
        if self._clock() - self._looked_at > LOOK_INTERVAL_S:
            self._look()

    async def forget_gone(self) -> None:
        """Forget the files of titles that are deleted or canceled.

        Raises:
            DatabaseUnavailableError: the database doesn't answer.
        """
        self._looked_at = self._clock()
        title_ids = self._hot_set.titles
        if not title_ids:
            return
        async with self._database.connection() as connection:
            gone = await delivery_list_gone(connection, title_ids=title_ids)
        for title_id in gone:
            self._hot_set.forget(title_id)

    def _hear(self, messages: Sequence[str] | None) -> None:
        for message in messages or [""]:
            title_id = _id_of(message)
            self._titles.forget(title_id)
            if title_id is None or self._hot_set.has_title(title_id):
                self._look()

    def _look(self) -> None:
        self._looked_at = self._clock()
        self._is_outdated = True
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look_until_current())

    async def _look_until_current(self) -> None:
        while self._is_outdated:
            self._is_outdated = False
            try:
                await self.forget_gone()
            except DatabaseUnavailableError as error:
                log.info("video.keeper.failed", error=str(error))


def _id_of(message: str) -> UUID | None:
    try:
        return UUID(message)
    except ValueError:
        return None
