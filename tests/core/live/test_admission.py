"""Admission of clients that come together."""

import asyncio

import pytest

from ninefold.core.live import admission as admission_module
from ninefold.core.live.admission import Admission, TooManyRequestsError
from ninefold.core.live.limits import ADMITTED_MAX


async def test_only_some_are_admitted_at_once_and_the_others_in_turn() -> None:
    admission = Admission()
    inside = most = 0
    done: list[int] = []

    async def enter(number: int) -> None:
        nonlocal inside, most
        async with admission.admitted():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            done.append(number)

    await asyncio.gather(*[enter(number) for number in range(ADMITTED_MAX * 3)])

    assert most == ADMITTED_MAX
    assert done == list(range(ADMITTED_MAX * 3))


async def test_who_waits_too_long_or_comes_when_too_many_wait_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission_module, "ADMIT_WITHIN_S", 0.02)
    monkeypatch.setattr(admission_module, "WAITING_MAX", 2)
    admission = Admission()
    leave = asyncio.Event()

    async def enter() -> None:
        async with admission.admitted():
            await leave.wait()

    inside = []
    for _ in range(ADMITTED_MAX):
        inside.append(asyncio.create_task(enter()))
        await asyncio.sleep(0)
    late = [asyncio.create_task(enter()) for _ in range(3)]
    await asyncio.wait(late)
    assert [type(task.exception()) for task in late] == [TooManyRequestsError] * 3
    leave.set()
    await asyncio.gather(*inside)
    await enter()
