"""The gates: what a worker may send to each subscription, by its rate, attempts in flight, circuit and pause.

Every attempt passes its subscription's gate. What may not pass is written to the database as `waiting`, and claimed
again when the gate has room. The limits hold for all workers together: each worker applies its share of them.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.queue.worker_share import WorkerShare
from ninefold.systems.webhooks.model import Recipient
from ninefold.systems.webhooks.rules.rate_limits import TokenBucket

ROOM_RATIO: Final = 1 / 8
"""How many of the slots that its organisation can still take a subscription may have, so that twenty silent receivers
leave room for the others: alone it gets 1/9 of them, and twenty get 5/7 together."""

SLOTS_GUARANTEED: Final = 8
"""Slots that a subscription may have even if its organisation has little room left."""

GATES_MAX: Final = 20_000
"""Above this number, the gates that have been unused for `IDLE_S` are dropped. They are made again when needed."""

IDLE_S: Final = 10.0

OPEN: Final = 0.0
SHUT: Final = math.inf
"""Values of `Gate.blocked_until_s`: not blocked, and blocked until further notice."""


class GateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What applies to a subscription without limits of its own; all workers together."""

    rate_limit_per_s: float
    in_flight_max: int


class Gate:
    """What this worker may send to one subscription at the moment."""

    __slots__ = (
        "blocked_until_s",
        "bucket",
        "has_waiting",
        "has_waiting_since_claim",
        "in_flight",
        "in_flight_max",
        "is_shut",
        "organisation_id",
        "recipient",
        "subscription_id",
        "used_at_s",
    )

    def __init__(self, recipient: Recipient, organisation_id: UUID, *, bucket: TokenBucket) -> None:
        self.subscription_id = recipient.subscription_id
        self.organisation_id = organisation_id
        self.recipient = recipient
        self.bucket = bucket
        self.in_flight = 0
        self.in_flight_max = 0
        self.blocked_until_s = OPEN
        """Until when the circuit is open or the receiver throttles, in the event loop's time."""
        self.is_shut = False
        """Whether the subscription is paused or deleted: then attempts in flight end too."""
        self.has_waiting = False
        """Whether deliveries wait in the database. New ones then wait too, so that the older ones come first."""
        self.has_waiting_since_claim = False
        """Whether that was noted after the last claim of waiting deliveries began, which may not have seen them all."""
        self.used_at_s = 0.0

    def enter(self, now_s: float, *, organisation_room: int) -> bool:
        """Count an attempt as started if it may start now; return whether it may. Every delivery takes this path.

        Args:
            now_s: the event loop's time.
            organisation_room: how many slots the organisation can still take.
        """
        in_flight = self.in_flight
        if (
            self.has_waiting
            or self.is_shut
            or now_s < self.blocked_until_s
            or in_flight >= self.in_flight_max
            or (in_flight >= SLOTS_GUARANTEED and in_flight >= organisation_room * ROOM_RATIO)
            or not self.bucket.take_one(now_s)
        ):
            return False
        self.in_flight = in_flight + 1
        self.used_at_s = now_s
        return True

    def room(self, now_s: float, *, organisation_room: int) -> int:
        """Return how many waiting deliveries may be attempted now. The arguments are those of `enter`."""
        if self.is_shut or now_s < self.blocked_until_s:
            return 0
        slots = min(self.in_flight_max, max(SLOTS_GUARANTEED, int(organisation_room * ROOM_RATIO))) - self.in_flight
        return min(slots, self.bucket.available(now_s)) if slots > 0 else 0

    def take(self, count: int, now_s: float) -> None:
        """Count attempts as started."""
        self.bucket.take(count)
        self.in_flight += count
        self.used_at_s = now_s

    def take_for_waiting(self, count: int, now_s: float) -> None:
        """Count waiting deliveries that are about to be claimed as started."""
        self.take(count, now_s)
        self.has_waiting_since_claim = False

    def leave(self) -> None:
        """Count an attempt as ended."""
        self.in_flight -= 1

    def give_back(self, count: int) -> None:
        """Return room that was taken for attempts that weren't made."""
        self.in_flight -= count
        self.bucket.give_back(count)


