"""The Prometheus metrics of webhook delivery."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter as MetricCounter
from prometheus_client import Gauge

from ninefold.core.telemetry.metrics import BatchHistogram
from ninefold.systems.webhooks.model.attempts import Outcome

_DURATION_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DELIVERY_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)

ATTEMPTS: Final = MetricCounter(
    "ninefold_webhooks_attempts_total",
    "Attempts with a recorded outcome, by the resulting delivery status and by error class.",
    ["status", "error_class"],
)
ATTEMPT_DURATION: Final = BatchHistogram(
    "ninefold_webhooks_attempt_duration_seconds",
    "Duration of an attempt in seconds, from the start of the request to the end of the response.",
    buckets=_DURATION_BUCKETS_S,
)
DELIVERY_TIME: Final = BatchHistogram(
    "ninefold_webhooks_delivery_seconds",
    "Seconds from the acceptance of an event, or a retry by hand, to the end of the attempt that delivered it.",
    buckets=_DELIVERY_BUCKETS_S,
)
RETRIED_ATTEMPTS: Final = MetricCounter(
    "ninefold_webhooks_retried_attempts_total",
    "Attempts with a recorded outcome that weren't the first of their round.",
)
ALERTS_FIRING: Final = Gauge(
    "ninefold_webhooks_alerts_firing",
    "Alerts that are firing, by kind.",
    ["kind"],
    multiprocess_mode="livemostrecent",
)
ALERT_MESSAGES: Final = MetricCounter(
    "ninefold_webhooks_alert_messages_total",
    "Attempts to send alerts, by channel (slack, mail) and outcome (sent, failed).",
    ["channel", "outcome"],
)
QUEUE_FILL_RATIO: Final = Gauge(
    "ninefold_webhooks_queue_fill_ratio",
    "The part of its capacity that the fullest queue uses: of an organisation, or of the installation.",
    multiprocess_mode="livemostrecent",
)
DEAD_LETTERS: Final = Gauge(
    "ninefold_webhooks_dead_letters",
    "Dead letters of the last day, at most 1,000 of each organisation; without those of alerts.",
    multiprocess_mode="livemostrecent",
)
IN_FLIGHT: Final = Gauge(
    "ninefold_webhooks_attempts_in_flight",
    "Attempts in flight.",
    multiprocess_mode="livesum",
)
ORGANISATIONS_HELD_BACK: Final = Gauge(
    "ninefold_webhooks_organisations_held_back",
    "Organisations whose work a worker doesn't claim for now, because their queues in it are full.",
    multiprocess_mode="livesum",
)
DELIVERIES_POSTPONED: Final = MetricCounter(
    "ninefold_webhooks_deliveries_postponed_total",
    "Deliveries that began to wait instead of being attempted: paused, circuit open, or over a limit.",
)
QUEUE_DEPTH: Final = Gauge(
    "ninefold_webhooks_queue_depth",
    "Deliveries of all organisations that wait for their first attempts, by tier.",
    ["tier"],
    multiprocess_mode="livemostrecent",
)
QUEUE_DEPTH_MAX: Final = Gauge(
    "ninefold_webhooks_queue_depth_max",
    "The depth of the installation's queue from which on events are refused.",
    multiprocess_mode="livemostrecent",
)
QUEUE_AGE: Final = Gauge(
    "ninefold_webhooks_queue_age_seconds",
    "Seconds since the oldest event with such deliveries was accepted, by tier; 0 without any.",
    ["tier"],
    multiprocess_mode="livemostrecent",
)
DELIVERIES_RETRYING: Final = Gauge(
    "ninefold_webhooks_deliveries_retrying",
    "Deliveries that are waiting for another attempt, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)
DELIVERIES_WAITING: Final = Gauge(
    "ninefold_webhooks_deliveries_waiting",
    "Deliveries that wait for a limit, a circuit or a paused subscription, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)
CIRCUITS_OPEN: Final = Gauge(
    "ninefold_webhooks_circuits_open",
    "Subscriptions whose circuit is open or half-open, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)

ORDERING_KEYS_BLOCKED: Final = Gauge(
    "ninefold_webhooks_ordering_keys_blocked",
    "Ordering keys whose later deliveries wait because one has failed for good, counted up to 100,000.",
)
PARTITIONS_DROPPED: Final = MetricCounter(
    "ninefold_webhooks_partitions_dropped_total",
    "Partitions with events, deliveries and attempts that were dropped because their retention was over.",
)
PARTITIONS_OVERDUE: Final = Gauge(
    "ninefold_webhooks_partitions_overdue",
    "Partitions whose retention is over, but that have something queued, pending, or failed lately.",
    multiprocess_mode="livemostrecent",
)


def count_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Update the metrics with a batch of recorded outcomes."""
    ATTEMPT_DURATION.observe_many([outcome.attempt.duration_ms / 1000 for outcome in outcomes])
    DELIVERY_TIME.observe_many(
        [_delivered_after_s(outcome) for outcome in outcomes if outcome.attempt.error_class is None]
    )
    retried = sum(outcome.round_attempt_count > 1 for outcome in outcomes)
    if retried:
        RETRIED_ATTEMPTS.inc(retried)
    counts = Counter([(outcome.status, outcome.attempt.error_class or "") for outcome in outcomes])
    for (status, error_class), count in counts.items():
        ATTEMPTS.labels(status.value, error_class).inc(count)


def _delivered_after_s(outcome: Outcome) -> float:
    waited_s = (outcome.attempt.attempted_at - outcome.round_started_at).total_seconds()
    return waited_s + outcome.attempt.duration_ms / 1_000
