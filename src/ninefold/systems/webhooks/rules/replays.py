"""Decides what a replay does with each delivery: send it again, skip it, or wait until its subscription has room."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.replays import ReplayCandidate, ReplayTarget
from ninefold.systems.webhooks.rules.event_types import wants

FINISHED: Final = (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.CANCELED)
"""The statuses in which a delivery can be replayed. In the others, it is going to be attempted anyway."""

WAITING_S: Final = 2.0
"""A replay lets a subscription have as many waiting deliveries as it takes in this time at its rate limit. So a replay
that is paused or canceled has sent all that it will send within seconds."""

WAITING_MIN: Final = 50
WAITING_MAX: Final = 20_000
"""The limits of that number."""


class SkipReason(StrEnum):
    """Why a delivery isn't replayed."""

    SUBSCRIPTION_DELETED = "subscription_deleted"
    EVENT_TYPE_UNWANTED = "event_type_unwanted"
    """The subscription no longer wants events of this type."""
    RUNNING = "running"
    """An attempt is in progress."""
    PENDING = "pending"
    """It is going to be attempted anyway."""
    NOT_DEAD = "not_dead"
    """It was asked for as a dead letter, and was delivered or canceled."""
    NOT_FOUND = "not_found"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with the first of some candidates."""

    decided: int
    """With how many; the next one has to wait."""
    released: Sequence[UUID]
    skipped: Mapping[SkipReason, int]


def plan_batch(
    candidates: Sequence[ReplayCandidate],
    *,
    is_wanted: Callable[[ReplayCandidate], bool],
    skip_reason: Callable[[ReplayCandidate], SkipReason | None],
    rooms: Mapping[UUID, int | None],
    released_max: int,
) -> Plan:
    """Decide about candidates in their order, until one has to wait.

    Args:
        candidates: the next deliveries of a replay.
        is_wanted: whether the replay is about a delivery at all; others aren't counted.
        skip_reason: why one isn't sent again, if so.
        rooms: for each subscription, how many deliveries more it takes now; None is any number.
        released_max: how many are released at most.
    """
    left = dict(rooms)
    released: list[UUID] = []
    skipped: Counter[SkipReason] = Counter()
    for position, candidate in enumerate(candidates):
        if not is_wanted(candidate):
            continue
        if (reason := skip_reason(candidate)) is not None:
            skipped[reason] += 1
            continue
        room = left.get(candidate.subscription_id)
        if room == 0 or len(released) == released_max:
            return Plan(decided=position, released=released, skipped=skipped)
        if room is not None:
            left[candidate.subscription_id] = room - 1
        released.append(candidate.delivery_id)
    return Plan(decided=len(candidates), released=released, skipped=skipped)


def find_skip_reason(
    candidate: ReplayCandidate, target: ReplayTarget | None, *, statuses: Sequence[str]
) -> SkipReason | None:
    """Return why a delivery isn't sent again; None if it is.

    Args:
        candidate: the delivery.
        target: its subscription.
        statuses: those in which it is sent again.
    """
    if target is None or target.is_deleted:
        return SkipReason.SUBSCRIPTION_DELETED
    if not wants(candidate.event_type, target.event_types):
        return SkipReason.EVENT_TYPE_UNWANTED
    if candidate.is_running:
        return SkipReason.RUNNING
    if candidate.status not in FINISHED:
        return SkipReason.PENDING
    return None if candidate.status in statuses else SkipReason.NOT_DEAD


def room_of(target: ReplayTarget, *, rate_limit_per_s: float) -> int | None:
    """Return how many deliveries more a subscription takes now; None is any number, because nothing is sent to it.

    Args:
        target: the subscription.
        rate_limit_per_s: of a subscription without a limit of its own.
    """
    if target.waiting is None:
        return None
    own = target.rate_limit_per_s
    waiting_max = math.ceil(WAITING_S * (rate_limit_per_s if own is None else own))
    return max(0, min(max(waiting_max, WAITING_MIN), WAITING_MAX) - target.waiting)
