"""The names of workflows' channels, and who is told of changes."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.workflows.model.runs import RUN_PREFIX

JOBS_QUEUED: Final = "ninefold_workflows_jobs"
"""The notifier's channel for runners that wait; its messages are the ids of organisations that have queued jobs."""

RUN_PATTERN: Final = "workflows.run:{run_id}"
RUNS_PATTERN: Final = "workflows.runs:{organisation_id}"


def run_channel(run_id: UUID) -> str:
    """Return the channel of a run's log."""
    return f"workflows.run:{format_id(RUN_PREFIX, run_id)}"


def runs_channel(organisation_id: UUID) -> str:
    """Return the channel of what changes in the list of an organisation's runs."""
    return f"workflows.runs:{format_id(ORGANISATION_PREFIX, organisation_id)}"


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction has changed: whom to notify after the commit."""

    channels: tuple[str, ...] = ()
    """Live channels."""
    queued_for: tuple[UUID, ...] = ()
    """The organisations that have new queued jobs."""
    has_background: bool = False
    """Whether durable jobs were enqueued."""
    run_ids: tuple[UUID, ...] = ()
    """The runs that were started or changed."""

    @property
    def has_queued(self) -> bool:
        """Whether runners have something to do."""
        return bool(self.queued_for)


def merge(changes: Iterable[Changed]) -> Changed:
    """Return several changes of one transaction as one."""
    listed = list(changes)
    return Changed(
        channels=tuple(dict.fromkeys(name for each in listed for name in each.channels)),
        queued_for=tuple(dict.fromkeys(each for change in listed for each in change.queued_for)),
        has_background=any(each.has_background for each in listed),
        run_ids=tuple(dict.fromkeys(run_id for each in listed for run_id in each.run_ids)),
    )


def notify_changed(notifier: Notifier, changed: Changed) -> None:
    """Tell runners, those who watch, and workers. Call it after the commit."""
    if changed.channels:
        notifier.notify(LIVE_CHANNEL, *changed.channels)
    if changed.queued_for:
        notifier.notify(JOBS_QUEUED, *map(str, changed.queued_for))
    if changed.has_background:
        notifier.notify(JOBS_CHANNEL)
