"""A token bucket: how much may come per second on average, and how much at once after a pause."""

from math import ceil


class TokenBucket:
    """The limit of one organisation in one process.

    Args:
        rate_per_s: tokens that are added each second.
        burst_max: the most tokens that it holds; it starts full.
        now_s: the current time, in seconds of a monotonic clock.
    """

    __slots__ = ("_burst_max", "_rate_per_s", "_tokens", "_updated_at_s")

    def __init__(self, *, rate_per_s: float, burst_max: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst_max = burst_max
        self._tokens = float(burst_max)
        self._updated_at_s = now_s

    def take(self, *, now_s: float) -> int:
        """Take a token; return 0, or if there is none the whole seconds after which there will be one, at least 1."""
        elapsed_s = now_s - self._updated_at_s
        self._tokens = min(self._burst_max, self._tokens + elapsed_s * self._rate_per_s)
        self._updated_at_s = now_s
        if self._tokens < 1:
            return max(1, ceil((1 - self._tokens) / self._rate_per_s))
        self._tokens -= 1
        return 0
