"""The deliveries that have a row and need another attempt. They are in PostgreSQL whatever the event log uses."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from uuid import UUID

from ninefold.core.postgres.database import Database, plan_once
from ninefold.core.queue.claims import ClaimBudget, RoundRobinClaims
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease
from ninefold.systems.webhooks.jobs.event_log import Result
from ninefold.systems.webhooks.model import STANDARD, TIERS, ClaimedDelivery, WaitingClaim
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.ordering import end_turns
from ninefold.systems.webhooks.store.circuits import circuit_release_probes, circuit_start_probes
from ninefold.systems.webhooks.store.deliveries import (
    delivery_cancel_held,
    delivery_claim,
    delivery_claim_waiting,
    delivery_list_due_tiers,
    delivery_list_recorded,
    delivery_release_unknown,
)


class RetryQueue:
    """Claims deliveries, each for one worker at a time: those that are due, and those that wait and may go on."""

    def __init__(self, database: Database, lease: WorkerLease) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, delivery_release_unknown, is_flushed=False)
        # A claim releases what isn't known to be held, and so the rows of a concurrent claim.
        self._claiming = asyncio.Lock()
        self._claims = [
            RoundRobinClaims(
                self._leased_ids,
                partial(delivery_claim, tier=tier),
                id_of=lambda delivery: delivery.delivery_id,
                is_one_scan_enough=True,
            )
            for tier in range(len(TIERS))
        ]

    async def list_due_tiers(self) -> Sequence[int]:
        """Return the tiers with deliveries that are due, or all if the next claim releases some."""
        if self._leased_ids.may_hold_more:
            return range(len(TIERS))
        async with self._database.connection() as connection:
            return await delivery_list_due_tiers(connection)

    async def claim(self, budget: ClaimBudget, *, tier: int = STANDARD) -> Sequence[ClaimedDelivery]:
        """Claim due deliveries of a tier within a budget: a fair share for each organisation, longest due first.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        async with self._claiming:
            return await self._claims[tier].claim(budget)

    async def claim_waiting(
        self, claims: Sequence[WaitingClaim], *, payload_bytes_max: int
    ) -> Sequence[ClaimedDelivery]:
        """Claim waiting deliveries of some subscriptions, of each as many as it may send, oldest first.

        Args:
            claims: whose deliveries, and how many.
            payload_bytes_max: the most bytes of all payloads together.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        async with self._claiming:
            async with self._leased_ids.claim() as connection:
                await plan_once(connection)
                deliveries = await delivery_claim_waiting(
                    connection, claims, worker_id=self._worker_id, payload_bytes_max=payload_bytes_max
                )
                probed = {claim.subscription_id for claim in claims if claim.is_probe}
                started = [delivery.subscription_id for delivery in deliveries if delivery.subscription_id in probed]
                if started:
                    await circuit_start_probes(connection, worker_id=self._worker_id, subscription_ids=started)
            self._leased_ids.add(delivery.delivery_id for delivery in deliveries)
        return deliveries

    def give_back(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Give back deliveries that weren't attempted; the next claim releases them in the database."""
        self._leased_ids.give_back(delivery.delivery_id for delivery in deliveries)

    async def cancel(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Cancel deliveries that their subscription doesn't want; if this fails, the next claim releases them."""
        self.give_back(deliveries)
        delivery_ids = [delivery.delivery_id for delivery in deliveries]
        async with self._database.transaction() as connection:
            await delivery_cancel_held(connection, worker_id=self._worker_id, delivery_ids=delivery_ids)
            await end_turns(connection, [delivery.delivery_id for delivery in deliveries if delivery.is_ordered])
            await announce_changes(connection, delivery_ids=delivery_ids)

    async def release_probes(self, subscription_ids: Collection[UUID]) -> None:
        """Let circuits be probed again, because this worker's probe has no result."""
        async with self._database.connection() as connection:
            await circuit_release_probes(connection, worker_id=self._worker_id, subscription_ids=subscription_ids)

    def forget_recorded(self, results: Sequence[Result]) -> None:
        """Forget the deliveries of recorded results. Recording a result has already released its delivery."""
        self._leased_ids.remove(result.delivery_id for result in results if result.has_row)

    async def find_recorded(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of these deliveries already have an outcome."""
        async with self._database.connection() as connection:
            return await delivery_list_recorded(connection, delivery_ids=delivery_ids)
