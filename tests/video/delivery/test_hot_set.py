"""The hot set: what it keeps, and how it reads what it hasn't."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from ninefold.systems.video.delivery.hot_set import HotFile, HotSet
from ninefold.systems.video.delivery.responses import IMMUTABLE, hot_file

TITLE, OTHER = UUID(int=1), UUID(int=2)


class Disk:
    """Files that are read when a test says so."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.canceled: list[str] = []
        self.may_end = asyncio.Event()
        self.has_begun = asyncio.Event()

    def load(self, name: str, size: int = 1_000) -> Callable[[], Awaitable[HotFile]]:
        async def read() -> HotFile:
            self.reads.append(name)
            self.has_begun.set()
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.canceled.append(name)
                raise
            return hot_file(bytes(size), tag=name, content_type="video/mp4", cache_control=IMMUTABLE)

        return read


@pytest.fixture
def disk() -> Disk:
    return Disk()


async def test_requests_for_the_same_file_read_it_once(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=100_000)
    waiting = [asyncio.create_task(hot_set.fill("a", disk.load("a"), title_id=TITLE)) for _ in range(5)]
    await disk.has_begun.wait()
    disk.may_end.set()

    files = await asyncio.gather(*waiting)

    assert (disk.reads, hot_set.get("a"), hot_set.size_bytes) == (["a"], files[0], 1_000)


async def test_a_client_that_goes_does_not_stop_the_others(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=100_000)
    first, second = (asyncio.create_task(hot_set.fill("a", disk.load("a"), title_id=TITLE)) for _ in range(2))
    await disk.has_begun.wait()

    first.cancel()
    disk.may_end.set()

    assert (await second).tag == '"a"'
    assert (disk.reads, disk.canceled) == (["a"], [])


async def test_a_fill_that_nobody_waits_for_ends(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=100_000)
    waiting = [asyncio.create_task(hot_set.fill("a", disk.load("a"), title_id=TITLE)) for _ in range(2)]
    await disk.has_begun.wait()

    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)
    disk.may_end.set()

    assert (disk.canceled, hot_set.get("a")) == (["a"], None)
    assert (await hot_set.fill("a", disk.load("a"), title_id=TITLE)).tag == '"a"'


async def test_an_error_reaches_all_and_is_not_kept(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=100_000)

    async def fail() -> HotFile:
        await disk.may_end.wait()
        raise OSError("the disk is gone")

    waiting = [asyncio.create_task(hot_set.fill("a", fail, title_id=TITLE)) for _ in range(3)]
    await asyncio.sleep(0)
    disk.may_end.set()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert {str(outcome) for outcome in outcomes} == {"the disk is gone"}
    assert (await hot_set.fill("a", disk.load("a"), title_id=TITLE)).tag == '"a"'


async def test_what_was_used_least_recently_goes_first(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=10_000)
    disk.may_end.set()
    for name in "abcdefghij":
        await hot_set.fill(name, disk.load(name), title_id=TITLE)
    hot_set.get("a")

    await hot_set.fill("k", disk.load("k"), title_id=OTHER)

    assert (hot_set.get("b"), hot_set.size_bytes) == (None, 10_000)
    assert hot_set.get("a") is not None
    assert hot_set.has_title(OTHER)


async def test_a_file_that_would_push_most_others_out_is_not_kept(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=10_000)
    disk.may_end.set()

    await hot_set.fill("a", disk.load("a", size=2_000), title_id=TITLE)

    assert (hot_set.get("a"), hot_set.size_bytes) == (None, 0)


async def test_nothing_stays_of_a_title_that_is_forgotten(disk: Disk) -> None:
    hot_set = HotSet(bytes_max=100_000)
    disk.may_end.set()
    await hot_set.fill("a", disk.load("a"), title_id=TITLE)
    await hot_set.fill("b", disk.load("b"), title_id=OTHER)
    disk.may_end.clear()
    disk.has_begun.clear()
    reading = asyncio.create_task(hot_set.fill("c", disk.load("c"), title_id=TITLE))
    await disk.has_begun.wait()

    hot_set.forget(TITLE)
    disk.may_end.set()
    await reading

    assert [hot_set.get(name) is None for name in "abc"] == [True, False, True]
    assert (hot_set.titles, hot_set.size_bytes) == ([OTHER], 1_000)
