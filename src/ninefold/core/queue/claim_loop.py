"""The loop in which a worker claims work.

It claims again at once while there is more, and otherwise waits for a notification, or for the next poll.
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
    poll_s: float,
    stopping: asyncio.Event,
) -> None:
    """Claim again and again until `stopping` is set; an unavailable database is waited for.

    Args:
        claim: claims some work; returns whether there may be more of it to claim at once.
        name: what the log calls the claim, such as `webhooks.events`.
        notified: set by others when there is something to claim; cleared here, before each claim.
        poll_s: seconds after which to claim even if nobody has notified.
        stopping: ends the loop, after the claim that is under way.
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
