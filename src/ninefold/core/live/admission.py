"""Admits clients that connect or subscribe, a few at once, so that thousands can come back together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ninefold.core.errors import UnavailableError
from ninefold.core.live import metrics
from ninefold.core.live.limits import ADMIT_WITHIN_S, ADMITTED_MAX, WAITING_MAX


class TooManyRequestsError(UnavailableError):
    """More clients came at once than could be served in time."""

    code = "too_many_clients"
    title = "Too many clients at once"


class Admission:
    """Lets up to `ADMITTED_MAX` clients in at once; others wait in order."""

    def __init__(self) -> None:
        self._places: Final = asyncio.Semaphore(ADMITTED_MAX)
        self._waiting = 0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Run the block when it is the caller's turn.

        Raises:
            TooManyRequestsError: too many wait already, or it wasn't the caller's turn in time.
        """
        if self._waiting >= WAITING_MAX:
            raise _come_back_later()
        self._waiting += 1
        try:
            async with asyncio.timeout(ADMIT_WITHIN_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise _come_back_later() from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()


def _come_back_later() -> TooManyRequestsError:
    metrics.REFUSALS.inc()
    return TooManyRequestsError("Too many clients connect at the same time.", remedy="Try again in a few seconds.")
