"""The limits on how much work a worker takes on."""

from typing import Final

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.tenant_queues import QueueLimits
from ninefold.systems.webhooks.service.publishing import PAYLOAD_BYTES_MAX

CLAIM_MAX: Final = ClaimBudget(rows_max=200, items_max=1_000, bytes_max=8 * 1024 * 1024)
"""The most that one claim may return: events or due deliveries, their attempts, and the bytes of their payloads."""

IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
"""The total size of the payloads of attempts in flight. The copy of the payload in each request isn't counted."""


def queue_limits(*, in_flight_max: int) -> QueueLimits:
    """Return the limits of a worker that may have `in_flight_max` attempts in flight."""
    return QueueLimits(
        in_flight_max=in_flight_max,
        in_flight_bytes_max=IN_FLIGHT_BYTES_MAX,
        payload_bytes_max=PAYLOAD_BYTES_MAX,
        claim=CLAIM_MAX,
    )
