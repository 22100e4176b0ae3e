"""When a delivery is attempted again, and when it has failed for good."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from ninefold.systems.webhooks.model import DeliveryStatus

RETRY_AFTER_S_MAX: Final = 1e9
"""What a receiver can ask for at most, some thirty years; every horizon is nearer."""

_SUCCESS: Final = range(200, 300)


class RetrySchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The waits of one round of attempts.

    Args:
        delays_s: the wait after the first attempt, after the second, and so on; as many retries as entries.
        jitter_ratio: each wait is longer or shorter by up to this part, so that a receiver that comes back isn't
            hit by all at once.
        horizon_s: no retry is made later than this after the round's start.
    """

    delays_s: Sequence[float]
    jitter_ratio: float
    horizon_s: float


def is_success(response_status: int | None) -> bool:
    """Whether an answer counts as delivered: 2xx, and nothing else."""
    return response_status in _SUCCESS


def next_delay_s(
    schedule: RetrySchedule,
    *,
    attempts_made: int,
    elapsed_s: float,
    retry_after_s: float | None,
    random_unit: float,
) -> float | None:
    """Return the seconds until the next attempt, or None when this was the last.

    Args:
        schedule: the round's waits.
        attempts_made: attempts of this round, the one that just failed included.
        elapsed_s: seconds since the round's start.
        retry_after_s: what the receiver asked for, which can lengthen a wait but never shorten it.
        random_unit: uniform in [0, 1).
    """
    remaining_s = schedule.horizon_s - elapsed_s
    if attempts_made > len(schedule.delays_s) or remaining_s <= 0:
        return None
    jitter = 1 + schedule.jitter_ratio * (2 * random_unit - 1)
    delay_s = schedule.delays_s[attempts_made - 1] * jitter
    return min(max(delay_s, retry_after_s or 0.0), remaining_s)


def status_after(*, is_successful: bool, retry_delay_s: float | None) -> DeliveryStatus:
    """Return the state of a delivery after an attempt."""
    if is_successful:
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.FAILED if retry_delay_s is None else DeliveryStatus.RETRYING


def parse_retry_after(value: bytes | None, *, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110 §10.2.3), or None if it says nothing usable.

    Args:
        value: the header's value: seconds, or a date.
        now: an aware datetime, for the form with a date.
    """
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        # With more than 308 digits it is infinite, and the maximum too.
        return min(float(text), RETRY_AFTER_S_MAX)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # The second comes of numbers that no calendar has; a receiver may send anything.
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
