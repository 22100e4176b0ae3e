"""Figures over a period: every minute or hour of it, and their sum."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import (
    ALL_SUBSCRIPTIONS,
    HOUR_S,
    MINUTE_S,
    Figure,
    FigureKey,
    Period,
)
from ninefold.systems.webhooks.rules.histograms import BUCKETS, add_counts
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store.figures import figure_list, figure_sum_by_subscription

SPARKLINE_WIDTH_S: Final = 180
SPARKLINE_POINTS: Final = 20
"""The points of a sparkline: the last hour."""

_STEPS: Final = {Period.HOUR: (MINUTE_S, 60), Period.DAY: (HOUR_S, 24), Period.WEEK: (HOUR_S, 168)}
"""The seconds between the points of a period, and how many there are."""

_NONE: Final = tuple([0] * BUCKETS)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a period."""

    step_s: int
    points: Sequence[Figure]
    """Every minute or hour, oldest first; the last one isn't over."""
    total: Figure


class Sparkline(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of a subscription in the last hour."""

    subscription_id: UUID
    succeeded_attempts: Sequence[int]
    """In each of `SPARKLINE_POINTS` parts of the hour, oldest first; likewise the next one."""
    failed_attempts: Sequence[int]


async def read_organisation_figures(
    connection: Connection, *, organisation_id: UUID, period: Period, now: datetime
) -> Figures:
    """Return the figures of all subscriptions of an organisation together, deleted ones included."""
    return await _read(
        connection, organisation_id=organisation_id, subscription_id=ALL_SUBSCRIPTIONS, period=period, now=now
    )


async def read_subscription_figures(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, period: Period, now: datetime
) -> Figures:
    """Return the figures of a subscription.

    Raises:
        SubscriptionNotFoundError: the organisation has no such subscription.
    """
    await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    return await _read(
        connection, organisation_id=organisation_id, subscription_id=subscription_id, period=period, now=now
    )


async def read_sparklines(connection: Connection, *, organisation_id: UUID, now: datetime) -> list[Sparkline]:
    """Return the sparklines of the subscriptions that had an attempt in the last hour."""
    since = start_of_step(now, step_s=MINUTE_S) - timedelta(seconds=SPARKLINE_WIDTH_S * SPARKLINE_POINTS - MINUTE_S)
    sums = await figure_sum_by_subscription(
        connection, organisation_id=organisation_id, since=since, width_s=SPARKLINE_WIDTH_S
    )
    lines: dict[UUID, tuple[list[int], list[int]]] = {}
    for each in sums:
        if each.subscription_id not in lines:
            lines[each.subscription_id] = ([0] * SPARKLINE_POINTS, [0] * SPARKLINE_POINTS)
        # A worker's clock can be ahead.
        position = min(each.position, SPARKLINE_POINTS - 1)
        succeeded, failed = lines[each.subscription_id]
        succeeded[position] += each.succeeded_attempts
        failed[position] += each.failed_attempts
    return [
        Sparkline(subscription_id=subscription_id, succeeded_attempts=succeeded, failed_attempts=failed)
        for subscription_id, (succeeded, failed) in sorted(lines.items())
    ]


async def _read(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, period: Period, now: datetime
) -> Figures:
    step_s, count = _STEPS[period]
    since = start_of_step(now, step_s=step_s) - timedelta(seconds=step_s * (count - 1))
    found = await figure_list(connection, FigureKey(organisation_id, subscription_id), step_s=step_s, since=since)
    by_start = {figure.starts_at: figure for figure in found}
    starts = [since + timedelta(seconds=step_s * i) for i in range(count)]
    return Figures(
        step_s=step_s,
        points=[by_start.get(starts_at) or sum_figures(starts_at, []) for starts_at in starts],
        total=sum_figures(since, found),
    )


def sum_figures(starts_at: datetime, figures: Iterable[Figure]) -> Figure:
    """Return the sum of figures, as those of the time that starts then."""
    figures = list(figures)
    return Figure(
        starts_at=starts_at,
        succeeded_attempts=sum(figure.succeeded_attempts for figure in figures),
        failed_attempts=sum(figure.failed_attempts for figure in figures),
        retried_attempts=sum(figure.retried_attempts for figure in figures),
        attempt_durations=add_counts(figure.attempt_durations for figure in figures) if figures else _NONE,
        delivery_times=add_counts(figure.delivery_times for figure in figures) if figures else _NONE,
    )


def start_of_step(time: datetime, *, step_s: int) -> datetime:
    """Return when the step began in which a time is."""
    return datetime.fromtimestamp(int(time.timestamp()) // step_s * step_s, UTC)
