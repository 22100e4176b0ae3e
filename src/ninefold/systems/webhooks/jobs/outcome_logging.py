"""Logs a line for each attempt, once its outcome is recorded."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.systems.webhooks.model import EVENT_PREFIX, SUBSCRIPTION_PREFIX, DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome

FORMATTED_IDS_CACHED_MAX: Final = 10_000
"""Formatted ids in each cache. The same events and subscriptions occur many times in a batch."""

log = structlog.get_logger(__name__)


class AttemptLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of an attempt's log line. The log event's name contains the resulting delivery status."""

    event_id: str
    subscription_id: str
    attempt: int
    duration_ms: float
    code: int | None = None
    error_class: str | None = None
    retry_in_s: float | None = None


def log_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Log `webhooks.delivery.` and the resulting status, such as `retrying`, for each attempt among these outcomes."""
    lines: defaultdict[DeliveryStatus, list[AttemptLine]] = defaultdict(list)
    for outcome in outcomes:
        lines[outcome.status].append(_line(outcome, outcome.attempt))
    for status, each in lines.items():
        write = log.info if status is DeliveryStatus.DELIVERED else log.warning
        write(f"webhooks.delivery.{status}", each=each)


def _line(outcome: Outcome, attempt: Attempt) -> AttemptLine:
    return AttemptLine(
        _event_text(outcome.event_id),
        _subscription_text(outcome.subscription_id),
        attempt.attempt_number,
        round(attempt.duration_ms, 2),
        attempt.response_status,
        attempt.error_class,
        None if outcome.retry_delay_s is None else round(outcome.retry_delay_s, 3),
    )


@lru_cache(FORMATTED_IDS_CACHED_MAX)
def _event_text(event_id: UUID) -> str:
    return format_id(EVENT_PREFIX, event_id)


@lru_cache(FORMATTED_IDS_CACHED_MAX)
def _subscription_text(subscription_id: UUID) -> str:
    return format_id(SUBSCRIPTION_PREFIX, subscription_id)
