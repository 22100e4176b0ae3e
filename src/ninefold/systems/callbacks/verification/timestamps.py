"""Check when a callback was sent, so that an old one can't be replayed."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import TimeUnit

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS_MAX: Final = 15


def check_age(text: str, *, unit: TimeUnit, tolerance_s: int, received_at: datetime, place: str) -> None:
    """Check that a request was sent at most `tolerance_s` before or after its receipt.

    The time of receipt counts, and not the current time, because a callback is verified later, perhaps again.

    Raises:
        RejectionError: the time is malformed, too old, or too far in the future; the detail names `place`.
    """
    sent_at = _parse(text, unit)
    if sent_at is None:
        raise RejectionError("timestamp_malformed", f"{place} isn't {_UNITS[unit]}.")
    age_s = (received_at - sent_at).total_seconds()
    allowed = f"; at most {tolerance_s:,} s are allowed."
    if age_s > tolerance_s:
        raise RejectionError("timestamp_too_old", f"The request came {age_s:,.0f} s after the time in {place}{allowed}")
    if age_s < -tolerance_s:
        raise RejectionError(
            "timestamp_in_future", f"The request came {-age_s:,.0f} s before the time in {place}{allowed}"
        )


_UNITS: Final = {
    "s": "a time in Unix seconds",
    "ms": "a time in Unix milliseconds",
    "iso8601": "a time such as 2026-01-31T12:00:00Z",
}


def _parse(text: str, unit: TimeUnit) -> datetime | None:
    try:
        if unit == "iso8601":
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
            return None
        return _EPOCH + (timedelta(seconds=int(text)) if unit == "s" else timedelta(milliseconds=int(text)))
    except (ValueError, OverflowError):
        return None
