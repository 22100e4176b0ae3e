"""How long a job waits between its attempts: a pure function of how many failed, and of chance."""

from typing import Final

import msgspec

DELAY_S_MAX: Final = 30 * 86_400.0
"""No backoff waits longer than 30 days."""

_EXPONENT_MAX: Final = 60
"""A larger one changes nothing, and would overflow."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Delays that double, up to a bound; each is longer or shorter by some part, so that retries spread."""

    first_s: float = 5.0
    max_s: float = 3_600.0
    jitter_ratio: float = 0.2

    def __post_init__(self) -> None:
        """Refuse delays that make no sense."""
        if not (0 < self.first_s <= self.max_s <= DELAY_S_MAX and 0 <= self.jitter_ratio < 1):
            raise ValueError(f"Not a backoff: {self}")


def next_delay_s(backoff: Backoff, *, attempts_failed: int, random_unit: float) -> float:
    """Return the seconds until the next attempt.

    Args:
        backoff: how delays grow.
        attempts_failed: so far, at least one.
        random_unit: from 0 to 1; in the middle, the delay is neither longer nor shorter.
    """
    exponent = min(attempts_failed - 1, _EXPONENT_MAX)
    delay_s = min(backoff.first_s * 2.0**exponent, backoff.max_s)
    return delay_s * (1 + backoff.jitter_ratio * (2 * random_unit - 1))
