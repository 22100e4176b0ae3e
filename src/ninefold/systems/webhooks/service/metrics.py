"""Metrics of some time, by subscription and event type: rates, and how long deliveries took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import (
    ALL_EVENT_TYPES,
    ALL_SUBSCRIPTIONS,
    HOUR_S,
    MINUTE_S,
    Backlog,
    Figure,
    FigureKey,
)
from ninefold.systems.webhooks.model.queues import QueueLimits
from ninefold.systems.webhooks.rules.event_types import check_type
from ninefold.systems.webhooks.service.alerts import count_backlog
from ninefold.systems.webhooks.service.figures import start_of_step, sum_figures
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store.circuits import circuit_count_open_of
from ninefold.systems.webhooks.store.figures import figure_list, figure_list_by_event_type

POINTS_MAX: Final = 1_500
STEP_S_MAX: Final = 30 * 24 * HOUR_S
MINUTES_KEPT: Final = timedelta(days=2)
"""How long there are steps of less than an hour."""

RANGE_DEFAULT: Final = timedelta(hours=1)
TIME_AWAY_MAX: Final = timedelta(days=100 * 365)
"""Times are computed with up to here. It is far more than figures are kept."""

MINUTES_UP_TO: Final = timedelta(hours=6)
"""A longer time has steps of an hour unless others are asked for."""


class MetricsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which metrics to read."""

    organisation_id: UUID
    subscription_id: UUID | None
    event_type: str | None
    since: datetime
    until: datetime
    step_s: int

    @property
    def stored_step_s(self) -> int:
        """The step of the figures that they are made of."""
        return HOUR_S if self.step_s % HOUR_S == 0 else MINUTE_S


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of some time."""

    query: MetricsQuery
    points: Sequence[Figure]
    """Every step, oldest first."""
    total: Figure
    by_event_type: Mapping[str, Figure]
    """The sums of event types; those of all others under `ALL_EVENT_TYPES`. Empty if one type was asked for."""
    backlog: Backlog
    """What waits in the organisation now."""
    open_circuits: int


def make_query(
    *,
    organisation_id: UUID,
    subscription_id: UUID | None,
    event_type: str | None,
    since: datetime | None,
    until: datetime | None,
    step_s: int | None,
    now: datetime,
) -> MetricsQuery:
    """Return what to read, with defaults, and with whole steps.

    Raises:
        InvalidInputError: the times, or the step, can't be used.
        InvalidEventTypeError: the event type isn't one, such as a pattern.
    """
    for field, given in (("from", since), ("to", until)):
        if given is not None and abs(given - now) > TIME_AWAY_MAX:
            raise InvalidInputError(
                f"{field} is more than {TIME_AWAY_MAX // timedelta(days=365)} years away.",
                field=field,
                remedy="Figures are kept for thirty days; use a time in them.",
            )
    if event_type is not None:
        check_type(event_type, field="event_type")
    until = until or now
    since = since or until - RANGE_DEFAULT
    if since >= until:
        raise InvalidInputError("from must be earlier than to.", field="from", remedy="Correct it.")
    are_minutes_kept = since >= now - MINUTES_KEPT
    if step_s is None:
        step_s = MINUTE_S if are_minutes_kept and until - since <= MINUTES_UP_TO else HOUR_S
    is_whole = step_s % (MINUTE_S if step_s < HOUR_S else HOUR_S) == 0
    if not (MINUTE_S <= step_s <= STEP_S_MAX and is_whole):
        raise InvalidInputError(
            f"A step of {step_s} s isn't kept.",
            field="step_s",
            remedy="Use whole minutes up to an hour (60, 300, 3600), or whole hours up to thirty days.",
        )
    if step_s < HOUR_S and not are_minutes_kept:
        raise InvalidInputError(
            f"Steps of less than an hour are kept for {MINUTES_KEPT.days} days.",
            field="step_s",
            remedy="Use 3600 or more, or a later `from`.",
        )
    start = start_of_step(since.astimezone(UTC), step_s=step_s)
    end = start_of_step(until.astimezone(UTC) + timedelta(seconds=step_s, microseconds=-1), step_s=step_s)
    if (end - start) // timedelta(seconds=step_s) > POINTS_MAX:
        raise InvalidInputError(
            f"That would be more than {POINTS_MAX:,} points.",
            field="step_s",
            remedy="Use a longer step or a shorter time.",
        )
    return MetricsQuery(
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        event_type=event_type,
        since=start,
        until=end,
        step_s=step_s,
    )


async def read_metrics(connection: Connection, query: MetricsQuery, *, limits: QueueLimits) -> Metrics:
    """Return metrics.

    Args:
        connection: a snapshot, so that all of it is of the same moment.
        query: which ones.
        limits: what queues can hold.

    Raises:
        SubscriptionNotFoundError: the organisation has no such subscription.
    """
    organisation_id = query.organisation_id
    if query.subscription_id is not None:
        await get_subscription(connection, organisation_id=organisation_id, subscription_id=query.subscription_id)
    subscription_id = query.subscription_id or ALL_SUBSCRIPTIONS
    found = await figure_list(
        connection,
        FigureKey(organisation_id, subscription_id, query.event_type or ALL_EVENT_TYPES),
        step_s=query.stored_step_s,
        since=query.since,
        until=query.until,
    )
    total = sum_figures(query.since, found)
    by_event_type = {}
    if query.event_type is None:
        listed = await figure_list_by_event_type(
            connection,
            organisation_id=organisation_id,
            subscription_id=subscription_id,
            step_s=query.stored_step_s,
            since=query.since,
            until=query.until,
        )
        by_event_type = {event_type: sum_figures(query.since, figures) for event_type, figures in listed.items()}
        others = _difference(total, list(by_event_type.values()))
        if others.succeeded_attempts or others.failed_attempts:
            by_event_type[ALL_EVENT_TYPES] = others
    return Metrics(
        query=query,
        points=_points(query, found),
        total=total,
        by_event_type=by_event_type,
        backlog=await count_backlog(connection, organisation_id=organisation_id, limits=limits),
        open_circuits=await circuit_count_open_of(connection, organisation_id=organisation_id),
    )


def _points(query: MetricsQuery, found: Sequence[Figure]) -> list[Figure]:
    by_start = defaultdict(list)
    for figure in found:
        by_start[start_of_step(figure.starts_at, step_s=query.step_s)].append(figure)
    step = timedelta(seconds=query.step_s)
    starts = [query.since + step * i for i in range((query.until - query.since) // step)]
    return [sum_figures(starts_at, by_start.get(starts_at, ())) for starts_at in starts]


def _difference(total: Figure, parts: Sequence[Figure]) -> Figure:
    part = sum_figures(total.starts_at, parts)
    return Figure(
        starts_at=total.starts_at,
        succeeded_attempts=max(0, total.succeeded_attempts - part.succeeded_attempts),
        failed_attempts=max(0, total.failed_attempts - part.failed_attempts),
        retried_attempts=max(0, total.retried_attempts - part.retried_attempts),
        attempt_durations=_subtract(total.attempt_durations, part.attempt_durations),
        delivery_times=_subtract(total.delivery_times, part.delivery_times),
    )


def _subtract(some: Sequence[int], others: Sequence[int]) -> list[int]:
    return [max(0, one - other) for one, other in zip(some, others, strict=True)]
