"""When alerts fire and are resolved: their definitions, and what follows from what was read. Pure.

The definitions are also what the rules for Prometheus in `deploy/` are generated from.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.webhooks.model.alerts import FiringAlert, Reading
from ninefold.systems.webhooks.model.figures import AlertKind

CLEAR_RATIO: Final = 0.8
"""An alert is resolved at this part of its threshold, so that a value close to it doesn't fire again and again."""


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert is about, for people and for Prometheus."""

    kind: AlertKind
    title: str
    meaning: str
    """What follows from it, or what to do."""
    threshold_setting: str | None
    """The field of the settings with its threshold; None: it fires above zero."""
    expression: str
    """PromQL of its value, over the whole installation; `{window}` stands for the time that it looks at."""
    needs_attempts: bool = False
    """Whether it needs some attempts to say anything."""


_COUNTED: Final = 'error_class!~"aborted|local_limit"'
_ATTEMPTS: Final = f"sum(rate(ninefold_webhooks_attempts_total{{{{{_COUNTED}}}}}[{{window}}]))"

ATTEMPTS_EXPRESSION: Final = f"sum(increase(ninefold_webhooks_attempts_total{{{{{_COUNTED}}}}}[{{window}}]))"
"""PromQL of how many attempts there were."""

ALERT_RULES: Final = (
    AlertRule(
        kind=AlertKind.SLOW_DELIVERIES,
        title="Deliveries are slow",
        meaning="Look at slow receivers, at what is retried, and at whether workers keep up.",
        threshold_setting="alert_delivery_time_s_max",
        expression="histogram_quantile(0.99, sum by (le) (rate(ninefold_webhooks_delivery_seconds_bucket[{window}])))",
        needs_attempts=True,
    ),
    AlertRule(
        kind=AlertKind.FAILURE_SHARE,
        title="Too many attempts fail",
        meaning="Look at the subscriptions with the most failures, and at the error classes of their attempts.",
        threshold_setting="alert_failure_share_max",
        # Not by those that were delivered: without any, there would be no such series.
        expression="sum(rate(ninefold_webhooks_attempts_total{{"
        f'status!="delivered",{_COUNTED}'
        "}}[{window}])) / " + _ATTEMPTS,
        needs_attempts=True,
    ),
    AlertRule(
        kind=AlertKind.RETRY_SHARE,
        title="Too many attempts are retries",
        meaning="They take capacity from first attempts. Look at the receivers that fail.",
        threshold_setting="alert_retry_share_max",
        expression="sum(rate(ninefold_webhooks_retried_attempts_total[{window}])) / " + _ATTEMPTS,
        needs_attempts=True,
    ),
    AlertRule(
        kind=AlertKind.QUEUE_DEPTH,
        title="The queue fills up",
        meaning="Start more workers, look at slow receivers, or publish less.",
        threshold_setting="alert_queue_share_max",
        expression="max(ninefold_webhooks_queue_fill_ratio)",
    ),
    AlertRule(
        kind=AlertKind.CIRCUIT_OPEN,
        title="A circuit is open",
        meaning="What comes for it waits until a probe succeeds.",
        threshold_setting=None,
        expression="max(ninefold_webhooks_circuits_open)",
    ),
    AlertRule(
        kind=AlertKind.DEAD_LETTERS,
        title="There are dead letters",
        meaning="They wait for a replay.",
        threshold_setting=None,
        expression="max(ninefold_webhooks_dead_letters)",
    ),
)


FIRED_KINDS: Final = tuple(rule.kind for rule in ALERT_RULES)
"""The kinds of alerts that are fired and kept."""


class AlertDecisions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written."""

    fired: Sequence[Reading]
    resolved: Sequence[UUID]
    clear_since: dict[UUID, datetime | None]
    """Firing alerts whose condition is no longer met from now on, or is met again."""


def decide(
    readings: Sequence[Reading], firing: Sequence[FiringAlert], *, now: datetime, clear_after: timedelta
) -> AlertDecisions:
    """Return which alerts fire and which are resolved.

    An alert fires once: when its value is above the threshold, and no alert about the same thing is firing. It is
    resolved when its value has been at or below `CLEAR_RATIO` of the threshold for some time. What wasn't read is well.

    Args:
        readings: the values; at most one for each key.
        firing: the alerts that are firing.
        now: the current time.
        clear_after: how long all must be well.
    """
    by_key = {reading.key: reading for reading in readings}
    resolved: list[UUID] = []
    clear_since: dict[UUID, datetime | None] = {}
    for alert in firing:
        if not _is_clear(by_key.get(alert.key)):
            if alert.clear_since is not None:
                clear_since[alert.alert_id] = None
        elif now - (alert.clear_since or now) >= clear_after:
            resolved.append(alert.alert_id)
        elif alert.clear_since is None:
            clear_since[alert.alert_id] = now
    known = {alert.key for alert in firing}
    return AlertDecisions(
        fired=[each for key, each in by_key.items() if key not in known and each.value > each.threshold],
        resolved=resolved,
        clear_since=clear_since,
    )


def _is_clear(reading: Reading | None) -> bool:
    return reading is None or reading.value <= CLEAR_RATIO * reading.threshold
