"""How often a token can call a method: as in Slack, times a factor."""

import time
from uuid import UUID

from prometheus_client import Counter

from ninefold.core.errors import TooManyRequestsError
from ninefold.core.rate_limits import TokenBuckets
from ninefold.systems.messaging.slack.methods import Method

_LIMITED = Counter("ninefold_messaging_slack_rate_limited", "Calls of Slack's API that were answered 429.")


class CallLimits:
    """The rates of the tokens at this server.

    A token can use up at once what it may call in a minute in Slack, times the factor.

    Args:
        factor: how many times as often as in Slack a method can be called.
    """

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._buckets: TokenBuckets[tuple[UUID, str]] = TokenBuckets()

    def take(self, credential_id: UUID, name: str, method: Method) -> None:
        """Count a call.

        Raises:
            TooManyRequestsError: the token has called the method too often.
        """
        per_minute = method.tier * self._factor
        now_s = time.monotonic()
        bucket = self._buckets.find(
            (credential_id, name), rate_per_s=per_minute / 60, burst_max=per_minute, now_s=now_s
        )
        if wait_s := bucket.take(now_s=now_s):
            _LIMITED.inc()
            raise TooManyRequestsError(
                f"This token can call {name} {per_minute:,} times per minute.",
                retry_after_s=wait_s,
                remedy="Call it again after the time in Retry-After.",
            )
