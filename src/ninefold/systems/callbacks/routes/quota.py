"""How many callbacks an organisation may receive, so that forged ones can't use up what genuine ones need.

Everyone who knows an ingest URL can call it, and usually a callback is verified only after it was stored. So half of
the quota is for genuine callbacks: if the other half is used up, a callback is verified before it is accepted.
"""

import asyncio
import time
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from ninefold.core.errors import TooManyRequestsError
from ninefold.core.rate_limits import TokenBucket, TokenBuckets
from ninefold.systems.callbacks.model import Source
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.verification import ReceivedRequest, Secret, Verified, find_provider, verify

THREAD_ABOVE_BYTES: Final = 256 * 1024
"""Bodies whose hashing would delay other requests for too long; a thread does it."""

_LIMITED: Final = Counter("ninefold_callbacks_rate_limited", "Requests that were answered 429.")


class Quota:
    """The rate of each organisation at this server.

    Args:
        settings: the rate, and how much may come at once.
    """

    def __init__(self, settings: CallbacksSettings) -> None:
        self._settings = settings
        self._buckets: TokenBuckets[UUID] = TokenBuckets()

    def check(self, organisation_id: UUID) -> None:
        """Check that an organisation has something left, before a body is read for it. Nothing is taken yet.

        Raises:
            TooManyRequestsError: it has received as much as it may.
        """
        self._refuse_after(self._bucket(organisation_id).wait_s(now_s=time.monotonic()), is_used_up=True)

    async def take(self, source: Source, request: ReceivedRequest) -> None:
        """Count a callback. It is verified only if less than half of the quota is left.

        Args:
            source: to which it was sent.
            request: as it was received.

        Raises:
            TooManyRequestsError: nothing is left, or too little for a callback that isn't proven to be genuine.
        """
        bucket = self._bucket(source.organisation_id)
        wait_s = bucket.take(now_s=time.monotonic(), is_proven=False)
        if not wait_s:
            return
        is_genuine = await _is_genuine(source, request)
        if is_genuine:
            wait_s = bucket.take(now_s=time.monotonic())
        self._refuse_after(wait_s, is_used_up=is_genuine)

    def _bucket(self, organisation_id: UUID) -> TokenBucket:
        return self._buckets.find(
            organisation_id,
            rate_per_s=self._settings.rate_per_s,
            burst_max=self._settings.burst_max,
            now_s=time.monotonic(),
        )

    def _refuse_after(self, wait_s: int, *, is_used_up: bool) -> None:
        if not wait_s:
            return
        _LIMITED.inc()
        limit = f"The organisation may receive {self._settings.rate_per_s:g} callbacks per second"
        raise TooManyRequestsError(
            f"{limit}." if is_used_up else f"{limit}, and the rest is for those that are verified.",
            retry_after_s=wait_s,
            remedy="Send the same request again after the time in Retry-After.",
        )


async def _is_genuine(source: Source, request: ReceivedRequest) -> bool:
    if len(request.body) > THREAD_ABOVE_BYTES:
        return await asyncio.to_thread(_verify, source, request)
    return _verify(source, request)


def _verify(source: Source, request: ReceivedRequest) -> bool:
    """Return whether a request verifies without the network; one whose keys must be fetched first doesn't."""
    secrets = [Secret(secret) for secret in source.secrets]
    return isinstance(verify(find_provider(source.provider), request, secrets, options=source.options), Verified)
