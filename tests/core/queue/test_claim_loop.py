"""The claim loop: when it claims again, and what it does while the database is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import claim_loop
from ninefold.core.queue.claim_loop import repeat_claim

NEVER_S = 3600.0
WITHIN_S = 5.0


class Claims:
    """Claims that are counted; what each returns or raises is said before, and False after that."""

    def __init__(self, results: Sequence[bool | Exception] = ()) -> None:
        self._results = list(results)
        self._counted = asyncio.Condition()
        self.count = 0

    async def __call__(self) -> bool:
        async with self._counted:
            self.count += 1
            self._counted.notify_all()
        result = self._results.pop(0) if self._results else False
        if isinstance(result, Exception):
            raise result
        return result

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S), self._counted:
            await self._counted.wait_for(lambda: self.count >= count)


@asynccontextmanager
async def looping(
    claim: Callable[[], Awaitable[bool]], *, notified: asyncio.Event | None = None, poll_s: float = NEVER_S
) -> AsyncIterator[None]:
    """Run the loop for the time of the block; it must end when it is told to."""
    stopping = asyncio.Event()
    running = asyncio.create_task(
        repeat_claim(claim, name="test", notified=notified or asyncio.Event(), poll_s=poll_s, stopping=stopping)
    )
    yield
    stopping.set()
    async with asyncio.timeout(WITHIN_S):
        await running


async def test_it_claims_again_at_once_while_there_may_be_more() -> None:
    claims = Claims([True, True])
    async with looping(claims):
        await claims.reach(3)
        await asyncio.sleep(0)
    assert claims.count == 3


async def test_it_claims_again_when_it_is_notified() -> None:
    claims, notified = Claims(), asyncio.Event()
    async with looping(claims, notified=notified):
        for count in range(1, 4):
            await claims.reach(count)
            notified.set()
        await claims.reach(4)


async def test_a_notification_that_comes_during_a_claim_is_not_lost() -> None:
    notified = asyncio.Event()
    claims = Claims()

    async def claim() -> bool:
        if claims.count == 0:
            notified.set()
        return await claims()

    async with looping(claim, notified=notified):
        await claims.reach(2)


async def test_it_claims_again_after_a_while_although_nobody_notifies() -> None:
    claims = Claims()
    async with looping(claims, poll_s=0.001):
        await claims.reach(3)


async def test_it_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_loop, "ERROR_DELAY_S", 0.001)
    claims = Claims([DatabaseUnavailableError("PostgreSQL is away.")])
    with capture_logs() as lines:
        async with looping(claims):
            await claims.reach(2)
    assert [(line["event"], line["claim"], line["error"]) for line in lines] == [
        ("queue.claim.failed", "test", "PostgreSQL is away.")
    ]


async def test_it_ends_while_it_waits_for_a_database_that_is_away() -> None:
    claims = Claims([DatabaseUnavailableError("PostgreSQL is away.")])
    async with looping(claims):
        await claims.reach(1)
    assert claims.count == 1


async def test_any_other_error_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        await repeat_claim(
            Claims([ZeroDivisionError()]),
            name="test",
            notified=asyncio.Event(),
            poll_s=NEVER_S,
            stopping=asyncio.Event(),
        )
