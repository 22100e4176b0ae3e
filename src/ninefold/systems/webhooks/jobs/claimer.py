"""Claims events and due deliveries, and adds their attempts to the queues.

    claim events  ──fan-out──┐
    claim retries ───────────┼──▶ queues
    claim waiting ───────────┘

If a worker dies while it holds an event, another worker claims the event again and makes only the attempts that have no
recorded outcome.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from ninefold.core.ids import derive_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claims import ClaimBudget
from ninefold.core.queue.tenant_queues import Batch
from ninefold.core.queue.tiered_queues import TieredQueues
from ninefold.core.secrets import Sealer
from ninefold.systems.webhooks.jobs.attempt_request import AttemptRequest
from ninefold.systems.webhooks.jobs.event_log import EventLog
from ninefold.systems.webhooks.jobs.gates import ALL_TIERS, Gate, Gates
from ninefold.systems.webhooks.jobs.message import FanOut, make_message
from ninefold.systems.webhooks.jobs.recorder import OutcomeRecorder
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.jobs.turns import Turns
from ninefold.systems.webhooks.model import STANDARD, ClaimedDelivery, ClaimedEvent, Recipient, WaitingClaim
from ninefold.systems.webhooks.rules.tiers import divide
from ninefold.systems.webhooks.service.recipients import OrganisationRecipients, RecipientCache
from ninefold.systems.webhooks.store.subscriptions import subscription_list_backlogged, subscription_version_list

SUBSCRIPTIONS_SCANNED_MAX: Final = 500
"""Subscriptions with waiting deliveries that one call of `find_waiting` looks at."""

LITTLE_EVENTS_MAX: Final = 10
LITTLE_DELIVERIES_MAX: Final = 100
LITTLE_BYTES_MAX: Final = 1024 * 1024
"""A claim that returns fewer events, of fewer deliveries each and fewer bytes, wasn't cut short by its limits."""

_BEFORE_ALL: Final = UUID(int=0)


