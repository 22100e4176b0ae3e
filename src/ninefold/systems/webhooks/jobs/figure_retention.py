"""The schedule that deletes old figures."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.model.figures import DELETE_OLD_FIGURES, HOUR_S, MINUTE_S, DeleteOldFigures
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.figured_types import figured_type_delete_unused
from ninefold.systems.webhooks.store.figures import figure_delete_before

KEPT: Final[Mapping[int, timedelta]] = {MINUTE_S: timedelta(days=2), HOUR_S: timedelta(days=30)}
"""How long the figures of minutes and those of hours are kept."""

LISTED: Final = timedelta(days=1)
"""How long an event type without an attempt has figures of its own."""

BATCH: Final = 2_000
"""Rows that one transaction deletes."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    figures: int


async def delete_old_figures(job: JobRun[DeleteOldFigures], context: WorkerContext[WebhooksSettings]) -> Deleted:
    """Delete the figures that are no longer kept."""
    now = context.clock.now()
    figures = 0
    for step_s, kept in KEPT.items():
        deleted = BATCH
        while deleted == BATCH:
            job.check()
            async with context.database.transaction() as connection:
                deleted = await figure_delete_before(connection, step_s=step_s, before=now - kept, limit=BATCH)
            figures += deleted
            await job.report(figures)
    deleted = BATCH
    while deleted == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            deleted = await figured_type_delete_unused(connection, before=now - LISTED, limit=BATCH)
    return Deleted(figures=figures)


DELETE_OLD_FIGURES_HANDLER: Final = JobHandler(DELETE_OLD_FIGURES, delete_old_figures)

DELETE_OLD_FIGURES_HOURLY: Final = Schedule(
    name="webhooks.delete_old_figures",
    kind=DELETE_OLD_FIGURES,
    cron="23 * * * *",
    make_payload=lambda _: DeleteOldFigures(),
)
