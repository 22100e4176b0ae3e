"""What a server has in memory goes when its title is deleted or canceled."""

import asyncio
from uuid import UUID

import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.delivery.hot_set import HotFile, HotSet
from ninefold.systems.video.delivery.keeper import LOOK_INTERVAL_S, Keeper
from ninefold.systems.video.delivery.responses import IMMUTABLE, hot_file
from ninefold.systems.video.delivery.titles import Titles
from ninefold.systems.video.service.channels import Changed
from video_streams import PlacedTitle, Studio


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hot_set() -> HotSet:
    return HotSet(bytes_max=100_000)


async def fill(hot_set: HotSet, title: PlacedTitle) -> None:
    async def load() -> HotFile:
        return hot_file(b"x", tag="x", content_type="video/mp4", cache_control=IMMUTABLE)

    await hot_set.fill(str(title.title_id), load, title_id=title.title_id)


async def until_gone(hot_set: HotSet, title: PlacedTitle) -> None:
    async with asyncio.timeout(5):
        while hot_set.has_title(title.title_id):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("status", ["canceled", "deleted"])
async def test_a_notification_removes_the_files_of_a_title_that_is_gone(
    database: Database, studio: Studio, organisation_id: UUID, hot_set: HotSet, status: str
) -> None:
    clock, notifier = Clock(), Notifier(database)
    Keeper(database, notifier, hot_set, Titles(database, clock=clock), clock=clock)
    gone, other = await studio.title(organisation_id), await studio.title(organisation_id)
    for title in (gone, other):
        await fill(hot_set, title)

    await studio.end(gone, status="canceled")
    if status == "deleted":
        async with database.transaction() as connection:
            await connection.execute("DELETE FROM video.title WHERE title_id = $1", gone.title_id)
    Changed(title_ids=frozenset({gone.title_id, other.title_id})).notify(notifier)

    await until_gone(hot_set, gone)
    assert hot_set.has_title(other.title_id)


async def test_a_lost_notification_is_made_up_for(
    database: Database, studio: Studio, organisation_id: UUID, hot_set: HotSet
) -> None:
    clock = Clock()
    keeper = Keeper(database, Notifier(database), hot_set, Titles(database, clock=clock), clock=clock)
    title = await studio.title(organisation_id)
    await fill(hot_set, title)
    await studio.end(title, status="canceled")

    keeper.look_now_and_then()
    assert hot_set.has_title(title.title_id)
    clock.now = LOOK_INTERVAL_S + 1
    keeper.look_now_and_then()

    await until_gone(hot_set, title)
