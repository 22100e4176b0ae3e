"""How much a worker of webhook delivery takes on."""

from typing import Final

from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.tenant_queues import QueueLimits
from ninefold.systems.webhooks.service.publishing import PAYLOAD_BYTES_MAX

CLAIM_MAX: Final = ClaimBudget(rows_max=200, items_max=1_000, bytes_max=8 * 1024 * 1024)
"""What one claim may bring: events or due deliveries, the attempts that they come to, and their payloads."""

IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of the payloads of attempts under way; a request's own copy comes on top."""


def queue_limits(*, in_flight_max: int) -> QueueLimits:
    """Return the limits of a worker that may have so many attempts under way."""
    return QueueLimits(
        in_flight_max=in_flight_max,
        in_flight_bytes_max=IN_FLIGHT_BYTES_MAX,
        payload_bytes_max=PAYLOAD_BYTES_MAX,
        claim=CLAIM_MAX,
    )