class Gates:
    """The gates of the subscriptions that this worker has sent to.

    Args:
        share: this worker's share of each limit.
        limits: for subscriptions without limits of their own.
        time: the event loop's time.
    """

    def __init__(self, share: WorkerShare, limits: GateLimits, *, time: Callable[[], float]) -> None:
        self._share = share
        self._limits = limits
        self._time = time
        self._workers = (share.count, share.position)
        self._gates: dict[UUID, Gate] = {}
        self._by_organisation: defaultdict[UUID, dict[UUID, Gate]] = defaultdict(dict)
        self._with_waiting: dict[UUID, Gate] = {}
        self._blocked: dict[UUID, float] = {}

    def find(self, recipient: Recipient, organisation_id: UUID) -> Gate:
        """Return a recipient's gate; make one if there is none yet."""
        gate = self._gates.get(recipient.subscription_id)
        return gate if gate is not None else self._add(recipient, organisation_id)

    def get(self, subscription_id: UUID) -> Gate:
        """Return the gate of a subscription with attempts in flight or taken room; such a gate isn't dropped."""
        return self._gates[subscription_id]

    def with_waiting(self) -> list[Gate]:
        """Return the gates whose subscriptions have waiting deliveries."""
        return list(self._with_waiting.values())

    def organisations_in_use(self) -> list[UUID]:
        """Return the organisations with attempts in flight or waiting deliveries."""
        return [
            organisation_id
            for organisation_id, gates in self._by_organisation.items()
            if any(gate.in_flight or gate.has_waiting for gate in gates.values())
        ]

    def configure(self, organisation_id: UUID, recipients: Mapping[UUID, Recipient]) -> list[UUID]:
        """Apply an organisation's current subscriptions to its gates.

        Args:
            organisation_id: the organisation.
            recipients: all its recipients, by subscription.

        Returns:
            The subscriptions that are now paused or deleted and have attempts in flight.
        """
        shut: list[UUID] = []
        for subscription_id, gate in self._by_organisation.get(organisation_id, {}).items():
            recipient = recipients.get(subscription_id)
            gate.is_shut = recipient is None or recipient.is_paused
            if recipient is not None:
                gate.recipient = recipient
                self._apply_limits(gate)
            if gate.is_shut and gate.in_flight:
                shut.append(subscription_id)
        return shut

    def apply_shares(self) -> None:
        """Apply this worker's shares to every gate, if the number of workers has changed."""
        workers = (self._share.count, self._share.position)
        if workers != self._workers:
            self._workers = workers
            for gate in self._gates.values():
                self._apply_limits(gate)

    def block(self, blocked: Mapping[UUID, float]) -> None:
        """Block subscriptions until a time of the event loop; `OPEN` unblocks."""
        for subscription_id, until_s in blocked.items():
            if until_s == OPEN:
                self._blocked.pop(subscription_id, None)
            else:
                self._blocked[subscription_id] = until_s
            gate = self._gates.get(subscription_id)
            if gate is not None:
                gate.blocked_until_s = until_s

    def throttle(self, subscription_id: UUID, *, for_s: float) -> None:
        """Send nothing to a subscription for some time, and then more slowly, as its receiver asked."""
        gate = self._gates.get(subscription_id)
        now_s = self._time()
        if gate is not None and gate.blocked_until_s <= now_s:
            gate.bucket.slow_down(until_s=now_s + for_s)
            self.block({subscription_id: now_s + for_s})

    def note_waiting(self, subscription_ids: Iterable[UUID]) -> None:
        """Note that deliveries of these subscriptions wait in the database."""
        for subscription_id in subscription_ids:
            gate = self._gates.get(subscription_id)
            if gate is not None:
                gate.has_waiting = gate.has_waiting_since_claim = True
                self._with_waiting[subscription_id] = gate

    def note_all_claimed(self, subscription_id: UUID) -> None:
        """Note that a claim has found fewer waiting deliveries of a subscription than it asked for."""
        gate = self._gates.get(subscription_id)
        if gate is not None and gate.has_waiting and not gate.has_waiting_since_claim:
            gate.has_waiting = False
            del self._with_waiting[subscription_id]

    def give_back(self, subscription_id: UUID, count: int) -> None:
        """Return room that was taken at a subscription's gate for attempts that aren't made."""
        self.get(subscription_id).give_back(count)

    def _add(self, recipient: Recipient, organisation_id: UUID) -> Gate:
        if len(self._gates) >= GATES_MAX:
            self._drop_idle()
        rate = self._share.of_rate(self._rate_of(recipient))
        gate = Gate(recipient, organisation_id, bucket=TokenBucket(rate, now_s=self._time()))
        gate.is_shut = recipient.is_paused
        gate.blocked_until_s = self._blocked.get(recipient.subscription_id, OPEN)
        self._apply_limits(gate)
        self._gates[recipient.subscription_id] = gate
        self._by_organisation[organisation_id][recipient.subscription_id] = gate
        return gate

    def _apply_limits(self, gate: Gate) -> None:
        gate.bucket.change_limit(self._share.of_rate(self._rate_of(gate.recipient)))
        in_flight_max = gate.recipient.in_flight_max or self._limits.in_flight_max
        gate.in_flight_max = self._share.of_count(in_flight_max, key=gate.subscription_id)

    def _rate_of(self, recipient: Recipient) -> float:
        return recipient.rate_limit_per_s or self._limits.rate_limit_per_s

    def _drop_idle(self) -> None:
        unused_since_s = self._time() - IDLE_S
        idle = [
            gate
            for gate in self._gates.values()
            if not gate.in_flight and not gate.has_waiting and gate.used_at_s < unused_since_s
        ]
        for gate in idle:
            del self._gates[gate.subscription_id]
            gates = self._by_organisation[gate.organisation_id]
            del gates[gate.subscription_id]
            if not gates:
                del self._by_organisation[gate.organisation_id]
