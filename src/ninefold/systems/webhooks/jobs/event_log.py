"""The event log: where accepted events wait for a worker. The port, and its adapter for PostgreSQL.

Every adapter passes the same conformance suite, `tests/conformance/test_event_log.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.claims import ClaimBudget, RoundRobinClaims
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.webhooks.jobs.circuits import CircuitBreaker, CircuitChanges
from ninefold.systems.webhooks.jobs.turns import Turns
from ninefold.systems.webhooks.model import STANDARD, TIERS, ClaimedEvent, DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Outcome, Postponement
from ninefold.systems.webhooks.model.ordering import Turn
from ninefold.systems.webhooks.service.changes import append_changes
from ninefold.systems.webhooks.store.deliveries import (
    delivery_cancel_recorded,
    delivery_copy_delivered,
    delivery_insert_outcomes,
    delivery_insert_waiting,
    delivery_set_waiting,
    delivery_update_outcomes,
)
from ninefold.systems.webhooks.store.events import (
    event_claim,
    event_finish,
    event_list_claimable_tiers,
    event_release_unknown,
)
from ninefold.systems.webhooks.store.subscriptions import subscription_lock

_InsertOutcomes: TypeAlias = Callable[[Connection, Sequence[Outcome]], Awaitable[None]]

Result: TypeAlias = Outcome | Postponement
"""What became of a delivery that this worker took on: an attempt was made, or it must wait."""


class EventLog(Protocol):
    """Where accepted events wait for a worker, and where the outcomes of their deliveries are recorded."""

    async def claim(self, budget: ClaimBudget, *, tier: int = STANDARD) -> Sequence[ClaimedEvent]:
        """Claim events of a tier that no worker holds, within a budget: a fair share for each organisation."""
        ...

    async def list_claimable_tiers(self) -> Sequence[int]:
        """Return the tiers with events that no worker holds, and those whose next claim releases some."""
        ...

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Give back events that weren't processed. It takes effect at the next claim, and can't fail."""
        ...

    async def record(
        self, results: Sequence[Result], *, finished_events: Sequence[UUID]
    ) -> Mapping[UUID, DeliveryStatus]:
        """Write results and finish the events whose fan-out is complete, all in one transaction.

        It changes nothing that another worker has already recorded or taken over.

        Returns:
            The deliveries whose status is another one than their outcome says, because of their subscription.

        Raises:
            DatabaseUnavailableError: whether the results were written isn't known. It is safe to record them again.
        """
        ...


