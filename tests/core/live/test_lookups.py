"""Combined lookups."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from ninefold.core.live.lookups import CombinedLookup


class Source:
    """What is looked up: the double of each key."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def load(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.calls.append(list(keys))
        await self.may_answer.wait()
        if 13 in keys:
            raise ZeroDivisionError
        return {key: key * 2 for key in keys}


async def test_keys_that_are_asked_for_during_a_query_are_looked_up_together_and_once() -> None:
    source = Source()
    source.may_answer.clear()
    lookup = CombinedLookup(source.load)
    first = asyncio.create_task(lookup.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(lookup.get(key)) for key in (2, 3, 2, 1)]
    await asyncio.sleep(0)
    source.may_answer.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 4, 2]
    # The key 1 is asked for again, because the query that runs may not see what has changed since.
    assert source.calls == [[1], [2, 3, 1]]


async def test_a_call_gets_at_most_so_many_keys() -> None:
    source = Source()
    lookup = CombinedLookup(source.load, keys_max=2)

    assert await asyncio.gather(*[lookup.get(key) for key in range(5)]) == [0, 2, 4, 6, 8]
    assert source.calls == [[0, 1], [2, 3], [4]]


async def test_an_error_is_raised_by_all_who_waited_for_it_and_later_lookups_work() -> None:
    lookup = CombinedLookup(Source().load)
    results = await asyncio.gather(lookup.get(13), lookup.get(1), return_exceptions=True)

    assert [type(result) for result in results] == [ZeroDivisionError, ZeroDivisionError]
    assert await lookup.get(1) == 2


async def test_a_caller_that_gives_up_does_not_disturb_the_others() -> None:
    source = Source()
    source.may_answer.clear()
    lookup = CombinedLookup(source.load)
    impatient, patient = asyncio.create_task(lookup.get(1)), asyncio.create_task(lookup.get(1))
    await asyncio.sleep(0)
    impatient.cancel()
    source.may_answer.set()

    assert await patient == 2
    with pytest.raises(asyncio.CancelledError):
        await impatient
