"""When publishing is refused because too much is queued, and when to try again. Pure.

The depth of a queue is the number of deliveries that wait for their first attempts. Each organisation has a queue, and
all of them together are the queue of the installation.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Final

import msgspec

from ninefold.systems.webhooks.model.queues import QueueLimits, QueueName

TIER_SHARES: Final = (1.0, 0.95, 0.9)
"""Up to which part of a queue events of each tier are accepted, by its number. The rest is for more urgent ones."""

BIG_SHARE: Final = 0.9
"""Up to which part of that the installation accepts events of organisations that have more than an equal share of what
it can hold. The rest is for the others, so that a few organisations can't keep all out."""

ROOM_SHARE: Final = 0.05
"""The part of a queue that should have become free before somebody tries again."""

RETRY_AFTER_S_MAX: Final = 60
WATCHED_S_MIN: Final = 0.2
RETRY_AFTER_S_UNKNOWN: Final = 5
"""How long to wait if it isn't known how fast the queue drains."""


class FullQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that takes no more events of some tier."""

    queue: QueueName
    depth: int
    accepted_below: int
    """Events are accepted while less is queued."""


def accepted_below(limit: int, tier: int) -> int:
    """Return the depth from which on events of a tier are refused."""
    return max(1, ceil(limit * TIER_SHARES[tier]))


def always_accepted_below(limits: QueueLimits) -> QueueLimits:
    """Return the depths below which events of every tier and organisation are accepted."""
    tier = len(TIER_SHARES) - 1
    return QueueLimits(
        organisation=accepted_below(limits.organisation, tier),
        installation=max(1, ceil(accepted_below(limits.installation, tier) * BIG_SHARE)),
    )


def find_full_queue(
    limits: QueueLimits, *, tier: int, organisation_depth: int, installation_depth: int, organisations: int
) -> FullQueue | None:
    """Return which queue is full for events of a tier: that of the organisation, or else that of the installation.

    An event is accepted if there is any room, however many deliveries it has, so that no fan-out is ever too large.

    Args:
        limits: what the queues can hold.
        tier: the number of the tier.
        organisation_depth: the deliveries of the organisation that are queued.
        installation_depth: those of all organisations.
        organisations: how many organisations have something queued.
    """
    below = accepted_below(limits.organisation, tier)
    if organisation_depth >= below:
        return FullQueue(queue="organisation", depth=organisation_depth, accepted_below=below)
    below = accepted_below(limits.installation, tier)
    # One more, so that there is room for another one if only one has something queued.
    if organisation_depth > limits.installation / (organisations + 1):
        below = max(1, ceil(below * BIG_SHARE))
    if installation_depth >= below:
        return FullQueue(queue="installation", depth=installation_depth, accepted_below=below)
    return None


def retry_after_s(full: FullQueue, *, drained_per_s: float | None) -> int:
    """Return the seconds after which some of a full queue should be free, from 1 to `RETRY_AFTER_S_MAX`.

    Args:
        full: the queue.
        drained_per_s: deliveries that leave it a second; None if that isn't known.
    """
    if drained_per_s is None:
        return RETRY_AFTER_S_UNKNOWN
    if drained_per_s <= 0:
        return RETRY_AFTER_S_MAX
    too_many = full.depth - full.accepted_below * (1 - ROOM_SHARE)
    return min(RETRY_AFTER_S_MAX, max(1, ceil(too_many / drained_per_s)))


def drained_per_s(finished: Sequence[tuple[float, int]]) -> float | None:
    """Return how fast a queue drains; None if it was watched for too short a time.

    Args:
        finished: times in seconds, and how many deliveries had left the queue at each, oldest first. A count that is
            smaller than the one before has begun again.
    """
    if not finished or (watched_s := finished[-1][0] - finished[0][0]) < WATCHED_S_MIN:
        return None
    return sum(max(0, later - earlier) for (_, earlier), (_, later) in pairwise(finished)) / watched_s
