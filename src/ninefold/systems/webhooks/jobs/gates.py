"""The gates: what a worker may send to each subscription, by its rate, attempts in flight, circuit and pause.

Every attempt passes its subscription's gate. What may not pass is written to the database as `waiting`, and claimed
again when the gate has room. The limits hold for all workers together: each worker applies its share of them.

Once a more urgent tier has passed a gate, the less urgent ones leave it a part of the limits.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.queue.worker_share import WorkerShare
from ninefold.systems.webhooks.model import STANDARD, TIERS, Recipient
from ninefold.systems.webhooks.rules.rate_limits import TokenBucket

ROOM_RATIO: Final = 1 / 8
"""How many of the slots that its organisation can still take a subscription may have, so that twenty silent receivers
leave room for the others: alone it gets 1/9 of them, and twenty get 5/7 together."""

SLOTS_GUARANTEED: Final = 8
"""Slots that a subscription may have even if its organisation has little room left."""

KEPT_RATIO: Final = 1 / 6
"""The part of each limit that is kept for the more urgent tiers, if all of the shares were theirs."""

ALL_TIERS: Final = 2 ** len(TIERS) - 1
"""A set of tiers is a number: the bit at the position of each tier's number is set."""

_UP_TO: Final = tuple(2 ** (tier + 1) - 1 for tier in range(len(TIERS)))
"""For each tier, the set of it and the more urgent ones."""

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
    tier_shares: Sequence[float]
    """How the tiers share each limit."""


