"""Erases an organisation from webhooks.

Deliveries that are in flight end: their events stay until each has a row, or until the worker's lease is over. What
retries or waits is deleted, and a worker that has claimed it records nothing.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.erasure import Erased, Link, SchemaErasure
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model.erasure import ErasedBatch
from ninefold.systems.webhooks.store import erasure as store
from ninefold.systems.webhooks.store.subscriptions import subscription_version_bump

BATCH: Final = 500
"""Events or deliveries that one transaction deletes."""

_BEFORE_ALL: Final = UUID(int=0)

_ROWS: Final = SchemaErasure(
    schema="webhooks",
    links={"ordered_delivery": Link("subscription_id", "subscription")},
    kept=("alert_evaluation",),
)
"""The tables that aren't partitioned."""


async def erase(database: Database, *, organisation_id: UUID, check: Callable[[], None]) -> Erased:
    """See `EraseOrganisation`."""
    async with database.transaction() as connection:
        if await store.erasure_close_subscriptions(connection, organisation_id=organisation_id):
            await subscription_version_bump(connection, organisation_id=organisation_id)
    counts = {"webhooks.event": 0, "webhooks.delivery": 0, "webhooks.earlier_attempt": 0}
    after: UUID | None = _BEFORE_ALL
    while after is not None:
        check()
        async with database.transaction() as connection:
            batch = await store.erasure_delete_events(
                connection, organisation_id=organisation_id, after=after, limit=BATCH
            )
        _add(counts, batch)
        after = batch.last_id
    async with database.connection() as connection:
        if await store.erasure_count_leased(connection, organisation_id=organisation_id, limit=1):
            return Erased(_without_zeros(counts), is_complete=False)
    has_more = True
    while has_more:
        check()
        async with database.transaction() as connection:
            batch = await store.erasure_delete_deliveries(connection, organisation_id=organisation_id, limit=BATCH)
        _add(counts, batch)
        has_more = batch.deliveries > 0
    rest = await _ROWS(database, organisation_id=organisation_id, check=check)
    return Erased({**_without_zeros(counts), **rest.counts})


def _add(counts: dict[str, int], batch: ErasedBatch) -> None:
    counts["webhooks.event"] += batch.events
    counts["webhooks.delivery"] += batch.deliveries
    counts["webhooks.earlier_attempt"] += batch.attempts


def _without_zeros(counts: dict[str, int]) -> dict[str, int]:
    return {table: count for table, count in counts.items() if count}
