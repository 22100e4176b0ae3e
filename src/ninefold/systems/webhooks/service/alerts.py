"""What a person should know of, worked out each time it is asked for: alerts, and the deliveries that wait."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.store import worker_count_alive
from ninefold.systems.webhooks.model import TIERS, PauseReason
from ninefold.systems.webhooks.model.figures import (
    ALL_SUBSCRIPTIONS,
    MINUTE_S,
    Alert,
    AlertKind,
    Backlog,
    QueueDepth,
    TierDepth,
)
from ninefold.systems.webhooks.store.alerts import (
    DeadLetterCount,
    UnhealthySubscription,
    alert_list_dead_letters,
    alert_list_subscriptions,
)
from ninefold.systems.webhooks.store.backlogs import (
    backlog_count_queued,
    backlog_count_retrying,
    backlog_count_waiting,
)
from ninefold.systems.webhooks.store.figures import figure_list, figure_sum_by_subscription
from ninefold.systems.webhooks.store.subscriptions import subscription_find

ALERTS_MAX: Final = 50
"""Alerts about subscriptions, and about dead letters; the worst are shown."""

COUNTED_MAX: Final = 10_000
"""Rows that are counted in each queue. Counting a longer one would add to the load that caused it."""

QUEUED_AGE_MAX: Final = timedelta(seconds=30)
"""A first attempt that waits longer means that workers don't keep up."""

FAILURE_WINDOW: Final = timedelta(minutes=15)
FAILURE_SHARE_MAX: Final = 0.05
FAILURE_ATTEMPTS_MIN: Final = 20
"""With fewer attempts, a share says little."""

LETTERS_SINCE: Final = timedelta(days=1)

