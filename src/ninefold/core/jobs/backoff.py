"""The delay between a job's attempts: a pure function of the number of failed attempts and a random number."""

from typing import Final

import msgspec

DELAY_S_MAX: Final = 30 * 86_400.0
"""The longest delay of any backoff: 30 days."""

_EXPONENT_MAX: Final = 60
"""A larger exponent would overflow, and `max_s` is reached long before."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential backoff: delays double up to a maximum. Jitter spreads the retries of many jobs."""

    first_s: float = 5.0
    max_s: float = 3_600.0
    jitter_ratio: float = 0.2

    def __post_init__(self) -> None:
        """Reject invalid delays."""
        if not (0 < self.first_s <= self.max_s <= DELAY_S_MAX and 0 <= self.jitter_ratio < 1):
            raise ValueError(f"Invalid backoff: {self}")


def next_delay_s(backoff: Backoff, *, attempts_failed: int, random_unit: float) -> float:
    """Return the seconds until the next attempt.

    Args:
        backoff: the parameters.
        attempts_failed: the number of failed attempts so far, at least 1.
        random_unit: a random number from 0 to 1; 0.5 adds no jitter.
    """
    exponent = min(attempts_failed - 1, _EXPONENT_MAX)
    delay_s = min(backoff.first_s * 2.0**exponent, backoff.max_s)
    return delay_s * (1 + backoff.jitter_ratio * (2 * random_unit - 1))
