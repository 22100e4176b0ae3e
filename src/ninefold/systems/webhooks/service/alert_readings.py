"""The values that alerts depend on, of all organisations: from figures, queues, circuits and dead letters."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.store.organisations import organisation_list
from ninefold.systems.webhooks.model.alerts import AlertKey, Reading, SubscriptionCount
from ninefold.systems.webhooks.model.figures import ALL_EVENT_TYPES, MINUTE_S, AlertKind, Figure
from ninefold.systems.webhooks.rules.alert_texts import (
    circuit_texts,
    dead_letter_texts,
    failure_texts,
    queue_texts,
    retry_texts,
    slow_texts,
    subscription_name,
)
from ninefold.systems.webhooks.rules.event_types import OPERATIONAL_EVENT_TYPES
from ninefold.systems.webhooks.rules.histograms import add_counts, percentile_ms
from ninefold.systems.webhooks.service.queue_depths import FilledQueue, read_queue_depths
from ninefold.systems.webhooks.settings import AlertSettings
from ninefold.systems.webhooks.store.alerts import (
    OpenCircuit,
    alert_list_every_dead_letter,
    alert_list_every_open_circuit,
)
from ninefold.systems.webhooks.store.figures import figure_list_evaluated

CIRCUITS_MAX: Final = 10_000
"""Open circuits that are looked at; there are no alerts about further ones."""

LETTERS_SINCE: Final = timedelta(days=1)
"""Dead letters that are older are no longer an alert."""

_P99: Final = 0.99


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """What was read at one moment."""

    readings: Sequence[Reading]
    queue_fill_share: float
    """Of the fullest queue."""
    dead_letters: int


async def read_all(connection: Connection, settings: AlertSettings, *, now: datetime) -> Readings:
    """Return the values that alerts depend on, of all organisations."""
    queues = await read_queue_depths(connection, settings.queue_limits)
    circuits = await alert_list_every_open_circuit(connection, limit=CIRCUITS_MAX)
    letters = await alert_list_every_dead_letter(
        connection, since=now - LETTERS_SINCE, excluded_event_types=sorted(OPERATIONAL_EVENT_TYPES)
    )
    system_organisation_id = await _find_system_organisation(connection, settings)
    return Readings(
        readings=[
            *await _read_figures(connection, settings, now=now),
            *_read_queues(queues, settings, system_organisation_id=system_organisation_id),
            *map(_read_circuit, circuits),
            *(_read_letters(organisation_id, letter) for organisation_id, letter in letters),
        ],
        queue_fill_share=max(queue.share for queue in queues),
        dead_letters=sum(letter.count for _, letter in letters),
    )


async def _find_system_organisation(connection: Connection, settings: AlertSettings) -> UUID | None:
    """Return the organisation that gets alerts about the installation; None if there is no organisation yet."""
    if settings.alert_organisation_id is not None:
        return settings.alert_organisation_id
    oldest = await organisation_list(connection, limit=1)
    return oldest[0].organisation_id if oldest else None


async def _read_figures(connection: Connection, settings: AlertSettings, *, now: datetime) -> list[Reading]:
    window = timedelta(seconds=settings.alert_window_s)
    by_key = await figure_list_evaluated(connection, since=now - window - timedelta(seconds=MINUTE_S))
    readings: list[Reading] = []
    for (organisation_id, event_type), figures in by_key.items():
        if event_type == ALL_EVENT_TYPES:
            sent = [each for alert in OPERATIONAL_EVENT_TYPES for each in by_key.get((organisation_id, alert), ())]
            readings.extend(_read_shares(organisation_id, figures, sent, settings, window=window))
    return readings


def _read_shares(
    organisation_id: UUID,
    figures: Sequence[Figure],
    sent: Sequence[Figure],
    settings: AlertSettings,
    *,
    window: timedelta,
) -> Iterator[Reading]:
    """Yield what an organisation's attempts say, without those that have sent alerts.

    If they counted, an alert that can't be delivered would cause another one.
    """
    failed, succeeded, retried = (
        max(0, one - other) for one, other in zip(_counts(figures), _counts(sent), strict=True)
    )
    attempts = failed + succeeded
    if attempts >= settings.alert_attempts_min:
        title, detail = failure_texts(attempts=attempts, failed=failed, window=window)
        yield Reading(
            key=AlertKey(organisation_id, AlertKind.FAILURE_SHARE),
            value=failed / attempts,
            threshold=settings.alert_failure_share_max,
            title=title,
            detail=detail,
        )
        title, detail = retry_texts(attempts=attempts, retried=retried, window=window)
        yield Reading(
            key=AlertKey(organisation_id, AlertKind.RETRY_SHARE),
            value=retried / attempts,
            threshold=settings.alert_retry_share_max,
            title=title,
            detail=detail,
        )
    all_times, alert_times = (add_counts(each.delivery_times for each in part) for part in (figures, sent))
    times = [max(0, one - other) for one, other in zip(all_times, alert_times, strict=True)]
    p99_ms = percentile_ms(times, _P99)
    if p99_ms is not None and sum(times) >= settings.alert_attempts_min:
        title, detail = slow_texts(p99_ms=p99_ms, deliveries=sum(times), window=window)
        yield Reading(
            key=AlertKey(organisation_id, AlertKind.SLOW_DELIVERIES),
            value=p99_ms / 1_000,
            threshold=settings.alert_delivery_time_s_max,
            title=title,
            detail=detail,
        )


def _read_queues(
    queues: Sequence[FilledQueue], settings: AlertSettings, *, system_organisation_id: UUID | None
) -> Iterator[Reading]:
    for queue in queues:
        organisation_id = queue.organisation_id or system_organisation_id
        if organisation_id is None:
            continue
        is_installation_wide = queue.organisation_id is None
        title, detail = queue_texts(
            depth=queue.depth, capacity=queue.capacity, is_installation_wide=is_installation_wide
        )
        yield Reading(
            key=AlertKey(organisation_id, AlertKind.QUEUE_DEPTH, is_installation_wide),
            value=queue.share,
            threshold=settings.alert_queue_share_max,
            title=title,
            detail=detail,
        )


def _read_circuit(circuit: OpenCircuit) -> Reading:
    title, detail = circuit_texts(
        subscription_name(circuit.description, circuit.url), consecutive_failures=circuit.consecutive_failures
    )
    return Reading(
        key=AlertKey(circuit.organisation_id, AlertKind.CIRCUIT_OPEN, subscription_id=circuit.subscription_id),
        value=1,
        threshold=0,
        title=title,
        detail=detail,
    )


def _read_letters(organisation_id: UUID, letters: SubscriptionCount) -> Reading:
    title, detail = dead_letter_texts(subscription_name(letters.description, letters.url), count=letters.count)
    return Reading(
        key=AlertKey(organisation_id, AlertKind.DEAD_LETTERS, subscription_id=letters.subscription_id),
        value=letters.count,
        threshold=0,
        title=title,
        detail=detail,
    )


def _counts(figures: Sequence[Figure]) -> tuple[int, int, int]:
    """Return how many attempts failed, succeeded, and were retries."""
    return (
        sum(each.failed_attempts for each in figures),
        sum(each.succeeded_attempts for each in figures),
        sum(each.retried_attempts for each in figures),
    )
