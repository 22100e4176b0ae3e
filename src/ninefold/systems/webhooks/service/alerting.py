"""Evaluating alerts: what fires and what is resolved, with everything that follows, in the caller's transaction.

A worker that is killed leaves all of it or nothing: the alert, the event that says so, and the jobs that send it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from ninefold.core.errors import NinefoldError
from ninefold.core.ids import new_id
from ninefold.core.jobs import enqueue
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.alerts import (
    JOB_OF_CHANNEL,
    AlertChange,
    AlertChannel,
    AlertMessage,
    AlertState,
    KeptAlert,
    Reading,
)
from ninefold.systems.webhooks.model.figures import AlertKind
from ninefold.systems.webhooks.rules.alert_rules import decide
from ninefold.systems.webhooks.rules.alert_texts import EVENT_TYPE_OF_CHANGE, event_payload
from ninefold.systems.webhooks.service.alert_readings import read_all
from ninefold.systems.webhooks.service.publishing import EventDraft, publish_events
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.settings import AlertSettings
from ninefold.systems.webhooks.store.alerts import (
    alert_evaluation_begin,
    alert_insert_many,
    alert_list_firing,
    alert_notification_insert_many,
    alert_resolve,
    alert_set_clear_since,
)

CHANGES_MAX: Final = 1_000
"""Alerts that fire in one evaluation, and those that are resolved; the next evaluation has the rest."""

MESSAGE_ALERTS_MAX: Final = 500
"""Alerts of one message, whose job has their ids."""

_ItemT = TypeVar("_ItemT")


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation has found and changed."""

    fired: Sequence[KeptAlert]
    resolved: Sequence[KeptAlert]
    firing: Mapping[AlertKind, int]
    """How many alerts of each kind are firing now."""
    queue_fill_share: float
    dead_letters: int


async def evaluate_alerts(
    connection: Connection, recipient_cache: RecipientCache, settings: AlertSettings
) -> Evaluation | None:
    """Evaluate the alerts of all organisations, if that is due and no other worker does it.

    Args:
        connection: the transaction, which holds the lock of the evaluation.
        recipient_cache: the organisations' subscriptions.
        settings: thresholds and channels.

    Returns:
        What has changed; None if it wasn't due.
    """
    now = await alert_evaluation_begin(connection, interval_s=settings.alert_interval_s)
    if now is None:
        return None
    firing = await alert_list_firing(connection)
    read = await read_all(connection, settings, now=now)
    decisions = decide(read.readings, firing, now=now, clear_after=timedelta(seconds=settings.alert_clear_s))
    if decisions.clear_since:
        await alert_set_clear_since(connection, decisions.clear_since)
    fired = [_fire(reading, now=now) for reading in decisions.fired[:CHANGES_MAX]]
    if fired:
        await alert_insert_many(connection, fired)
        await _announce(connection, recipient_cache, fired, AlertChange.FIRED, settings)
    resolved: list[KeptAlert] = []
    if decisions.resolved:
        resolved = await alert_resolve(connection, alert_ids=decisions.resolved[:CHANGES_MAX], resolved_at=now)
        await _announce(connection, recipient_cache, resolved, AlertChange.RESOLVED, settings)
    kinds = Counter([alert.key.kind for alert in firing])
    kinds.update(alert.kind for alert in fired)
    kinds.subtract(alert.kind for alert in resolved)
    return Evaluation(
        fired=fired,
        resolved=resolved,
        firing=kinds,
        queue_fill_share=read.queue_fill_share,
        dead_letters=read.dead_letters,
    )


def channels_of(settings: AlertSettings) -> list[AlertChannel]:
    """Return the channels over which alerts are sent besides webhooks."""
    is_set = {
        AlertChannel.SLACK: settings.alert_slack_url is not None,
        AlertChannel.MAIL: settings.mail_server is not None,
    }
    return [channel for channel, is_wanted in is_set.items() if is_wanted]


async def _announce(
    connection: Connection,
    recipient_cache: RecipientCache,
    alerts: Sequence[KeptAlert],
    change: AlertChange,
    settings: AlertSettings,
) -> None:
    """Publish an event for each alert, and enqueue the messages about all of them."""
    for organisation_id in dict.fromkeys(alert.organisation_id for alert in alerts):
        drafts = [
            EventDraft(
                event_type=EVENT_TYPE_OF_CHANGE[change], payload=event_payload(alert, change), idempotency_key=None
            )
            for alert in alerts
            if alert.organisation_id == organisation_id
        ]
        results = await publish_events(
            connection, recipient_cache, organisation_id=organisation_id, drafts=drafts, is_by_user=False
        )
        for result in results:
            if isinstance(result, NinefoldError):
                raise result
    channels = channels_of(settings)
    if not channels:
        return
    alert_ids = [alert.alert_id for alert in alerts]
    await alert_notification_insert_many(connection, alert_ids=alert_ids, change=change, channels=channels)
    for channel in channels:
        for part in _parts(alert_ids, MESSAGE_ALERTS_MAX):
            # Messages of a channel are sent one after the other, so that none overtakes an earlier one.
            await enqueue(
                connection,
                JOB_OF_CHANNEL[channel],
                AlertMessage(change=change, alert_ids=part),
                organisation_id=None,
                key=f"webhooks.alerts.{channel}",
            )


def _fire(reading: Reading, *, now: datetime) -> KeptAlert:
    key = reading.key
    return KeptAlert(
        alert_id=new_id(),
        organisation_id=key.organisation_id,
        kind=key.kind,
        is_installation_wide=key.is_installation_wide,
        subscription_id=key.subscription_id,
        state=AlertState.FIRING,
        title=reading.title,
        detail=reading.detail,
        value=reading.value,
        threshold=reading.threshold,
        fired_at=now,
        resolved_at=None,
    )


def _parts(items: Sequence[_ItemT], size: int) -> Iterator[Sequence[_ItemT]]:
    return (items[start : start + size] for start in range(0, len(items), size))
