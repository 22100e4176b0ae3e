"""Rate limits in one process: how much may come per second on average, and how much at once after a pause."""

from collections import OrderedDict
from collections.abc import Hashable
from math import ceil
from typing import Final, Generic, TypeVar

BUCKETS_MAX: Final = 10_000
"""Callers whose rate is remembered; the others have a full bucket."""

RESERVED_RATIO: Final = 0.5
"""The part of a full bucket that is kept for callers that have proven who they are."""

KeyT = TypeVar("KeyT", bound=Hashable)


class TokenBucket:
    """The limit of one caller in one process.

    Args:
        rate_per_s: tokens that are added each second.
        burst_max: the most tokens that it holds; it starts full.
        now_s: the current time, in seconds of a monotonic clock.
    """

    __slots__ = ("_burst_max", "_rate_per_s", "_reserve", "_tokens", "_updated_at_s")

    def __init__(self, *, rate_per_s: float, burst_max: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst_max = burst_max
        self._reserve = min(burst_max * RESERVED_RATIO, burst_max - 1)
        self._tokens = float(burst_max)
        self._updated_at_s = now_s

    def wait_s(self, *, now_s: float, is_proven: bool = True) -> int:
        """Return 0 if there is a token, or the whole seconds after which there will be one, at least 1.

        Args:
            now_s: the current time.
            is_proven: whether the caller may also take what is reserved.
        """
        elapsed_s = now_s - self._updated_at_s
        self._tokens = min(self._burst_max, self._tokens + elapsed_s * self._rate_per_s)
        self._updated_at_s = now_s
        missing = (1 if is_proven else 1 + self._reserve) - self._tokens
        return max(1, ceil(missing / self._rate_per_s)) if missing > 0 else 0

    def take(self, *, now_s: float, is_proven: bool = True) -> int:
        """Take a token, and return 0; if there is none, return what `wait_s` returns."""
        wait_s = self.wait_s(now_s=now_s, is_proven=is_proven)
        if not wait_s:
            self._tokens -= 1
        return wait_s


class TokenBuckets(Generic[KeyT]):
    """The buckets of many callers. The ones that were used least recently are forgotten, and so are full.

    Args:
        buckets_max: how many are remembered.
    """

    def __init__(self, *, buckets_max: int = BUCKETS_MAX) -> None:
        self._buckets_max = buckets_max
        self._buckets: OrderedDict[KeyT, TokenBucket] = OrderedDict()

    def find(self, key: KeyT, *, rate_per_s: float, burst_max: int, now_s: float) -> TokenBucket:
        """Return the bucket of a caller, who gets one of this rate and this size the first time."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(rate_per_s=rate_per_s, burst_max=burst_max, now_s=now_s)
            if len(self._buckets) > self._buckets_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket
