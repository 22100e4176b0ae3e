"""The event log: where accepted events wait for a worker. The port, and its adapter for PostgreSQL.

Every adapter passes the same conformance suite, `tests/conformance/test_event_log.py`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.claims import ClaimBudget, RoundRobinClaims
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.systems.webhooks.model import ClaimedEvent, DeliveryStatus, Outcome
from ninefold.systems.webhooks.store.deliveries import (
    delivery_cancel_recorded,
    delivery_copy_delivered,
    delivery_insert_outcomes,
    delivery_update_outcomes,
)
from ninefold.systems.webhooks.store.events import event_claim, event_finish, event_release_unknown
from ninefold.systems.webhooks.store.subscriptions import subscription_lock

_InsertOutcomes: TypeAlias = Callable[[Connection, Sequence[Outcome]], Awaitable[None]]


class EventLog(Protocol):
    """Where accepted events wait for a worker, and where the outcomes of their deliveries are recorded."""

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedEvent]:
        """Claim events that no worker holds, within a budget: a fair share for each organisation, oldest first."""
        ...

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Give back events that weren't processed. It takes effect at the next claim, and can't fail."""
        ...

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes and finish the events whose fan-out is complete, all in one transaction.

        It changes nothing that another worker has already recorded or taken over.

        Raises:
            DatabaseUnavailableError: whether the outcomes were written isn't known. It is safe to record them again.
        """
        ...


class PostgresEventLog:
    """An event log in PostgreSQL. Events wait in `webhooks.event`, and outcomes are written in batches."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, event_release_unknown)
        self._claims = RoundRobinClaims(self._leased_ids, event_claim, id_of=lambda event: event.event_id)

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedEvent]:
        """Claim events. Each claim starts after the organisation where the previous one ended.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        return await self._claims.claim(budget)

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Give back events; the next claim releases them in the database."""
        self._leased_ids.give_back(event.event_id for event in events)

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes and finish events in one transaction."""
        try:
            await self._record(outcomes, finished_events, insert_delivered=delivery_copy_delivered)
        except asyncpg.UniqueViolationError:
            # Another worker has recorded some of them. Use the slower statement, which skips those.
            await self._record(outcomes, finished_events, insert_delivered=delivery_insert_outcomes)
        self._leased_ids.remove(finished_events)

    async def _record(
        self, outcomes: Sequence[Outcome], finished_events: Sequence[UUID], *, insert_delivered: _InsertOutcomes
    ) -> None:
        delivered, unsuccessful, further = _divide(outcomes)
        async with self._database.transaction() as connection:
            if delivered:
                await insert_delivered(connection, delivered)
            if unsuccessful:
                await delivery_insert_outcomes(connection, unsuccessful)
            if further:
                await delivery_update_outcomes(connection, further, worker_id=self._worker_id)
            await _cancel_unwanted(connection, [*unsuccessful, *further])
            if finished_events:
                await event_finish(connection, worker_id=self._worker_id, event_ids=finished_events)


async def _cancel_unwanted(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Cancel what would be retried although its subscription was deleted while the attempt was in progress.

    The job that cancels a deleted subscription's deliveries doesn't see these: they have no row yet, or a worker holds
    them. The lock ensures that either this transaction sees the deletion, or the job sees these rows.
    """
    retrying = [outcome for outcome in outcomes if outcome.status is DeliveryStatus.RETRYING]
    if not retrying:
        return
    deleted = await subscription_lock(connection, subscription_ids={outcome.subscription_id for outcome in retrying})
    if deleted:
        await delivery_cancel_recorded(
            connection,
            delivery_ids=[outcome.delivery_id for outcome in retrying if outcome.subscription_id in deleted],
        )


def _divide(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    """Return the outcomes of successful first attempts, of failed first attempts, and of all later attempts."""
    delivered: list[Outcome] = []
    unsuccessful: list[Outcome] = []
    further: list[Outcome] = []
    for outcome in outcomes:
        if not outcome.is_first:
            further.append(outcome)
        elif outcome.status is DeliveryStatus.DELIVERED:
            delivered.append(outcome)
        else:
            unsuccessful.append(outcome)
    return delivered, unsuccessful, further
