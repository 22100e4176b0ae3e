"""The schedule that deletes old alerts."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.model.alerts import DELETE_OLD_ALERTS, DeleteOldAlerts
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.alerts import alert_delete_resolved

BATCH: Final = 1_000
"""Alerts that one transaction deletes."""


class DeletedAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    alerts: int


async def delete_old_alerts(job: JobRun[DeleteOldAlerts], context: WorkerContext[WebhooksSettings]) -> DeletedAlerts:
    """Delete the alerts that were resolved long ago."""
    before = context.clock.now() - timedelta(seconds=context.settings.alert_kept_s)
    alerts, deleted = 0, BATCH
    while deleted == BATCH:
        async with context.database.transaction() as connection:
            deleted = await alert_delete_resolved(connection, before=before, limit=BATCH)
        alerts += deleted
        await job.report(alerts)
    return DeletedAlerts(alerts=alerts)


DELETE_OLD_ALERTS_HANDLER: Final = JobHandler(DELETE_OLD_ALERTS, delete_old_alerts)

DELETE_OLD_ALERTS_HOURLY: Final = Schedule(
    name="webhooks.delete_old_alerts",
    kind=DELETE_OLD_ALERTS,
    cron="41 * * * *",
    make_payload=lambda _: DeleteOldAlerts(),
)
