"""What a person should know of, worked out each time it is asked for: alerts, and the deliveries that wait."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.store import worker_count_alive
from ninefold.systems.webhooks.model import TIERS, PauseReason
from ninefold.systems.webhooks.model.alerts import AlertFilter, AlertState, KeptAlert, SubscriptionCount
from ninefold.systems.webhooks.model.figures import (
    MINUTE_S,
    Alert,
    AlertKind,
    Backlog,
    FigureKey,
    QueueDepth,
    TierDepth,
)
from ninefold.systems.webhooks.model.queues import QueueLimits
from ninefold.systems.webhooks.rules.alert_texts import (
    blocked_key_texts,
    circuit_texts,
    dead_letter_texts,
    failures_in_a_row,
    minutes_text,
    percent,
    subscription_name,
)
from ninefold.systems.webhooks.rules.queue_limits import accepted_below
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.alerts import (
    UnhealthySubscription,
    alert_list,
    alert_list_dead_letters,
    alert_list_subscriptions,
)
from ninefold.systems.webhooks.store.backlogs import (
    backlog_count_retrying,
    backlog_count_waiting,
)
from ninefold.systems.webhooks.store.figures import figure_list, figure_sum_by_subscription
from ninefold.systems.webhooks.store.ordering import ordered_delivery_list_blocked_subscriptions
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list_of
from ninefold.systems.webhooks.store.subscriptions import subscription_find

ALERTS_MAX: Final = 50
"""Alerts about subscriptions, about dead letters, and about blocked keys; the worst are shown."""

COUNTED_MAX: Final = 10_000
"""Rows that are counted in the other queues. Counting a longer one would add to the load that caused it."""

QUEUED_AGE_MAX: Final = timedelta(seconds=30)
"""A first attempt that waits longer means that workers don't keep up."""

FROM_EVALUATION: Final = (AlertKind.SLOW_DELIVERIES, AlertKind.RETRY_SHARE, AlertKind.QUEUE_DEPTH)
"""Alerts that are shown as they were last evaluated; the others are worked out at once."""

LETTERS_SINCE: Final = timedelta(days=1)

