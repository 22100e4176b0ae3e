"""The port behind which accepted events wait for a worker, and its adapter for PostgreSQL.

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
    delivery_copy_delivered,
    delivery_insert_outcomes,
    delivery_update_outcomes,
)
from ninefold.systems.webhooks.store.events import event_claim, event_finish, event_release_unknown

_InsertOutcomes: TypeAlias = Callable[[Connection, Sequence[Outcome]], Awaitable[None]]


class EventLog(Protocol):
    """Where accepted events wait, and where what came of them is written."""

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedEvent]:
        """Claim events that nobody holds, within a budget: a fair share for each organisation, oldest first."""
        ...

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Give back events of which nothing was begun; takes effect with the next claim, and can't fail."""
        ...

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes, and only then release the events whose fan-out is complete; all of it or nothing.

        What another worker has recorded or taken over meanwhile stays as it is there.

        Raises:
            DatabaseUnavailableError: whether anything was written isn't known; recording it again does no harm.
        """
        ...


class PostgresEventLog:
    """Events wait in `webhooks.event`; outcomes are written in batches."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, event_release_unknown)
        self._claims = RoundRobinClaims(self._leased_ids, event_claim, id_of=lambda event: event.event_id)

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedEvent]:
        """Claim events, beginning with the organisation after that at which the claim before ended.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        return await self._claims.claim(budget)

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Forget events, so that the next claim releases them."""
        self._leased_ids.give_back(event.event_id for event in events)

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes and finish events in one transaction."""
        try:
            await self._record(outcomes, finished_events, insert_delivered=delivery_copy_delivered)
        except asyncpg.UniqueViolationError:
            # Another worker has recorded some of them; now with the statement that leaves those out.
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
            if finished_events:
                await event_finish(connection, worker_id=self._worker_id, event_ids=finished_events)


def _divide(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    """Return first attempts that succeeded, first attempts that didn't, and all that weren't the first."""
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
