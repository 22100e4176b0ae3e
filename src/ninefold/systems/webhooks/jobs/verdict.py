"""What follows from a failed attempt: the status, the time of the next attempt, and what it says of the endpoint."""

import random
from typing import Final

import msgspec

from ninefold.core.egress import LocalLimitError
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Attempt
from ninefold.systems.webhooks.rules.retries import RetrySchedule, next_delay_s, status_after

ABORTED: Final = "aborted"
"""The error class of an attempt that ended because its subscription was paused or deleted."""

GONE: Final = 410
"""The status with which a receiver says that it wants nothing more (RFC 9110 §15.5.11)."""

THROTTLE_S_MAX: Final = 3_600.0
"""The longest time for which `Retry-After` is obeyed; then the receiver is asked again."""

_NOT_COUNTED: Final = frozenset({ABORTED, LocalLimitError.error_class})
_THROTTLING: Final = frozenset({429, 503})


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a failed attempt."""

    status: DeliveryStatus
    round_attempt_count: int
    retry_delay_s: float | None = None
    is_counted: bool = True
    """Whether the attempt counts for the endpoint's health."""
    throttled_for_s: float | None = None


def judge_failure(
    attempt: Attempt,
    *,
    schedule: RetrySchedule,
    round_attempt_count: int,
    elapsed_s: float,
    retry_after_s: float | None,
) -> Verdict:
    """Return what follows from a failed attempt.

    Args:
        attempt: the attempt.
        schedule: the subscription's retries.
        round_attempt_count: the number of this attempt in its round, from 1.
        elapsed_s: seconds since the round started.
        retry_after_s: what the receiver asked for with `Retry-After`.
    """
    if attempt.error_class == ABORTED or attempt.response_status == GONE:
        # The subscription is paused, or about to be.
        is_counted = attempt.error_class != ABORTED
        return Verdict(
            status=DeliveryStatus.WAITING,
            round_attempt_count=round_attempt_count - (not is_counted),
            is_counted=is_counted,
        )
    if retry_after_s is not None and attempt.response_status in _THROTTLING:
        # The whole subscription waits.
        is_over = elapsed_s >= schedule.horizon_s
        return Verdict(
            status=DeliveryStatus.FAILED if is_over else DeliveryStatus.WAITING,
            round_attempt_count=round_attempt_count - 1,
            is_counted=False,
            throttled_for_s=min(retry_after_s, THROTTLE_S_MAX),
        )
    is_counted = attempt.error_class not in _NOT_COUNTED
    count = round_attempt_count - (not is_counted)
    retry_delay_s = next_delay_s(
        schedule,
        # An attempt that doesn't count is repeated as if it were the last one that did.
        attempts_made=max(1, count) if is_counted else min(max(1, count), len(schedule.delays_s)),
        elapsed_s=elapsed_s,
        retry_after_s=retry_after_s,
        random_unit=random.random(),  # noqa: S311 - jitter, not security.
    )
    return Verdict(
        status=status_after(is_successful=False, retry_delay_s=retry_delay_s),
        round_attempt_count=count,
        retry_delay_s=retry_delay_s,
        is_counted=is_counted,
    )