_EMPTY: Final = QueueDepth(count=0, oldest_at=None, is_more=False)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, and what a person should know of."""

    backlog: Backlog
    worker_count: int
    alerts: Sequence[Alert]
    """Those that need a person first."""


async def read_status(
    connection: Connection, *, organisation_id: UUID, now: datetime, settings: WebhooksSettings
) -> Status:
    """Return what waits in an organisation, and its alerts.

    Args:
        connection: a snapshot, so that all of it is of the same moment.
        organisation_id: the organisation.
        now: the current time.
        settings: the thresholds, and how long a subscription may fail before it is paused.
    """
    backlog = await count_backlog(connection, organisation_id=organisation_id, limits=settings.queue_limits)
    worker_count = await worker_count_alive(connection)
    unhealthy = await alert_list_subscriptions(connection, organisation_id=organisation_id, limit=ALERTS_MAX)
    letters = await alert_list_dead_letters(
        connection, organisation_id=organisation_id, since=now - LETTERS_SINCE, limit=ALERTS_MAX
    )
    blocked = await ordered_delivery_list_blocked_subscriptions(
        connection, organisation_id=organisation_id, limit=ALERTS_MAX
    )
    alerts = [
        *_worker_alerts(worker_count, backlog, now=now),
        *await _failure_alerts(connection, settings, organisation_id=organisation_id, now=now),
        *(_evaluated_alert(each) for each in await _list_evaluated(connection, organisation_id=organisation_id)),
        *(_subscription_alert(each, pause_after_s=settings.pause_after_s) for each in unhealthy),
        *(_dead_letter_alert(each) for each in letters),
        *(_blocked_keys_alert(each) for each in blocked),
    ]
    alerts.sort(key=lambda alert: not alert.needs_person)
    return Status(backlog=backlog, worker_count=worker_count, alerts=alerts)


async def count_backlog(connection: Connection, *, organisation_id: UUID, limits: QueueLimits) -> Backlog:
    """Return how many deliveries of an organisation wait, and in what.

    Args:
        connection: a snapshot, so that all of it is of the same moment.
        organisation_id: the organisation.
        limits: what its queue can hold.
    """
    queued = {
        queue.tier: QueueDepth(count=max(0, queue.deliveries), oldest_at=queue.oldest_at, is_more=False)
        for queue in await queue_depth_list_of(connection, organisation_id=organisation_id)
    }
    retrying, next_attempt_at = await backlog_count_retrying(
        connection, organisation_id=organisation_id, limit=COUNTED_MAX
    )
    waiting = await backlog_count_waiting(connection, organisation_id=organisation_id, limit=COUNTED_MAX)
    tiers = [
        TierDepth(
            tier=tier,
            queued=queued[number],
            queued_max=accepted_below(limits.organisation, number),
            retrying=retrying.get(number, _EMPTY),
            waiting=waiting.get(number, _EMPTY),
        )
        for number, tier in enumerate(TIERS)
    ]
    return Backlog(
        queued=_sum(queued.values()),
        queued_max=limits.organisation,
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
            detail="Events are accepted and kept, but nothing is delivered. Start ninefold worker, or ninefold up.",
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


async def _failure_alerts(
    connection: Connection, settings: WebhooksSettings, *, organisation_id: UUID, now: datetime
) -> list[Alert]:
    """Return an alert if too many attempts failed lately. It names the subscription with the most."""
    window = timedelta(seconds=settings.alert_window_s)
    since = now - window
    minutes = await figure_list(connection, FigureKey(organisation_id), step_s=MINUTE_S, since=since)
    failed = sum(minute.failed_attempts for minute in minutes)
    attempts = failed + sum(minute.succeeded_attempts for minute in minutes)
    if attempts < settings.alert_attempts_min or failed <= settings.alert_failure_share_max * attempts:
        return []
    sums = await figure_sum_by_subscription(
        connection,
        organisation_id=organisation_id,
        since=since,
        width_s=settings.alert_window_s,
    )
    if not sums:
        # Only subscriptions that were deleted have failed.
        return []
    worst = max(sums, key=lambda each: each.failed_attempts)
    subscription = await subscription_find(
        connection, organisation_id=organisation_id, subscription_id=worst.subscription_id
    )
    name = "one subscription" if subscription is None else subscription_name(subscription.description, subscription.url)
    return [
        Alert(
            kind=AlertKind.FAILURE_SHARE,
            title=f"{percent(failed / attempts)} of the attempts fail",
            detail=f"Of {attempts:,} attempts in the last {minutes_text(window)}, {failed:,} failed;"
            f" {percent(worst.failed_attempts / failed)} of those were to {name}.",
            needs_person=True,
            subscription_id=worst.subscription_id,
            count=failed,
        )
    ]


async def _list_evaluated(connection: Connection, *, organisation_id: UUID) -> list[KeptAlert]:
    only = AlertFilter(state=AlertState.FIRING, kinds=FROM_EVALUATION)
    return await alert_list(connection, organisation_id=organisation_id, only=only, before=None, limit=ALERTS_MAX)


def _evaluated_alert(alert: KeptAlert) -> Alert:
    return Alert(kind=alert.kind, title=alert.title, detail=alert.detail, needs_person=True, since=alert.fired_at)


def _subscription_alert(each: UnhealthySubscription, *, pause_after_s: float) -> Alert:
    name = subscription_name(each.description, each.url)
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
    failures = each.consecutive_failures or 0
    is_open = each.opened_at is not None
    title, detail = f"{name} fails", f"{failures_in_a_row(failures)} They are retried."
    if is_open:
        title, detail = circuit_texts(name, consecutive_failures=failures)
    return Alert(
        kind=AlertKind.CIRCUIT_OPEN if is_open else AlertKind.FAILING,
        title=title,
        detail=detail,
        needs_person=False,
        subscription_id=each.subscription_id,
        since=each.opened_at or each.failing_since,
        count=each.consecutive_failures,
        retry_at=each.retry_at,
        pauses_at=None if each.failing_since is None else each.failing_since + timedelta(seconds=pause_after_s),
    )


def _dead_letter_alert(each: SubscriptionCount) -> Alert:
    title, detail = dead_letter_texts(subscription_name(each.description, each.url), count=each.count)
    return Alert(
        kind=AlertKind.DEAD_LETTERS,
        title=title,
        detail=detail,
        needs_person=True,
        subscription_id=each.subscription_id,
        since=each.since,
        count=each.count,
    )


def _blocked_keys_alert(each: SubscriptionCount) -> Alert:
    title, detail = blocked_key_texts(subscription_name(each.description, each.url), count=each.count)
    return Alert(
        kind=AlertKind.KEYS_BLOCKED,
        title=title,
        detail=detail,
        needs_person=True,
        subscription_id=each.subscription_id,
        since=each.since,
        count=each.count,
    )
