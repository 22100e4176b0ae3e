"""The data types of alerts that are kept and sent."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.core.jobs import Backoff, JobKind
from ninefold.systems.webhooks.model.figures import AlertKind

ALERT_PREFIX: Final = "alr"


class AlertState(StrEnum):
    """The state of an alert."""

    FIRING = "firing"
    """Its condition is met, or was until a moment ago."""
    RESOLVED = "resolved"


class AlertChange(StrEnum):
    """What is sent of an alert."""

    FIRED = "fired"
    RESOLVED = "resolved"


class AlertChannel(StrEnum):
    """Where an alert is sent besides the subscriptions of its organisation."""

    SLACK = "slack"
    MAIL = "mail"


class AlertKey(NamedTuple):
    """What an alert is about. At most one alert about it is firing."""

    organisation_id: UUID
    """Who gets it."""
    kind: AlertKind
    is_installation_wide: bool = False
    subscription_id: UUID | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A value that an alert depends on."""

    key: AlertKey
    value: float
    threshold: float
    """The alert fires above it."""
    title: str
    detail: str


class SubscriptionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many of something a subscription has: dead letters, or blocked keys."""

    subscription_id: UUID
    description: str
    url: str
    count: int
    since: datetime
    """When the first of them failed."""


class FiringAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is firing, as far as its evaluation needs it."""

    alert_id: UUID
    key: AlertKey
    clear_since: datetime | None


class AlertNotification(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an alert."""

    change: AlertChange
    channel: AlertChannel
    attempt_count: int
    sent_at: datetime | None
    error: str | None
    """Why the last attempt to send it failed."""
    is_final: bool
    """Whether it failed in a way that no further attempt is made."""


class KeptAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was fired, as it was then."""

    alert_id: UUID
    organisation_id: UUID
    kind: AlertKind
    is_installation_wide: bool
    subscription_id: UUID | None
    state: AlertState
    title: str
    detail: str
    value: float
    threshold: float
    fired_at: datetime
    resolved_at: datetime | None
    notifications: Sequence[AlertNotification] = ()


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts to list; None means any."""

    state: AlertState | None = None
    kinds: Sequence[AlertKind] | None = None
    subscription_id: UUID | None = None


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a job that sends one message about alerts that have changed in the same way at the same time."""

    change: AlertChange
    alert_ids: Sequence[UUID]


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that takes mail."""

    host: str
    port: int
    user: str | None
    password: str
    is_tls_first: bool
    """Whether the connection begins with TLS, rather than with STARTTLS if the server offers that."""


class DeleteOldAlerts(msgspec.Struct, frozen=True):
    """The payload of the job, which needs none."""


ATTEMPTS_MAX: Final = 12
"""Attempts to send a message, over about an hour."""

_BACKOFF: Final = Backoff(first_s=2.0, max_s=600.0)

SEND_TO_SLACK: Final = JobKind(
    name="webhooks.send_alert_to_slack",
    payload=AlertMessage,
    attempts_max=ATTEMPTS_MAX,
    timeout_s=60.0,
    backoff=_BACKOFF,
)
SEND_BY_MAIL: Final = JobKind(
    name="webhooks.send_alert_by_mail",
    payload=AlertMessage,
    attempts_max=ATTEMPTS_MAX,
    timeout_s=120.0,
    backoff=_BACKOFF,
)
JOB_OF_CHANNEL: Final = {AlertChannel.SLACK: SEND_TO_SLACK, AlertChannel.MAIL: SEND_BY_MAIL}

DELETE_OLD_ALERTS: Final = JobKind(name="webhooks.delete_old_alerts", payload=DeleteOldAlerts, timeout_s=600.0)