_EMPTY: Final = QueueDepth(count=0, oldest_at=None, is_more=False)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, and what a person should know of."""

    backlog: Backlog
    worker_count: int
    alerts: Sequence[Alert]
    """Those that need a person first."""


async def read_status(connection: Connection, *, organisation_id: UUID, now: datetime, pause_after_s: float) -> Status:
    """Return what waits in an organisation, and its alerts.

    Args:
        connection: a snapshot, so that all of it is of the same moment.
        organisation_id: the organisation.
        now: the current time.
        pause_after_s: how long a subscription may fail before it is paused.
    """
    backlog = await _count_backlog(connection, organisation_id=organisation_id)
    worker_count = await worker_count_alive(connection)
    unhealthy = await alert_list_subscriptions(connection, organisation_id=organisation_id, limit=ALERTS_MAX)
    letters = await alert_list_dead_letters(
        connection, organisation_id=organisation_id, since=now - LETTERS_SINCE, limit=ALERTS_MAX
    )
    alerts = [
        *_worker_alerts(worker_count, backlog, now=now),
        *await _failure_alerts(connection, organisation_id=organisation_id, since=now - FAILURE_WINDOW),
        *(_subscription_alert(each, pause_after_s=pause_after_s) for each in unhealthy),
        *(_dead_letter_alert(each) for each in letters),
    ]
    alerts.sort(key=lambda alert: not alert.needs_person)
    return Status(backlog=backlog, worker_count=worker_count, alerts=alerts)


async def _count_backlog(connection: Connection, *, organisation_id: UUID) -> Backlog:
    queued = await backlog_count_queued(connection, organisation_id=organisation_id, limit=COUNTED_MAX)
    retrying, next_attempt_at = await backlog_count_retrying(
        connection, organisation_id=organisation_id, limit=COUNTED_MAX
    )
    waiting = await backlog_count_waiting(connection, organisation_id=organisation_id, limit=COUNTED_MAX)
    tiers = [
        TierDepth(
            tier=tier,
            queued=queued.get(number, _EMPTY),
            retrying=retrying.get(number, _EMPTY),
            waiting=waiting.get(number, _EMPTY),
        )
        for number, tier in enumerate(TIERS)
    ]
    return Backlog(
        queued=_sum(queued.values()),
        retrying=_sum(retrying.values()),
        waiting=_sum(waiting.values()),
        next_attempt_at=next_attempt_at,
        tiers=tiers,
    )


def _sum(depths: Collection[QueueDepth]) -> QueueDepth:
    return QueueDepth(
        count=sum(depth.count for depth in depths),
        oldest_at=min((depth.oldest_at for depth in depths if depth.oldest_at is not None), default=None),
        is_more=any(depth.is_more for depth in depths),
    )


def _worker_alerts(worker_count: int, backlog: Backlog, *, now: datetime) -> Iterator[Alert]:
    if not worker_count:
        yield Alert(
            kind=AlertKind.NO_WORKER,
            title="No worker is running",
            detail="Events are accepted and kept, but nothing is delivered. Start `ninefold worker`, or `ninefold up`.",
            needs_person=True,
        )
    oldest_at = backlog.queued.oldest_at
    if worker_count and oldest_at is not None and now - oldest_at > QUEUED_AGE_MAX:
        yield Alert(
            kind=AlertKind.BACKLOG_OLD,
            title=f"First attempts are {int((now - oldest_at).total_seconds()):,} s late",
            detail="Workers don't keep up with what is published. Start more of them, or look at slow receivers.",
            needs_person=True,
            since=oldest_at,
            count=backlog.queued.count,
        )


async def _failure_alerts(connection: Connection, *, organisation_id: UUID, since: datetime) -> list[Alert]:
    """Return an alert if too many attempts since a time failed. It names the subscription with the most."""
    minutes = await figure_list(
        connection,
        organisation_id=organisation_id,
        subscription_id=ALL_SUBSCRIPTIONS,
        step_s=MINUTE_S,
        since=since,
    )
    failed = sum(minute.failed_attempts for minute in minutes)
    attempts = failed + sum(minute.succeeded_attempts for minute in minutes)
    if attempts < FAILURE_ATTEMPTS_MIN or failed <= FAILURE_SHARE_MAX * attempts:
        return []
    sums = await figure_sum_by_subscription(
        connection,
        organisation_id=organisation_id,
        since=since,
        width_s=int(FAILURE_WINDOW.total_seconds()),
    )
    if not sums:
        # Only subscriptions that were deleted have failed.
        return []
    worst = max(sums, key=lambda each: each.failed_attempts)
    subscription = await subscription_find(
        connection, organisation_id=organisation_id, subscription_id=worst.subscription_id
    )
    name = "one subscription" if subscription is None else _name(subscription.description, subscription.url)
    return [
        Alert(
            kind=AlertKind.FAILURE_SHARE,
            title=f"{_percent(failed / attempts)} of the attempts fail",
            detail=f"Of {attempts:,} attempts in the last 15 minutes, {failed:,} failed;"
            f" {_percent(worst.failed_attempts / failed)} of those were to {name}.",
            needs_person=True,
            subscription_id=worst.subscription_id,
            count=failed,
        )
    ]


def _subscription_alert(each: UnhealthySubscription, *, pause_after_s: float) -> Alert:
    name = _name(each.description, each.url)
    if each.paused_at is not None:
        is_gone = each.pause_reason is PauseReason.GONE
        return Alert(
            kind=AlertKind.PAUSED,
            title=f"{name} is paused",
            detail=("Its receiver answered 410 Gone." if is_gone else "Every attempt failed, for days.")
            + " Nothing is sent to it until somebody resumes it.",
            needs_person=True,
            subscription_id=each.subscription_id,
            since=each.paused_at,
        )
    failures = f"{each.consecutive_failures or 0:,} attempts in a row failed."
    if each.consecutive_failures == 1:
        failures = "The last attempt failed."
    is_open = each.opened_at is not None
    return Alert(
        kind=AlertKind.CIRCUIT_OPEN if is_open else AlertKind.FAILING,
        title=f"Circuit of {name} is open" if is_open else f"{name} fails",
        detail=f"{failures} " + ("What comes for it waits until a probe succeeds." if is_open else "They are retried."),
        needs_person=False,
        subscription_id=each.subscription_id,
        since=each.opened_at or each.failing_since,
        count=each.consecutive_failures,
        retry_at=each.retry_at,
        pauses_at=None if each.failing_since is None else each.failing_since + timedelta(seconds=pause_after_s),
    )


def _dead_letter_alert(each: DeadLetterCount) -> Alert:
    deliveries = "1 delivery" if each.count == 1 else f"{each.count:,} deliveries"
    return Alert(
        kind=AlertKind.DEAD_LETTERS,
        title=f"{deliveries} to {_name(each.description, each.url)} failed",
        detail="In the last day, after all retries. They wait for a replay.",
        needs_person=True,
        subscription_id=each.subscription_id,
        since=each.since,
        count=each.count,
    )


def _name(description: str, url: str) -> str:
    """Return what a subscription is called, as in the console: its description, or its host."""
    return description or urlsplit(url).netloc or url


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
