"""The loop in which a worker claims work.

It claims again at once while there may be more work. Otherwise it waits for a notification or for the next poll.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any

ERROR_DELAY_S: Final = 1.0

log = structlog.get_logger(__name__)


async def repeat_claim(
    claim: Callable[[], Awaitable[bool]],
    *,
    name: str,
    notified: asyncio.Event,
    poll_s: float | None,
    stopping: asyncio.Event,
) -> None:
    """Claim repeatedly until `stopping` is set. While the database is unavailable, keep trying.

    Args:
        claim: claims some work; returns whether to claim again at once.
        name: the claim's name in the log, such as `webhooks.events`.
        notified: set by others when there is work to claim; cleared here before each claim.
        poll_s: seconds after which to claim without a notification; None if only notifications matter.
        stopping: ends the loop after the current claim.
    """
    while not stopping.is_set():
        notified.clear()
        try:
            may_claim_more = await claim()
        except DatabaseUnavailableError as error:
            log.warning("queue.claim.failed", claim=name, error=str(error))
            await wait_for_any(stopping, timeout_s=ERROR_DELAY_S)
            continue
        if not may_claim_more:
            await wait_for_any(notified, stopping, timeout_s=poll_s)
