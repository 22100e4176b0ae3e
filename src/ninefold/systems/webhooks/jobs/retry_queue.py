"""The deliveries that wait for their next attempt: rows of PostgreSQL, whatever the event log is."""

from collections.abc import Sequence
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.systems.webhooks.jobs.claims import LOOKS_MAX, ClaimBudget, Turn
from ninefold.systems.webhooks.model import ClaimedDelivery, Outcome
from ninefold.systems.webhooks.store.deliveries import (
    delivery_cancel_held,
    delivery_claim,
    delivery_list_known,
    delivery_release_unknown,
)


class RetryQueue:
    """Hands out the deliveries that are due, to one worker at a time."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._lease = lease
        self._turn = Turn()
        self._leased_ids = LeasedIds(database, lease, delivery_release_unknown)

    async def claim(self, budget: ClaimBudget) -> Sequence[ClaimedDelivery]:
        """Take deliveries that are due, within a budget: a fair share for each organisation, longest due first.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        for _ in range(LOOKS_MAX):
            async with self._leased_ids.claim() as connection:
                claimed, turn_ended_at = await delivery_claim(
                    connection,
                    worker_id=self._lease.worker_id,
                    limit=budget.limit,
                    payload_bytes_max=budget.payload_bytes_max,
                    after=self._turn.after,
                    organisations_max=budget.organisations_max,
                    held_back=budget.held_back,
                )
            self._leased_ids.end_claim(delivery.delivery_id for delivery in claimed)
            was_all = self._turn.end(turn_ended_at)
            # The longest due of all are seen in each look: if none of them is held back, there are no others.
            if claimed or was_all or not budget.held_back:
                break
        return claimed

    def give_back(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Forget deliveries that were claimed and not begun, so that the next claim gives them back."""
        self._leased_ids.give_back(delivery.delivery_id for delivery in deliveries)

    async def cancel(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """End deliveries whose subscription is gone; the next claim gives back what an error keeps from ending."""
        self.give_back(deliveries)
        async with self._database.transaction() as connection:
            await delivery_cancel_held(
                connection,
                worker_id=self._lease.worker_id,
                delivery_ids=[delivery.delivery_id for delivery in deliveries],
            )

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Take note that these outcomes are recorded, which has let go of their deliveries."""
        self._leased_ids.settle(outcome.delivery_id for outcome in outcomes if not outcome.is_first)

    async def known(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        """Say which of these deliveries have an outcome already."""
        async with self._database.connection() as connection:
            return await delivery_list_known(connection, delivery_ids=delivery_ids)
