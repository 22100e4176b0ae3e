"""Trains the models of organisations: reads what was watched, learns in a thread, and writes what was learned."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.recommendations import Report
from ninefold.systems.video.store import recommendations as store

if TYPE_CHECKING:
    from ninefold.systems.video.rules.training import Watches

PAGE: Final = 10_000
WATCHES_MAX: Final = 2_000_000
"""Of an organisation: 40 MB. What is more isn't learned from."""

_NOBODY: Final = UUID(int=0)


async def train_model(database: Database, organisation_id: UUID, *, now: datetime) -> Report:
    """Train the model of an organisation, and write it.

    Raises:
        ImportError: the extra of the package is missing.
    """
    from ninefold.systems.video.rules.training import Watches, train  # noqa: PLC0415 - it is in an extra.

    watches = Watches()
    await _read(database, organisation_id, watches)
    trained = await asyncio.to_thread(train, watches, now=now)
    async with database.transaction() as connection:
        await store.recommendation_model_set(connection, organisation_id=organisation_id, trained=trained)
    return trained.report


async def _read(database: Database, organisation_id: UUID, watches: "Watches") -> None:
    after = _NOBODY, _NOBODY
    while len(watches) < WATCHES_MAX:
        async with database.connection() as connection:
            page = await store.watch_list(connection, organisation_id=organisation_id, after=after, limit=PAGE)
        for profile_id, title_id, at, weight in page:
            watches.add(profile_id, title_id, weight=weight, at=at)
        if len(page) < PAGE:
            return
        after = page[-1][0], page[-1][1]
