"""Where the demo's callbacks are forwarded to: verifies every request, and records what arrives."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from standardwebhooks import Webhook, WebhookVerificationError

from ninefold.edge.demo.receiver import Receiver

ACCEPTED: Final = 204
REFUSED: Final = 400
BROKEN: Final = 500

FAILURES_FIRST: Final = 3
"""The first requests are answered with an error, so that they are sent again."""


class ForwardTarget:
    """A target of forwarded callbacks.

    Args:
        genuine: the bodies that must arrive.
    """

    def __init__(self, genuine: Collection[bytes]) -> None:
        self.receiver: Final = Receiver(self._answer)
        self._genuine: Final = set(genuine)
        self._ids_of: defaultdict[bytes, set[str]] = defaultdict(set)
        """The ids with which each body has arrived. A request that is sent again has the same id."""
        self._problems: list[str] = []
        self._failures = 0
        self._secret: Webhook | None = None
        self._has_progress: Final = asyncio.Event()

    def verify_with(self, secret: str) -> None:
        """Set the secret that requests are signed with."""
        self._secret = Webhook(secret)

    @property
    def arrived(self) -> int:
        """How many genuine callbacks have arrived, byte for byte and with a valid signature."""
        return len(self._genuine & self._ids_of.keys())

    async def wait_until_complete(self, *, timeout_s: float) -> None:
        """Wait until every genuine callback has arrived, or until the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.arrived < len(self._genuine):
                    self._has_progress.clear()
                    await self._has_progress.wait()

    def find_problems(self) -> list[str]:
        """Return what went wrong, one sentence each."""
        problems = list(self._problems)
        if missing := len(self._genuine) - self.arrived:
            problems.append(f"{missing} genuine callbacks didn't arrive.")
        if foreign := len(self._ids_of.keys() - self._genuine):
            problems.append(f"{foreign} callbacks arrived that aren't genuine.")
        if repeated := [ids for ids in self._ids_of.values() if len(ids) > 1]:
            problems.append(f"{len(repeated)} callbacks were passed on more than once.")
        return problems

    async def _answer(self, headers: Mapping[str, str], body: bytes) -> int:
        webhook_id = headers.get("webhook-id", "")
        assert self._secret is not None, "no request can come before the source exists"
        try:
            self._secret.verify(body, dict(headers))
        except WebhookVerificationError as error:
            self._problems.append(f"Request {webhook_id or '(no id)'} had no valid signature: {error}.")
            return REFUSED
        if "x-hub-signature-256" not in headers:
            self._problems.append(f"Request {webhook_id} lacks the provider's own headers.")
        if self._failures < FAILURES_FIRST:
            self._failures += 1
            return BROKEN
        self._ids_of[body].add(webhook_id)
        self._has_progress.set()
        return ACCEPTED
