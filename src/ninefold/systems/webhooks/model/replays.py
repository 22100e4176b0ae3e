"""The data types of dead letters and replays, with the kinds of jobs that replay."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind
from ninefold.systems.webhooks.model import DeliveryStatus

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

REPLAY_TIMEOUT_S: Final = 30 * 86_400.0
"""A replay takes as long as its rate and the limits of its subscriptions say."""
REPLAY_ATTEMPTS_MAX: Final = 20
"""A replay is an attempt longer with each worker that dies during it."""


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which dead letters; None means any."""

    subscription_id: UUID | None = None
    subscriber_id: str | None = None
    event_type: str | None = None
    """A type or a pattern, as in a subscription."""
    error_class: str | None = None
    """Of the last attempt, or `EXPIRED`."""
    failed_after: datetime | None = None
    """Inclusive."""
    failed_before: datetime | None = None
    """Exclusive."""


class ReplayDeadLetters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which dead letters to send again: those with these ids, or without ids those that match the filter."""

    delivery_ids: tuple[UUID, ...] | None = None
    only: DeadLetterFilter = DeadLetterFilter()
    failed_before: datetime
    """When the replay was requested, so that what it sends and fails again isn't sent a second time."""
    rate_per_s: float | None = None


class ReplaySubscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which deliveries to a subscription to send again: those of events that were accepted in this time."""

    subscription_id: UUID
    since: datetime
    until: datetime
    """Exclusive."""
    statuses: tuple[str, ...]
    rate_per_s: float | None = None


REPLAY_DEAD_LETTERS: Final = JobKind(
    name="webhooks.replay_dead_letters",
    payload=ReplayDeadLetters,
    timeout_s=REPLAY_TIMEOUT_S,
    attempts_max=REPLAY_ATTEMPTS_MAX,
)
REPLAY_SUBSCRIPTION: Final = JobKind(
    name="webhooks.replay_subscription",
    payload=ReplaySubscription,
    timeout_s=REPLAY_TIMEOUT_S,
    attempts_max=REPLAY_ATTEMPTS_MAX,
)


class ReplayPosition(msgspec.Struct, frozen=True, order=True):
    """A place in a list of deliveries, which is sorted by both fields or by the ids alone."""

    finished_at: datetime
    delivery_id: UUID


class ReplayCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that might be sent again."""

    delivery_id: UUID
    subscription_id: UUID
    event_type: str
    status: DeliveryStatus
    is_running: bool
    finished_at: datetime | None
    error_class: str
    is_in_time: bool = True
    """Whether its event was accepted in the time that is replayed."""

    @property
    def position(self) -> ReplayPosition:
        """Its place in a list. A list that has unfinished deliveries is sorted by their ids alone."""
        return ReplayPosition(self.finished_at or _NEVER, self.delivery_id)


class ReplayTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether deliveries to a subscription can be sent again now."""

    subscription_id: UUID
    event_types: Sequence[str]
    is_deleted: bool
    rate_limit_per_s: float | None
    """None where the installation's setting applies."""
    waiting: int | None
    """How many deliveries wait already; None if nothing is sent now, because it is paused or its receiver fails."""
