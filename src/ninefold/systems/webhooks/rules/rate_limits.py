"""A subscription's rate limit in one worker: a token bucket that slows down when the receiver throttles."""

from typing import Final

BURST_S: Final = 1.0
"""The bucket holds as many tokens as come in this time, and at least one."""

SLOWEST_RATIO: Final = 1 / 64
"""A throttling receiver slows the rate down to this part of the limit at most."""

RECOVERY_RATIO: Final = 0.02
"""How much of the limit the rate gains with each accepted request: after fifty, it is back at the limit."""


class TokenBucket:
    """Tokens that come at a rate, each for one attempt. An unused bucket is full.

    Args:
        rate_per_s: how many tokens come each second.
        now_s: the current time, of a clock that never goes back, such as the event loop's.
    """

    __slots__ = ("_capacity", "_limit_per_s", "_rate_per_s", "_refilled_at_s", "_tokens")

    def __init__(self, rate_per_s: float, *, now_s: float) -> None:
        self._limit_per_s = self._rate_per_s = rate_per_s
        self._capacity = self._tokens = max(1.0, rate_per_s * BURST_S)
        self._refilled_at_s = now_s

    def available(self, now_s: float, *, kept: float = 0.0) -> int:
        """Return how many tokens can be taken now, if a part of a full bucket is kept for others."""
        self._refill(now_s)
        return max(0, int(self._tokens - int(self._capacity * kept)))

    def take_one(self, now_s: float) -> bool:
        """Take a token if there is one; return whether there was."""
        self._refill(now_s)
        has_token = self._tokens >= 1.0
        self._tokens -= has_token
        return has_token

    def take(self, count: int) -> None:
        """Take tokens that are available."""
        self._tokens -= count

    def give_back(self, count: int) -> None:
        """Return tokens that weren't used."""
        self._tokens = min(self._capacity, self._tokens + count)

    def change_limit(self, rate_per_s: float) -> None:
        """Change the rate, in the proportion in which it is slowed down."""
        if rate_per_s != self._limit_per_s:
            self._rate_per_s *= rate_per_s / self._limit_per_s
            self._limit_per_s = rate_per_s
            self._capacity = max(1.0, rate_per_s * BURST_S)
            self._tokens = min(self._tokens, self._capacity)

    def slow_down(self, *, until_s: float) -> None:
        """Halve the rate, because the receiver throttles. No token is left but one, and none comes until a time."""
        self._rate_per_s = max(self._rate_per_s / 2, self._limit_per_s * SLOWEST_RATIO)
        self._tokens = 1.0
        self._refilled_at_s = until_s

    def recover(self) -> None:
        """Raise the rate a little, because the receiver accepted a request."""
        if self._rate_per_s < self._limit_per_s:
            self._rate_per_s = min(self._limit_per_s, self._rate_per_s + self._limit_per_s * RECOVERY_RATIO)

    def _refill(self, now_s: float) -> None:
        passed_s = now_s - self._refilled_at_s
        # It is negative until a slow-down is over.
        if passed_s > 0.0:
            self._tokens = min(self._capacity, self._tokens + passed_s * self._rate_per_s)
            self._refilled_at_s = now_s