class Gate:
    """What this worker may send to one subscription at the moment."""

    __slots__ = (
        "blocked_until_s",
        "bucket",
        "in_flight",
        "in_flight_max",
        "in_flight_of",
        "is_shut",
        "kept",
        "noted_tiers",
        "organisation_id",
        "recipient",
        "subscription_id",
        "tier_shares",
        "tiers_seen",
        "used_at_s",
        "waiting_tiers",
    )

    def __init__(
        self, recipient: Recipient, organisation_id: UUID, *, bucket: TokenBucket, tier_shares: Sequence[float]
    ) -> None:
        self.subscription_id = recipient.subscription_id
        self.organisation_id = organisation_id
        self.recipient = recipient
        self.bucket = bucket
        self.tier_shares = tier_shares
        self.in_flight = 0
        self.in_flight_of = [0] * len(TIERS)
        """The attempts in flight of each tier."""
        self.in_flight_max = 0
        self.tiers_seen = 0
        """The set of tiers that have passed."""
        self.kept = [0.0] * len(TIERS)
        """For each tier, the part of the limits that it leaves to the more urgent ones."""
        self.blocked_until_s = OPEN
        """Until when the circuit is open or the receiver throttles, in the event loop's time."""
        self.is_shut = False
        """Whether the subscription is paused or deleted: then attempts in flight end too."""
        self.waiting_tiers = 0
        """The set of tiers with deliveries that wait in the database. New ones of these and of less urgent tiers then
        wait too, so that the older ones come first."""
        self.noted_tiers = 0
        """The set of tiers for which that was noted after the last claim of waiting deliveries began, which may not
        have seen them all."""
        self.used_at_s = 0.0

    def enter(self, now_s: float, *, organisation_room: int, tier: int) -> bool:
        """Count an attempt as started if it may start now; return whether it may. Every delivery takes this path.

        Args:
            now_s: the event loop's time.
            organisation_room: how many slots the organisation can still take in this tier.
            tier: the attempt's tier.
        """
        in_flight = self.in_flight_of[tier]
        if (
            self.waiting_tiers & _UP_TO[tier]
            or self.is_shut
            or now_s < self.blocked_until_s
            or (in_flight >= SLOTS_GUARANTEED and in_flight >= organisation_room * ROOM_RATIO)
        ):
            return False
        if self.tiers_seen != 1 << tier:
            if self.room(now_s, organisation_room=organisation_room, tier=tier) < 1:
                return False
            self.bucket.take(1)
        elif self.in_flight >= self.in_flight_max or not self.bucket.take_one(now_s):
            return False
        self.in_flight += 1
        self.in_flight_of[tier] = in_flight + 1
        self.used_at_s = now_s
        return True

    def room(self, now_s: float, *, organisation_room: int, tier: int) -> int:
        """Return how many waiting deliveries of a tier may be attempted now. The arguments are those of `enter`."""
        if not self.tiers_seen >> tier & 1:
            self._note_seen(tier)
        if self.is_shut or now_s < self.blocked_until_s:
            return 0
        kept = self.kept[tier]
        slots = min(
            max(SLOTS_GUARANTEED, int(organisation_room * ROOM_RATIO)) - self.in_flight_of[tier],
            self.in_flight_max - int(self.in_flight_max * kept) - self.in_flight,
        )
        return max(0, min(slots, self.bucket.available(now_s, kept=kept))) if slots > 0 else 0

    def take(self, count: int, now_s: float, *, tier: int) -> None:
        """Count attempts as started."""
        self.bucket.take(count)
        self.in_flight += count
        self.in_flight_of[tier] += count
        self.used_at_s = now_s

    def take_for_waiting(self, count: int, now_s: float, *, tier: int, claimed: int) -> None:
        """Count waiting deliveries as started that are about to be claimed from a set of tiers."""
        self.take(count, now_s, tier=tier)
        self.noted_tiers &= ~claimed

    def leave(self, *, tier: int) -> None:
        """Count an attempt as ended."""
        self.in_flight -= 1
        self.in_flight_of[tier] -= 1

    def give_back(self, count: int, *, tier: int) -> None:
        """Return room that was taken for attempts that weren't made."""
        self.in_flight -= count
        self.in_flight_of[tier] -= count
        self.bucket.give_back(count)

    def _note_seen(self, tier: int) -> None:
        """Let less urgent tiers leave a part of the limits to a tier that passes here for the first time."""
        self.tiers_seen |= 1 << tier
        total = sum(self.tier_shares)
        urgent = 0.0
        for number, share in enumerate(self.tier_shares):
            self.kept[number] = KEPT_RATIO * urgent / total
            urgent += share * (self.tiers_seen >> number & 1)


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
            if any(gate.in_flight or gate.waiting_tiers for gate in gates.values())
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

    def note_waiting(self, subscription_ids: Iterable[UUID], *, tiers: int = ALL_TIERS) -> None:
        """Note that deliveries of these subscriptions and of a set of tiers wait in the database."""
        for subscription_id in subscription_ids:
            gate = self._gates.get(subscription_id)
            if gate is not None:
                gate.waiting_tiers |= tiers
                gate.noted_tiers |= tiers
                self._with_waiting[subscription_id] = gate

    def note_all_claimed(self, subscription_id: UUID, *, tiers: int = ALL_TIERS) -> None:
        """Note that a claim has found fewer waiting deliveries of a subscription and some tiers than it asked for."""
        gate = self._gates.get(subscription_id)
        if gate is not None and gate.waiting_tiers:
            gate.waiting_tiers &= ~tiers | gate.noted_tiers
            if not gate.waiting_tiers:
                del self._with_waiting[subscription_id]

    def give_back(self, subscription_id: UUID, count: int, *, tier: int = STANDARD) -> None:
        """Return room that was taken at a subscription's gate for attempts that aren't made."""
        self.get(subscription_id).give_back(count, tier=tier)

    def _add(self, recipient: Recipient, organisation_id: UUID) -> Gate:
        if len(self._gates) >= GATES_MAX:
            self._drop_idle()
        rate = self._share.of_rate(self._rate_of(recipient))
        gate = Gate(
            recipient,
            organisation_id,
            bucket=TokenBucket(rate, now_s=self._time()),
            tier_shares=self._limits.tier_shares,
        )
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
            if not gate.in_flight and not gate.waiting_tiers and gate.used_at_s < unused_since_s
        ]
        for gate in idle:
            del self._gates[gate.subscription_id]
            gates = self._by_organisation[gate.organisation_id]
            del gates[gate.subscription_id]
            if not gates:
                del self._by_organisation[gate.organisation_id]