class Claimer:
    """Claims work for a worker, and queues its attempts until a slot is free.

    Args:
        database: where the subscriptions are stored.
        event_log: where events are claimed.
        retry_queue: where due deliveries are claimed.
        queues: where the attempts wait.
        gates: say which waiting deliveries may go on.
        turns: let the ordered deliveries of claimed events begin.
        recorder: finishes the events that need no attempt.
        tier_shares: how the tiers share what a subscription may be sent.
        sealer: opens the secrets that sign.
    """

    def __init__(
        self,
        database: Database,
        *,
        event_log: EventLog,
        retry_queue: RetryQueue,
        queues: TieredQueues[AttemptRequest],
        gates: Gates,
        turns: Turns,
        recorder: OutcomeRecorder,
        tier_shares: Sequence[float],
        sealer: Sealer,
    ) -> None:
        self._database = database
        self._event_log = event_log
        self._retry_queue = retry_queue
        self._queues = queues
        self._gates = gates
        self._turns = turns
        self._recorder = recorder
        self._tier_shares = tier_shares
        self._credits: dict[UUID, Mapping[int, float]] = {}
        """What the tiers of each subscription are owed, while deliveries of several tiers wait for it."""
        self._probes: dict[UUID, Gate] = {}
        self._scanned_until = _BEFORE_ALL
        self._recipient_cache = RecipientCache(sealer)
        self.has_claimed_little = [False] * len(queues.tiers)
        """For each tier, whether the latest claim of events has probably found all that there were."""

    async def claim_events(self, tier: int) -> set[UUID]:
        """Claim events of a tier and queue their first attempts; return the events' organisations.

        Raises:
            DatabaseUnavailableError: claimed events that weren't queued are given back.
            LeaseLostError: this worker's lease has expired.
        """
        budget = self._queues.tiers[tier].budget()
        events = await self._event_log.claim(budget, tier=tier)
        try:
            await self._start_turns(events)
        except DatabaseUnavailableError:
            self._event_log.give_back(events)
            raise
        is_little = (
            len(events) < LITTLE_EVENTS_MAX <= budget.rows_max // LITTLE_EVENTS_MAX
            and sum(len(event.payload) for event in events) < LITTLE_BYTES_MAX
        )
        for position, event in enumerate(events):
            try:
                recipients = await self._recipients(event.organisation_id, version=event.subscription_version)
                unattempted = await self._recipients_without_outcome(event, recipients)
            except DatabaseUnavailableError:
                self._event_log.give_back(events[position:])
                raise
            self._queue_first_attempts(event, unattempted)
            is_little = is_little and len(unattempted) < LITTLE_DELIVERIES_MAX
        self.has_claimed_little[tier] = is_little
        return {event.organisation_id for event in events}

    async def claim_retries(self, tier: int) -> set[UUID]:
        """Claim due deliveries of a tier and queue their next attempts; return the deliveries' organisations.

        Raises:
            DatabaseUnavailableError: claimed deliveries that weren't queued are given back.
            LeaseLostError: this worker's lease has expired.
        """
        deliveries = await self._retry_queue.claim(self._queues.tiers[tier].budget(), tier=tier)
        without_recipient: list[ClaimedDelivery] = []
        for position, delivery in enumerate(deliveries):
            try:
                recipients = await self._recipients(delivery.organisation_id, version=delivery.subscription_version)
            except DatabaseUnavailableError:
                self._retry_queue.give_back([*without_recipient, *deliveries[position:]])
                raise
            recipient = recipients.find(delivery.subscription_id, event_type=delivery.event_type)
            if recipient is None:
                without_recipient.append(delivery)
            else:
                self._queue_further(delivery, recipient, bypasses_limits=delivery.is_manual)
        if without_recipient:
            await self._retry_queue.cancel(without_recipient)
        return {delivery.organisation_id for delivery in deliveries}

    async def find_waiting(self) -> bool:
        """Find subscriptions with waiting deliveries that may go on, for `claim_waiting`; return whether there are any.

        Each call continues where the previous one ended.
        """
        async with self._database.connection() as connection:
            found, last = await subscription_list_backlogged(
                connection, after=self._scanned_until, limit=SUBSCRIPTIONS_SCANNED_MAX
            )
        self._scanned_until = last or _BEFORE_ALL
        for subscription in found:
            recipients = await self._recipients(subscription.organisation_id, version=subscription.subscription_version)
            recipient = recipients.by_id.get(subscription.subscription_id)
            if recipient is None:
                continue
            gate = self._gates.find(recipient, subscription.organisation_id)
            if subscription.is_probe:
                self._probes[subscription.subscription_id] = gate
            else:
                self._gates.note_waiting([subscription.subscription_id], tiers=_set_of(subscription.tiers))
        return bool(found)

    async def claim_waiting(self, now_s: float) -> None:
        """Claim waiting deliveries, as many as their gates have room for.

        Raises:
            DatabaseUnavailableError: nothing was claimed, and no room is taken.
            LeaseLostError: this worker's lease has expired.
        """
        budgets = [tier.budget() for tier in self._queues.tiers]
        claims = self._plan_waiting(now_s, budgets)
        if not claims:
            return
        try:
            deliveries = await self._retry_queue.claim_waiting(
                claims, payload_bytes_max=max(budget.bytes_max for budget in budgets)
            )
        except BaseException:
            for claim in claims:
                self._gates.give_back(claim.subscription_id, claim.count, tier=claim.tier)
            raise
        self._return_unused(claims, deliveries, now_s)
        await self._queue_waiting(deliveries, probed={each.subscription_id for each in claims if each.is_probe})

    async def refresh_recipients(self) -> set[UUID]:
        """Read again the subscriptions that have changed, of the organisations that this worker sends for.

        Returns:
            The subscriptions that are now paused or deleted and have attempts in flight.
        """
        organisation_ids = self._gates.organisations_in_use()
        if not organisation_ids:
            return set()
        async with self._database.connection() as connection:
            versions = await subscription_version_list(connection, organisation_ids=organisation_ids)
        shut: set[UUID] = set()
        for organisation_id, version in versions.items():
            recipients = await self._recipients(organisation_id, version=version)
            shut.update(self._gates.configure(organisation_id, recipients.by_id))
        return shut

    async def _start_turns(self, events: Sequence[ClaimedEvent]) -> None:
        turns = await self._turns.start(events)
        if turns:
            versions = {event.organisation_id: event.subscription_version for event in events}
            for turn in turns:
                recipients = await self._recipients(turn.organisation_id, version=versions[turn.organisation_id])
                recipient = recipients.by_id.get(turn.subscription_id)
                if recipient is not None:
                    self._gates.find(recipient, turn.organisation_id)
            self._turns.announce(turns)

    def _plan_waiting(self, now_s: float, budgets: Sequence[ClaimBudget]) -> list[WaitingClaim]:
        """Take room at the gates of subscriptions with waiting deliveries, within the budget of each tier."""
        probes, self._probes = self._probes, {}
        claims = [WaitingClaim(subscription_id=each, count=1, is_probe=True) for each in probes]
        for gate in probes.values():
            gate.take_for_waiting(1, now_s, tier=STANDARD, claimed=ALL_TIERS)
        left = [budget.rows_max - len(claims) for budget in budgets]
        for gate in self._gates.with_waiting():
            if gate.subscription_id in probes:
                continue
            for tier, count in self._divide_room(gate, now_s, budgets=budgets, left=left):
                gate.take_for_waiting(count, now_s, tier=tier, claimed=1 << tier)
                left[tier] -= count
                claims.append(
                    WaitingClaim(subscription_id=gate.subscription_id, count=count, is_probe=False, tier=tier)
                )
        return claims

    def _divide_room(
        self, gate: Gate, now_s: float, *, budgets: Sequence[ClaimBudget], left: Sequence[int]
    ) -> list[tuple[int, int]]:
        """Return how many waiting deliveries of each tier a gate has room for, within what is left of the budgets."""
        rooms = {
            tier: min(left[tier], gate.room(now_s, organisation_room=queues.room(gate.organisation_id), tier=tier))
            for tier, queues in enumerate(self._queues.tiers)
            if gate.waiting_tiers >> tier & 1 and left[tier] > 0 and gate.organisation_id not in budgets[tier].held_back
        }
        tiers = [tier for tier, room in rooms.items() if room > 0]
        if len(tiers) <= 1:
            self._credits.pop(gate.subscription_id, None)
            return [(tier, rooms[tier]) for tier in tiers]
        parts, self._credits[gate.subscription_id] = divide(
            max(rooms.values()),
            tiers,
            shares=self._tier_shares,
            credits_before=self._credits.get(gate.subscription_id, {}),
        )
        return [(tier, min(part, rooms[tier])) for tier, part in parts.items() if part]

    def _return_unused(
        self, claims: Sequence[WaitingClaim], deliveries: Sequence[ClaimedDelivery], now_s: float
    ) -> None:
        """Give back room for what wasn't found. A tier with fewer than asked for has none left."""
        probed = {claim.subscription_id for claim in claims if claim.is_probe}
        found: Counter[tuple[UUID, int]] = Counter()
        for delivery in deliveries:
            is_probe = delivery.subscription_id in probed
            found[delivery.subscription_id, STANDARD if is_probe else delivery.tier] += 1
            if is_probe and delivery.tier != STANDARD:
                self._gates.give_back(delivery.subscription_id, 1, tier=delivery.tier)
                self._gates.get(delivery.subscription_id).take(1, now_s, tier=delivery.tier)
        for claim in claims:
            unused = claim.count - found[claim.subscription_id, claim.tier]
            if unused:
                self._gates.give_back(claim.subscription_id, unused, tier=claim.tier)
                self._gates.note_all_claimed(
                    claim.subscription_id, tiers=ALL_TIERS if claim.is_probe else 1 << claim.tier
                )

    async def _queue_waiting(self, deliveries: Sequence[ClaimedDelivery], *, probed: Collection[UUID]) -> None:
        unwanted: list[ClaimedDelivery] = []
        for position, delivery in enumerate(deliveries):
            try:
                recipients = await self._recipients(delivery.organisation_id, version=delivery.subscription_version)
            except DatabaseUnavailableError:
                left = [*unwanted, *deliveries[position:]]
                self._retry_queue.give_back(left)
                for each in left:
                    self._gates.give_back(each.subscription_id, 1, tier=each.tier)
                raise
            recipient = recipients.find(delivery.subscription_id, event_type=delivery.event_type)
            if recipient is None:
                unwanted.append(delivery)
            else:
                gate = self._gates.find(recipient, delivery.organisation_id)
                self._queue_further(delivery, recipient, gate=gate, bypasses_limits=delivery.subscription_id in probed)
        await self._cancel_unwanted(unwanted, probed=probed)

    async def _cancel_unwanted(self, deliveries: Sequence[ClaimedDelivery], *, probed: Collection[UUID]) -> None:
        """Cancel claimed deliveries whose type their subscription no longer wants; probe it with another one."""
        if not deliveries:
            return
        for delivery in deliveries:
            self._gates.give_back(delivery.subscription_id, 1, tier=delivery.tier)
        await self._retry_queue.cancel(deliveries)
        unprobed = {delivery.subscription_id for delivery in deliveries} & set(probed)
        if unprobed:
            await self._retry_queue.release_probes(unprobed)
            self._probes.update((each, self._gates.get(each)) for each in unprobed)

    async def _recipients(self, organisation_id: UUID, *, version: int) -> OrganisationRecipients:
        cached = self._recipient_cache.find(organisation_id, version=version)
        if cached is not None:
            return cached
        async with self._database.connection() as connection:
            recipients = await self._recipient_cache.load(connection, organisation_id)
        self._gates.configure(organisation_id, recipients.by_id)
        return recipients

    async def _recipients_without_outcome(
        self, event: ClaimedEvent, recipients: OrganisationRecipients
    ) -> Sequence[Recipient]:
        """Return the recipients of an event whose delivery has no recorded outcome, and wasn't put in order."""
        matching = [
            recipient
            for recipient in recipients.matching(event.event_type)
            if recipient.created_at <= event.accepted_at
        ]
        if event.claim_count == 1 and not event.is_ordered:
            return matching
        delivery_ids = [derive_id(event.event_id, recipient.subscription_id) for recipient in matching]
        recorded = await self._retry_queue.find_recorded(delivery_ids)
        return [
            recipient
            for delivery_id, recipient in zip(delivery_ids, matching, strict=True)
            if delivery_id not in recorded
        ]

    def _queue_first_attempts(self, event: ClaimedEvent, recipients: Sequence[Recipient]) -> None:
        if not recipients:
            self._recorder.finish_event(event.event_id)
            return
        batch = Batch(_first_attempts(event, recipients), count=len(recipients), payload_bytes=len(event.payload))
        self._queues.tiers[event.tier].add(event.organisation_id, batch)

    def _queue_further(
        self,
        delivery: ClaimedDelivery,
        recipient: Recipient,
        *,
        gate: Gate | None = None,
        bypasses_limits: bool = False,
    ) -> None:
        request = AttemptRequest(
            message=make_message(
                delivery.event_id,
                event_type=delivery.event_type,
                payload=delivery.payload,
                tier=delivery.tier,
                retention=delivery.retention,
            ),
            recipient=recipient,
            delivery_id=delivery.delivery_id,
            organisation_id=delivery.organisation_id,
            attempt_number=delivery.attempt_count + 1,
            round_attempt_count=delivery.round_attempt_count + 1,
            round_started_at=delivery.round_started_at,
            fan_out=None,
            gate=gate,
            bypasses_limits=bypasses_limits,
            is_ordered=delivery.is_ordered,
        )
        batch = Batch([request], count=1, payload_bytes=len(delivery.payload))
        self._queues.tiers[delivery.tier].add(delivery.organisation_id, batch)


def _set_of(tiers: Iterable[int]) -> int:
    """Return a set of tiers as `Gates` has it."""
    return sum(1 << tier for tier in tiers)


def _first_attempts(event: ClaimedEvent, recipients: Sequence[Recipient]) -> Iterator[AttemptRequest]:
    """Yield the first attempts of an event's deliveries; each is created when it starts."""
    message = make_message(
        event.event_id,
        event_type=event.event_type,
        payload=event.payload,
        tier=event.tier,
        retention=event.retention,
    )
    fan_out = FanOut(len(recipients))
    for recipient in recipients:
        yield AttemptRequest(
            message=message,
            recipient=recipient,
            delivery_id=derive_id(event.event_id, recipient.subscription_id),
            organisation_id=event.organisation_id,
            attempt_number=1,
            round_attempt_count=1,
            round_started_at=event.accepted_at,
            fan_out=fan_out,
        )
