"""The deliveries that are waiting for their next attempt. They are in PostgreSQL whatever the event log uses."""

from collections.abc import Sequence
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.core.queue.claims import ClaimBudget, RoundRobinClaims
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.systems.webhooks.model import ClaimedDelivery, Outcome
from ninefold.systems.webhooks.store.deliveries import (
    delivery_cancel_held,
    delivery_claim,
    delivery_list_recorded,
    delivery_release_unknown,
)


class RetryQueue:
    """Claims due deliveries, each for one worker at a time."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, delivery_release_unknown)
        self._claims = RoundRobinClaims(
            self._leased_ids, delivery_claim, id_of=lambda delivery: delivery.delivery_id, is_one_scan_enough=True
        )

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedDelivery]:
        """Claim due deliveries within a budget: a fair share for each organisation, longest due first.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        return await self._claims.claim(budget)

    def give_back(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Give back deliveries that weren't attempted; the next claim releases them in the database."""
        self._leased_ids.give_back(delivery.delivery_id for delivery in deliveries)

    async def cancel(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Cancel deliveries that their subscription doesn't want; if this fails, the next claim releases them."""
        self.give_back(deliveries)
        async with self._database.transaction() as connection:
            await delivery_cancel_held(
                connection,
                worker_id=self._worker_id,
                delivery_ids=[delivery.delivery_id for delivery in deliveries],
            )

    def forget_recorded(self, outcomes: Sequence[Outcome]) -> None:
        """Forget the deliveries of recorded outcomes. Recording an outcome has already released its delivery."""
        self._leased_ids.remove(outcome.delivery_id for outcome in outcomes if not outcome.is_first)

    async def find_recorded(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of these deliveries already have an outcome."""
        async with self._database.connection() as connection:
            return await delivery_list_recorded(connection, delivery_ids=delivery_ids)
