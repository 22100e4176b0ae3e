"""The job that cancels the waiting deliveries of a deleted subscription: too many for the request that deleted it."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.model import CANCEL_DELIVERIES, CancelDeliveries
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.deliveries import delivery_cancel_waiting

BATCH: Final = 1_000
"""Deliveries that one transaction cancels."""

_BEFORE_ALL: Final = UUID(int=0)


class CancelCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the job continues."""

    after: UUID = _BEFORE_ALL
    """The last canceled delivery."""
    canceled: int = 0


class Canceled(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    deliveries: int


async def cancel_deliveries(job: JobRun[CancelDeliveries], context: WorkerContext[WebhooksSettings]) -> Canceled:
    """Cancel the waiting deliveries of a subscription, one batch for each transaction."""
    cursor = job.read_cursor(CancelCursor) or CancelCursor()
    has_more = True
    while has_more:
        job.check()
        async with context.database.transaction() as connection:
            canceled = await delivery_cancel_waiting(
                connection, subscription_id=job.payload.subscription_id, after=cursor.after, limit=BATCH
            )
            if canceled:
                cursor = CancelCursor(after=canceled[-1], canceled=cursor.canceled + len(canceled))
                await job.save(connection, cursor=cursor, done=cursor.canceled)
        has_more = len(canceled) == BATCH
    return Canceled(deliveries=cursor.canceled)


CANCEL_DELIVERIES_HANDLER: Final = JobHandler(CANCEL_DELIVERIES, cancel_deliveries)
