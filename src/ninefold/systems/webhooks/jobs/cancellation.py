"""The job that cancels the unfinished deliveries of a deleted subscription: too many for the request itself."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.model import CANCEL_DELIVERIES, HELD, CancelDeliveries, DeliveryStatus
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.deliveries import delivery_cancel_pending
from ninefold.systems.webhooks.store.ordering import ordered_delivery_delete

BATCH: Final = 1_000
"""Deliveries that one transaction cancels."""

_BEFORE_ALL: Final = UUID(int=0)

# A delivery can go from the first two to `waiting`, so those that wait come last. None goes back: a worker that claims
# one cancels it, because its subscription is deleted.
_STATUSES: Final = (HELD, DeliveryStatus.RETRYING.value, DeliveryStatus.WAITING.value)


class CancelCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the job continues."""

    status: str = _STATUSES[0]
    """The status that the deliveries have which it is canceling."""
    after: UUID = _BEFORE_ALL
    """The last canceled delivery that had this status."""
    canceled: int = 0


class Canceled(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    deliveries: int


async def cancel_deliveries(job: JobRun[CancelDeliveries], context: WorkerContext[WebhooksSettings]) -> Canceled:
    """Cancel the unfinished deliveries of a subscription, one batch for each transaction."""
    cursor = job.read_cursor(CancelCursor) or CancelCursor()
    for status in _STATUSES[_STATUSES.index(cursor.status) :]:
        if status != cursor.status:
            cursor = CancelCursor(status=status, canceled=cursor.canceled)
        cursor = await _cancel_all(job, context, cursor)
    return Canceled(deliveries=cursor.canceled)


async def _cancel_all(
    job: JobRun[CancelDeliveries], context: WorkerContext[WebhooksSettings], cursor: CancelCursor
) -> CancelCursor:
    """Cancel the deliveries that have the cursor's status; return where it ended."""
    has_more = True
    while has_more:
        job.check()
        async with context.database.transaction() as connection:
            canceled = await delivery_cancel_pending(
                connection,
                subscription_id=job.payload.subscription_id,
                status=cursor.status,
                after=cursor.after,
                limit=BATCH,
            )
            if canceled:
                await ordered_delivery_delete(connection, delivery_ids=canceled)
                await announce_changes(connection, delivery_ids=canceled)
                cursor = msgspec.structs.replace(cursor, after=canceled[-1], canceled=cursor.canceled + len(canceled))
                await job.save(connection, cursor=cursor, done=cursor.canceled)
        has_more = len(canceled) == BATCH
    return cursor


CANCEL_DELIVERIES_HANDLER: Final = JobHandler(CANCEL_DELIVERIES, cancel_deliveries)
