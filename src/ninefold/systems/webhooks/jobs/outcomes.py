"""What is recorded of a delivery: the outcome of an attempt, or that it must wait."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from ninefold.systems.webhooks.jobs.attempt_request import AttemptRequest
from ninefold.systems.webhooks.jobs.verdict import Verdict, judge_failure
from ninefold.systems.webhooks.model import DeliveryStatus, Recipient
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome, Postponement
from ninefold.systems.webhooks.rules.retries import RetrySchedule


def make_outcome(
    request: AttemptRequest,
    attempt: Attempt,
    *,
    schedule: RetrySchedule,
    retry_after_s: float | None,
    now: Callable[[], datetime],
) -> Outcome:
    """Return the outcome of an attempt: the delivery's new state and the delay before its next attempt.

    Args:
        request: what was sent to whom.
        attempt: the attempt, which has ended.
        schedule: the retries of subscriptions without a schedule of their own.
        retry_after_s: what the receiver asked for with `Retry-After`.
        now: returns the current time.
    """
    verdict: Verdict | None = None
    if attempt.error_class is not None:
        verdict = judge_failure(
            attempt,
            schedule=_schedule_of(request.recipient, schedule),
            round_attempt_count=request.round_attempt_count,
            elapsed_s=(now() - _started_at(request)).total_seconds(),
            retry_after_s=retry_after_s,
        )
    return Outcome(
        delivery_id=request.delivery_id,
        organisation_id=request.organisation_id,
        event_id=request.message.event_id,
        event_type=request.message.event_type,
        subscription_id=request.recipient.subscription_id,
        url_revision=request.recipient.url_revision,
        attempt=attempt,
        status=DeliveryStatus.DELIVERED if verdict is None else verdict.status,
        round_attempt_count=request.round_attempt_count if verdict is None else verdict.round_attempt_count,
        round_started_at=request.round_started_at,
        retry_delay_s=None if verdict is None else verdict.retry_delay_s,
        has_row=request.fan_out is None,
        is_counted=verdict is None or verdict.is_counted,
        throttled_for_s=None if verdict is None else verdict.throttled_for_s,
        tier=request.message.tier,
        is_ordered=request.is_ordered,
        retention=request.message.retention,
    )


def make_postponement(request: AttemptRequest) -> Postponement:
    """Return that a delivery must wait; its request wasn't sent."""
    return Postponement(
        delivery_id=request.delivery_id,
        organisation_id=request.organisation_id,
        event_id=request.message.event_id,
        subscription_id=request.recipient.subscription_id,
        round_started_at=request.round_started_at,
        has_row=request.fan_out is None,
        tier=request.message.tier,
        is_ordered=request.is_ordered,
        retention=request.message.retention,
    )


def _schedule_of(recipient: Recipient, default: RetrySchedule) -> RetrySchedule:
    return default if recipient.retry_delays_s is None else replace(default, delays_s=recipient.retry_delays_s)


def _started_at(request: AttemptRequest) -> datetime:
    """Return when the round started, or when the subscription was resumed if that was later."""
    return max(request.round_started_at, request.recipient.resumed_at or request.round_started_at)
