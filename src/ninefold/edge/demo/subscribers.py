"""The demo's subscribers: how each one behaves, and what it has received."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from ninefold.edge.demo.receiver import Receiver

ACCEPTED: Final = 204
REFUSED: Final = 400
BROKEN: Final = 500


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a subscriber difficult."""

    name: str
    story: str
    event_types: tuple[str, ...] = ("*",)
    fails_every: int = 0
    """The first attempt of every so many events is answered with an error; 0: of none."""
    answers_after_s: float = 0.0
    down_for_s: float = 0.0
    """How long it refuses connections at the beginning."""


BEHAVIOURS: Final = (
    Behaviour(name="steady", story="answers at once"),
    Behaviour(name="flaky", story="fails a third once", fails_every=3),
    Behaviour(name="down", story="is down for 5 s", down_for_s=5.0),
    Behaviour(name="slow", story="answers after 300 ms", answers_after_s=0.3),
    Behaviour(
        name="picky",
        story="wants three types only",
        event_types=("github.push", "github.issues", "github.pull_request"),
    ),
)


class Subscriber:
    """A subscriber: verifies every request with the official library, and records what arrives.

    Args:
        behaviour: how it answers requests.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour: Final = behaviour
        self.receiver: Final = Receiver(self._answer)
        self.subscription_id = ""
        self.expected: dict[str, bytes] = {}
        """What must arrive: the exact bytes of the payload, by the event's id."""
        self.problems: list[str] = []
        """What went wrong, one sentence each."""
        self.has_progress: Final = asyncio.Event()
        self._secret: Webhook | None = None
        self._attempts: Counter[str] = Counter()
        self._delivered: dict[str, bytes] = {}
        self._delivered_at: dict[str, float] = {}
        self._published_at: dict[str, float] = {}

    def subscribe(self, *, subscription_id: str, secret: str) -> None:
        """Set the id of its subscription, and the secret that requests are signed with."""
        self.subscription_id = subscription_id
        self._secret = Webhook(secret)

    def wants(self, event_type: str) -> bool:
        """Return whether it is subscribed to events of this type."""
        return "*" in self.behaviour.event_types or event_type in self.behaviour.event_types

    def expect(self, event_id: str, body: bytes, *, published_at: float) -> None:
        """Add an event that was accepted; it can have arrived already."""
        self.expected[event_id] = body
        self._published_at[event_id] = published_at
        self.has_progress.set()

    @property
    def delivered_count(self) -> int:
        """How many of the expected events have arrived, with the right bytes and a valid signature."""
        return sum(1 for event_id, body in self.expected.items() if self._delivered.get(event_id) == body)

    @property
    def is_complete(self) -> bool:
        """Whether everything arrived, and nothing else."""
        return not self.missing and not self.unexpected and not self.problems

    @property
    def missing(self) -> Sequence[str]:
        """The events that haven't arrived with the bytes that were published."""
        return [event_id for event_id, body in self.expected.items() if self._delivered.get(event_id) != body]

    @property
    def unexpected(self) -> Sequence[str]:
        """The events that arrived although they weren't expected."""
        return [event_id for event_id in self._delivered if event_id not in self.expected]

    def latencies_s(self) -> list[float]:
        """Return the seconds between publishing each event and its arrival, sorted."""
        return sorted(
            self._delivered_at[event_id] - published_at
            for event_id, published_at in self._published_at.items()
            if event_id in self._delivered_at
        )

    async def _answer(self, headers: Mapping[str, str], body: bytes) -> int:
        event_id = headers.get("x-webhook-id", "")
        self._attempts[event_id] += 1
        assert self._secret is not None, "no request can come before the subscription exists"
        try:
            self._secret.verify(body, dict(headers))
        except WebhookVerificationError as error:
            self.problems.append(f"Event {event_id or '(no id)'} had no valid signature: {error}.")
            return REFUSED
        if self._must_fail(event_id):
            return BROKEN
        await asyncio.sleep(self.behaviour.answers_after_s)
        self._record_delivery(event_id, body)
        return ACCEPTED

    def _must_fail(self, event_id: str) -> bool:
        every = self.behaviour.fails_every
        return every > 0 and self._attempts[event_id] == 1 and len(self._attempts) % every == 0

    def _record_delivery(self, event_id: str, body: bytes) -> None:
        if self._delivered.setdefault(event_id, body) != body:
            self.problems.append(f"Event {event_id} arrived twice, with different bytes.")
        self._delivered_at.setdefault(event_id, time.monotonic())
        self.has_progress.set()
