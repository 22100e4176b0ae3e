"""Shared commits: who comes during a commit shares the next one, and each gets its own result or error."""

import asyncio
from collections.abc import Sequence

import pytest

from ninefold.core.errors import ConflictError
from ninefold.core.postgres.shared_commits import SharedCommits, SharingLimits


class Commits:
    """Notes what is committed together; each commit waits until it is let go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.go_on = asyncio.Event()
        self.refused: set[int] = set()

    async def commit(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.go_on.wait()
        self._refuse(items)
        return [item * 10 for item in items]

    async def commit_alone(self, item: int) -> int:
        self.alone.append(item)
        self._refuse([item])
        return item * 10

    def _refuse(self, items: Sequence[int]) -> None:
        for item in self.refused.intersection(items):
            raise ConflictError(f"{item} is refused.", field="item", remedy="Take another one.")


@pytest.fixture
def commits() -> Commits:
    return Commits()


async def begun(commits: Commits, *, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(commits.batches) < count:
            await asyncio.sleep(0)


async def test_what_comes_during_a_commit_shares_the_next_one(commits: Commits) -> None:
    shared = SharedCommits(commits.commit, SharingLimits(items_max=10))
    first = asyncio.create_task(shared.store(1))
    await begun(commits)
    others = [asyncio.create_task(shared.store(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    waiting, is_idle = shared.waiting, shared.is_idle
    commits.go_on.set()

    assert (waiting, is_idle) == (3, False)
    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert commits.batches == [[1], [2, 3, 4]]
    assert shared.is_idle


@pytest.mark.parametrize(
    ("limits", "batches"),
    [
        (SharingLimits(items_max=2), [[1, 2], [3, 4]]),
        (SharingLimits(items_max=10, bytes_max=3), [[1, 2], [3], [4]]),
    ],
)
async def test_a_batch_has_limits(commits: Commits, limits: SharingLimits, batches: list[list[int]]) -> None:
    shared = SharedCommits(commits.commit, limits, size_of=lambda item: item)
    commits.go_on.set()

    assert await asyncio.gather(*[shared.store(number) for number in (1, 2, 3, 4)]) == [10, 20, 30, 40]
    assert commits.batches == batches


async def test_items_with_one_key_are_never_in_one_batch(commits: Commits) -> None:
    shared = SharedCommits(commits.commit, SharingLimits(items_max=10), key_of=lambda item: item % 2)
    commits.go_on.set()

    await asyncio.gather(*[shared.store(number) for number in (1, 2, 3, 5)])

    assert commits.batches == [[1, 2], [3], [5]]


async def test_of_a_failed_batch_each_gets_its_own_result_or_error(commits: Commits) -> None:
    shared = SharedCommits(commits.commit, SharingLimits(items_max=10), commit_alone=commits.commit_alone)
    commits.refused = {2}
    commits.go_on.set()

    results = await asyncio.gather(*[shared.store(number) for number in (1, 2, 3)], return_exceptions=True)

    assert [type(each) if isinstance(each, Exception) else each for each in results] == [10, ConflictError, 30]
    assert commits.alone == [1, 2, 3]
    assert shared.is_idle


async def test_without_a_second_try_each_gets_a_copy_of_the_error(commits: Commits) -> None:
    shared = SharedCommits(commits.commit, SharingLimits(items_max=10))
    commits.refused = {2}
    commits.go_on.set()

    errors = await asyncio.gather(*[shared.store(number) for number in (1, 2)], return_exceptions=True)

    assert [(type(each), str(each), getattr(each, "field", None)) for each in errors] == [
        (ConflictError, "2 is refused. Take another one.", "item")
    ] * 2
    assert errors[0] is not errors[1]


async def test_who_gives_up_before_the_commit_is_left_out(commits: Commits) -> None:
    shared = SharedCommits(commits.commit, SharingLimits(items_max=10))
    first = asyncio.create_task(shared.store(1))
    await begun(commits)
    gone, stays = [asyncio.create_task(shared.store(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    commits.go_on.set()

    assert (await first, await stays) == (10, 30)
    assert commits.batches == [[1], [3]]