class PostgresEventLog:
    """An event log in PostgreSQL. Events wait in `webhooks.event`, and outcomes are written in batches.

    Args:
        database: where events and outcomes are stored.
        lease: that of this worker.
        circuit_breaker: counts the failures among the outcomes.
        turns: lets the next ones of their keys follow deliveries that have ended.
        notifier: tells the readers of live feeds of changes.
    """

    def __init__(
        self,
        database: Database,
        lease: WorkerLease,
        circuit_breaker: CircuitBreaker,
        turns: Turns,
        *,
        notifier: Notifier,
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._circuit_breaker = circuit_breaker
        self._turns = turns
        self._worker_id = lease.worker_id
        # Tiers are claimed at the same time, so each has ids of its own.
        self._leased_ids = [
            LeasedIds(database, lease, partial(event_release_unknown, tier=tier), is_flushed=False)
            for tier in range(len(TIERS))
        ]
        self._claims = [
            RoundRobinClaims(leased_ids, partial(event_claim, tier=tier), id_of=lambda event: event.event_id)
            for tier, leased_ids in enumerate(self._leased_ids)
        ]

    async def claim(self, budget: ClaimBudget, *, tier: int = STANDARD) -> Sequence[ClaimedEvent]:
        """Claim events of a tier. Each claim starts after the organisation where the previous one ended.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        return await self._claims[tier].claim(budget)

    async def list_claimable_tiers(self) -> Sequence[int]:
        """Return the tiers with events that no worker holds, and those whose next claim releases some."""
        async with self._database.connection() as connection:
            claimable = await event_list_claimable_tiers(connection)
        return sorted({*claimable, *(tier for tier, ids in enumerate(self._leased_ids) if ids.may_hold_more)})

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Give back events; the next claim of their tier releases them in the database."""
        for event in events:
            self._leased_ids[event.tier].give_back([event.event_id])

    async def record(
        self, results: Sequence[Result], *, finished_events: Sequence[UUID]
    ) -> Mapping[UUID, DeliveryStatus]:
        """Write results and finish events in one transaction; then apply what they change in this worker."""
        try:
            recorded = await self._record(results, finished_events, insert_delivered=delivery_copy_delivered)
        except asyncpg.UniqueViolationError:
            # Another worker has recorded some of them. Use the slower statement, which skips those.
            recorded = await self._record(results, finished_events, insert_delivered=delivery_insert_outcomes)
        for leased_ids in self._leased_ids:
            leased_ids.remove(finished_events)
        self._turns.announce(recorded.turns)
        await self._circuit_breaker.apply(recorded.changes)
        return {
            **dict.fromkeys(recorded.changes.kept_waiting, DeliveryStatus.WAITING),
            **dict.fromkeys(recorded.canceled, DeliveryStatus.CANCELED),
        }

    async def _record(
        self, results: Sequence[Result], finished_events: Sequence[UUID], *, insert_delivered: _InsertOutcomes
    ) -> "_Recorded":
        batch = _divide(results)
        async with self._database.transaction() as connection:
            if batch.delivered:
                await insert_delivered(connection, batch.delivered)
            if batch.unsuccessful:
                await delivery_insert_outcomes(connection, batch.unsuccessful)
            if batch.further:
                await delivery_update_outcomes(connection, batch.further, worker_id=self._worker_id)
            if batch.postponed:
                await self._postpone(connection, batch.postponed)
            deleted = await _lock_subscriptions(connection, batch)
            changes = await self._circuit_breaker.record(connection, batch.outcomes)
            canceled = [each.delivery_id for each in batch.unfinished() if each.subscription_id in deleted]
            if canceled:
                await delivery_cancel_recorded(connection, delivery_ids=canceled)
            turns = await self._turns.record(connection, results)
            if finished_events:
                await event_finish(connection, worker_id=self._worker_id, event_ids=finished_events)
            channels = await append_changes(
                connection,
                delivery_ids=[result.delivery_id for result in results],
                subscription_ids=changes.subscription_ids,
            )
        if channels:
            self._notifier.notify(LIVE_CHANNEL, *sorted(channels))
        return _Recorded(changes=changes, canceled=canceled, turns=turns)

    async def _postpone(self, connection: Connection, postponed: Sequence[Postponement]) -> None:
        held = [each.delivery_id for each in postponed if each.has_row]
        if held:
            await delivery_set_waiting(connection, worker_id=self._worker_id, delivery_ids=held)
        without_row = [each for each in postponed if not each.has_row]
        if without_row:
            await delivery_insert_waiting(connection, without_row)


class _Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a batch of results."""

    changes: CircuitChanges
    canceled: Sequence[UUID]
    """The deliveries that were canceled, because their subscription is deleted."""
    turns: Sequence[Turn]
    """The turns that have begun."""


class _Batch:
    """Results, divided by the statement that writes them."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.delivered: list[Outcome] = []
        """First attempts that succeeded; the deliveries have no row yet."""
        self.unsuccessful: list[Outcome] = []
        """First attempts that failed; the deliveries have no row yet."""
        self.further: list[Outcome] = []
        """Attempts of deliveries that have a row."""
        self.postponed: list[Postponement] = []

    def unfinished(self) -> list[Result]:
        """Return what isn't delivered: such deliveries are canceled if their subscription is deleted."""
        unfinished: list[Result] = [
            outcome for outcome in (*self.unsuccessful, *self.further) if outcome.status is not DeliveryStatus.DELIVERED
        ]
        return [*unfinished, *self.postponed]


async def _lock_subscriptions(connection: Connection, batch: _Batch) -> set[UUID]:
    """Return which subscriptions of unfinished deliveries have been deleted while this worker had them.

    The job that cancels a deleted subscription's deliveries doesn't see these: they have no row yet, or a worker holds
    them. The lock ensures that either this transaction sees the deletion, or the job sees these rows.
    """
    subscription_ids = {each.subscription_id for each in batch.unfinished()}
    if not subscription_ids:
        return set()
    return await subscription_lock(connection, subscription_ids=subscription_ids)


def _divide(results: Sequence[Result]) -> _Batch:
    batch = _Batch()
    for result in results:
        if isinstance(result, Postponement):
            batch.postponed.append(result)
            continue
        batch.outcomes.append(result)
        if result.has_row:
            batch.further.append(result)
        elif result.status is DeliveryStatus.DELIVERED:
            batch.delivered.append(result)
        else:
            batch.unsuccessful.append(result)
    return batch
