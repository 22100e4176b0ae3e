"""The data types of figures: what workers count, and what is computed from it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import EventTier
from ninefold.core.jobs import JobKind

MINUTE_S: Final = 60
HOUR_S: Final = 3_600

ALL_SUBSCRIPTIONS: Final = UUID(int=0)
"""In place of a subscription's id: the sums over all subscriptions of an organisation."""

ALL_EVENT_TYPES: Final = ""
"""In place of an event type: the sums over all of them."""


class DeleteOldFigures(msgspec.Struct, frozen=True):
    """The payload of the job, which needs none."""


DELETE_OLD_FIGURES: Final = JobKind(name="webhooks.delete_old_figures", payload=DeleteOldFigures, timeout_s=600.0)


class Period(StrEnum):
    """The time up to now that figures are about."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class FigureKey(NamedTuple):
    """What figures are about."""

    organisation_id: UUID
    subscription_id: UUID = ALL_SUBSCRIPTIONS
    event_type: str = ALL_EVENT_TYPES


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has counted of a subscription, an event type or an organisation, in one minute or hour."""

    organisation_id: UUID
    subscription_id: UUID
    event_type: str = ALL_EVENT_TYPES
    succeeded_attempts: int
    failed_attempts: int
    retried_attempts: int = 0
    """Those of them that weren't the first of their round."""
    attempt_durations: Sequence[int]
    """How many attempts are in each bucket of `rules/histograms.py`; likewise the next one."""
    delivery_times: Sequence[int]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one minute or hour."""

    starts_at: datetime
    succeeded_attempts: int
    failed_attempts: int
    retried_attempts: int = 0
    attempt_durations: Sequence[int]
    delivery_times: Sequence[int]


class AttemptSum(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of a subscription in some minutes."""

    subscription_id: UUID
    position: int
    """Of these minutes among others, from 0."""
    succeeded_attempts: int
    failed_attempts: int


class QueueDepth(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are in one of the queues."""

    count: int
    oldest_at: datetime | None
    """When the oldest of them was accepted, or retried by hand; None without any."""
    is_more: bool
    """Whether there are more than were counted."""


class TierDepth(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of one tier that aren't finished."""

    tier: EventTier
    queued: QueueDepth
    queued_max: int
    """Events of this tier are accepted while fewer deliveries of all tiers are queued."""
    retrying: QueueDepth
    waiting: QueueDepth


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of an organisation that aren't finished."""

    queued: QueueDepth
    """Without an outcome; a part of them is being attempted."""
    queued_max: int
    """With as many, no more events are accepted."""
    retrying: QueueDepth
    waiting: QueueDepth
    next_attempt_at: datetime | None
    """When the next retry is due."""
    tiers: Sequence[TierDepth]


class AlertKind(StrEnum):
    """What an alert is about."""

    NO_WORKER = "no_worker"
    BACKLOG_OLD = "backlog_old"
    FAILURE_SHARE = "failure_share"
    SLOW_DELIVERIES = "slow_deliveries"
    RETRY_SHARE = "retry_share"
    QUEUE_DEPTH = "queue_depth"
    PAUSED = "paused"
    DEAD_LETTERS = "dead_letters"
    KEYS_BLOCKED = "keys_blocked"
    CIRCUIT_OPEN = "circuit_open"
    FAILING = "failing"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know of."""

    kind: AlertKind
    title: str
    detail: str
    """What it means and what to do, in a few sentences."""
    needs_person: bool
    """Whether it stays until a person acts; otherwise, it may end by itself."""
    subscription_id: UUID | None = None
    since: datetime | None = None
    count: int | None = None
    retry_at: datetime | None = None
    """When an open circuit is probed again."""
    pauses_at: datetime | None = None
    """When the subscription will be paused if every attempt fails until then."""
