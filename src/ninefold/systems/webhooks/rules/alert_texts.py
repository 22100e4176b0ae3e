"""What alerts say: titles, details, and the messages in which they are sent. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX
from ninefold.systems.webhooks.model.alerts import ALERT_PREFIX, AlertChange, KeptAlert
from ninefold.systems.webhooks.model.figures import AlertKind
from ninefold.systems.webhooks.rules.alert_rules import ALERT_RULES
from ninefold.systems.webhooks.rules.event_types import ALERT_FIRED, ALERT_RESOLVED

EVENT_TYPE_OF_CHANGE: Final = {AlertChange.FIRED: ALERT_FIRED, AlertChange.RESOLVED: ALERT_RESOLVED}

MEANINGS: Final = {rule.kind: rule.meaning for rule in ALERT_RULES}

LISTED_MAX: Final = 20
"""Alerts that one message names."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600


def subscription_name(description: str, url: str) -> str:
    """Return what a subscription is called, as in the console: its description, or its host."""
    return description or urlsplit(url).netloc or url


def percent(share: float) -> str:
    """Return a share as text, such as `6.25 %`."""
    return f"{share * 100:.3g} %"


def failures_in_a_row(count: int) -> str:
    """Return how many attempts failed, as a sentence."""
    return "The last attempt failed." if count == 1 else f"{count:,} attempts in a row failed."


def circuit_texts(name: str, *, consecutive_failures: int) -> tuple[str, str]:
    """Return the title and the detail of an alert about an open circuit."""
    return (
        f"Circuit of {name} is open",
        f"{failures_in_a_row(consecutive_failures)} {MEANINGS[AlertKind.CIRCUIT_OPEN]}",
    )


def dead_letter_texts(name: str, *, count: int) -> tuple[str, str]:
    """Return the title and the detail of an alert about the dead letters of a subscription."""
    deliveries = "1 delivery" if count == 1 else f"{count:,} deliveries"
    return f"{deliveries} to {name} failed", f"In the last day, after all retries. {MEANINGS[AlertKind.DEAD_LETTERS]}"


def blocked_key_texts(name: str, *, count: int) -> tuple[str, str]:
    """Return the title and the detail of an alert about the blocked ordering keys of a subscription."""
    keys = "1 key" if count == 1 else f"{count:,} keys"
    return (
        f"{keys} of {name} {'is' if count == 1 else 'are'} blocked",
        "Later events of a blocked key wait until its failed delivery is retried or skipped.",
    )


def slow_texts(*, p99_ms: float, deliveries: int, window: timedelta) -> tuple[str, str]:
    """Return the title and the detail of an alert about the time that deliveries take."""
    p99 = _duration_text(p99_ms / 1_000)
    return (
        f"Deliveries are slow: p99 is {p99}",
        (
            f"Of {deliveries:,} deliveries in the last {minutes_text(window)}, one in a hundred took about {p99} or"
            f" more from its event's acceptance. {MEANINGS[AlertKind.SLOW_DELIVERIES]}"
        ),
    )


def failure_texts(*, attempts: int, failed: int, window: timedelta) -> tuple[str, str]:
    """Return the title and the detail of an alert about attempts that fail."""
    return (
        f"{percent(failed / attempts)} of the attempts fail",
        (
            f"Of {attempts:,} attempts in the last {minutes_text(window)}, {failed:,} failed."
            f" {MEANINGS[AlertKind.FAILURE_SHARE]}"
        ),
    )


def retry_texts(*, attempts: int, retried: int, window: timedelta) -> tuple[str, str]:
    """Return the title and the detail of an alert about retries."""
    return (
        f"{percent(retried / attempts)} of the attempts are retries",
        (
            f"Of {attempts:,} attempts in the last {minutes_text(window)}, {retried:,} were retries."
            f" {MEANINGS[AlertKind.RETRY_SHARE]}"
        ),
    )


def queue_texts(*, depth: int, capacity: int, is_installation_wide: bool) -> tuple[str, str]:
    """Return the title and the detail of an alert about a queue that fills up."""
    queue = "queue of the installation" if is_installation_wide else "queue"
    return (
        f"The {queue} is {percent(depth / capacity)} full",
        (
            f"{depth:,} deliveries wait for their first attempts; with {capacity:,}, publishing is refused."
            f" {MEANINGS[AlertKind.QUEUE_DEPTH]}"
        ),
    )


def event_payload(alert: KeptAlert, change: AlertChange) -> bytes:
    """Return the payload of the event that says that an alert has changed."""
    subscription_id = alert.subscription_id
    return msgspec.json.encode(
        {
            "type": EVENT_TYPE_OF_CHANGE[change],
            "alert_id": format_id(ALERT_PREFIX, alert.alert_id),
            "organisation_id": format_id(ORGANISATION_PREFIX, alert.organisation_id),
            "subscription_id": None if subscription_id is None else format_id(SUBSCRIPTION_PREFIX, subscription_id),
            "kind": alert.kind,
            "state": alert.state,
            "title": alert.title,
            "detail": alert.detail,
            "is_installation_wide": alert.is_installation_wide,
            "value": alert.value,
            "threshold": alert.threshold,
            "fired_at": alert.fired_at,
            "resolved_at": alert.resolved_at,
        }
    )


def slack_text(change: AlertChange, alerts: Sequence[KeptAlert]) -> str:
    """Return a message in Slack's mrkdwn, in which `&`, `<` and `>` are escaped."""
    icon = ":rotating_light:" if change is AlertChange.FIRED else ":white_check_mark:"
    lines = [f"{icon} *{_slack_escape(headline(change, alerts))}*"]
    for alert in alerts[:LISTED_MAX]:
        shown = f"*{_slack_escape(alert.title)}*" if change is AlertChange.FIRED else f"~{_slack_escape(alert.title)}~"
        lines.append(f"• {shown}: {_slack_escape(_rest(alert, change))}")
    return "\n".join([*lines, *_more(alerts)])


def mail_text(change: AlertChange, alerts: Sequence[KeptAlert]) -> str:
    """Return the body of a mail."""
    paragraphs = [f"{alert.title}\n{_rest(alert, change)}" for alert in alerts[:LISTED_MAX]]
    return "\n\n".join([*paragraphs, *_more(alerts), "All alerts: ninefold alerts list"]) + "\n"


def headline(change: AlertChange, alerts: Sequence[KeptAlert]) -> str:
    """Return the first line of a message, which is also the subject of a mail."""
    word = "Alert" if change is AlertChange.FIRED else "Resolved"
    return f"{word}: {alerts[0].title}" if len(alerts) == 1 else f"{word}: {len(alerts):,} alerts of webhooks"


def _rest(alert: KeptAlert, change: AlertChange) -> str:
    who = f"Organisation {format_id(ORGANISATION_PREFIX, alert.organisation_id)}"
    if change is AlertChange.FIRED:
        return f"{alert.detail} {who}, since {_time(alert.fired_at)}."
    return f"{who}, from {_time(alert.fired_at)} to {_time(alert.resolved_at or alert.fired_at)}."


def _more(alerts: Sequence[KeptAlert]) -> list[str]:
    left = len(alerts) - LISTED_MAX
    return [f"… and {left:,} more."] if left > 0 else []


def _slack_escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _duration_text(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.3g} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.3g} h"


def minutes_text(window: timedelta) -> str:
    """Return a length of time after `in the last`, such as `minute` or `15 minutes`."""
    minutes = window // timedelta(minutes=1)
    return "minute" if minutes == 1 else f"{minutes:,} minutes"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
