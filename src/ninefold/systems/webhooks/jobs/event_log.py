"""The port behind which accepted events wait for a worker, and its adapter for PostgreSQL.

Every adapter passes the same conformance suite, `tests/conformance/test_event_log.py`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.systems.webhooks.jobs.claims import LOOKS_MAX, ClaimBudget, Turn
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
        """Take events that nobody holds, within a budget: a fair share for each organisation, oldest first."""
        ...

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Let go of events that were claimed and not begun; takes effect with the next claim, and can't fail."""
        ...

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes, and only then let go of the events whose fan-out is complete; all of it or nothing.

        What another worker has recorded or taken over meanwhile stays as it is there.
        """
        ...


class PostgresEventLog:
    """Events wait in `webhooks.event`; outcomes are written in batches."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._lease = lease
        self._turn = Turn()
        self._leased_ids = LeasedIds(database, lease, event_release_unknown)

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedEvent]:
        """Take events, beginning with the organisation at which the turn before ended.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        for _ in range(LOOKS_MAX):
            async with self._leased_ids.claim() as connection:
                claimed, turn_ended_at = await event_claim(
                    connection,
                    worker_id=self._lease.worker_id,
                    limit=budget.limit,
                    deliveries_max=budget.deliveries_max,
                    payload_bytes_max=budget.payload_bytes_max,
                    after=self._turn.after,
                    organisations_max=budget.organisations_max,
                    held_back=budget.held_back,
                )
            self._leased_ids.end_claim(event.event_id for event in claimed)
            was_all = self._turn.end(turn_ended_at)
            if claimed or was_all:
                break
        return claimed

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        """Forget events, so that the next claim gives them back."""
        self._leased_ids.give_back(event.event_id for event in events)

    async def record(self, outcomes: Sequence[Outcome], *, finished_events: Sequence[UUID]) -> None:
        """Write outcomes and finish events in one transaction."""
        try:
            await self._record(outcomes, finished_events, insert_delivered=delivery_copy_delivered)
        except asyncpg.UniqueViolationError:
            # Another worker has recorded some of them; now with the statement that leaves those out.
            await self._record(outcomes, finished_events, insert_delivered=delivery_insert_outcomes)
        self._leased_ids.settle(finished_events)

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
                await delivery_update_outcomes(connection, further, worker_id=self._lease.worker_id)
            if finished_events:
                await event_finish(connection, worker_id=self._lease.worker_id, event_ids=finished_events)


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
