"""When a delivery is attempted again, and when it has finally failed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from ninefold.systems.webhooks.model import DeliveryStatus

RETRY_AFTER_S_MAX: Final = 1e9
"""The longest wait that `Retry-After` can ask for, about thirty years. Every horizon is shorter."""

_SUCCESS: Final = range(200, 300)


class RetrySchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The delays of one round of attempts.

    Args:
        delays_s: the delay after the first attempt, after the second, and so on. There is one retry per entry.
        jitter_ratio: each delay is randomly lengthened or shortened by up to this fraction, so that a receiver that
            recovers doesn't get every retry at once.
        horizon_s: no retry is made later than this after the start of the round.
    """

    delays_s: Sequence[float]
    jitter_ratio: float
    horizon_s: float


def is_success(response_status: int | None) -> bool:
    """Return whether a response counts as delivered, which only 2xx does."""
    return response_status in _SUCCESS


def next_delay_s(
    schedule: RetrySchedule,
    *,
    attempts_made: int,
    elapsed_s: float,
    retry_after_s: float | None,
    random_unit: float,
) -> float | None:
    """Return the seconds until the next attempt, or None when this was the last one.

    Args:
        schedule: the round's delays.
        attempts_made: attempts made in this round, including the one that just failed.
        elapsed_s: seconds since the start of the round.
        retry_after_s: the delay that the receiver asked for. It can lengthen a delay but never shorten it.
        random_unit: uniform in [0, 1).
    """
    remaining_s = schedule.horizon_s - elapsed_s
    if attempts_made > len(schedule.delays_s) or remaining_s <= 0:
        return None
    jitter = 1 + schedule.jitter_ratio * (2 * random_unit - 1)
    delay_s = schedule.delays_s[attempts_made - 1] * jitter
    return min(max(delay_s, retry_after_s or 0.0), remaining_s)


def status_after(*, is_successful: bool, retry_delay_s: float | None) -> DeliveryStatus:
    """Return the status of a delivery after an attempt."""
    if is_successful:
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.FAILED if retry_delay_s is None else DeliveryStatus.RETRYING


def parse_retry_after(value: bytes | None, *, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110 §10.2.3), or None if it isn't valid.

    Args:
        value: the header's value, in seconds or as a date; None without the header.
        now: the current time, an aware datetime, to convert a date into seconds.
    """
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        # A number with more than 308 digits becomes infinity, so the limit applies to it too.
        return min(float(text), RETRY_AFTER_S_MAX)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # OverflowError: a receiver can send dates that don't exist.
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
