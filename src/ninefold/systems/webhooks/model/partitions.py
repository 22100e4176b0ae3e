"""Partitions of the tables with events, deliveries and attempts, which are divided alike."""

from datetime import datetime
from typing import Final

import msgspec

from ninefold.core.jobs import JobKind
from ninefold.systems.webhooks.model import Retention


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """What was accepted within a time and has the same retention: a partition of each of the tables."""

    retention: Retention
    suffix: str
    """What the names of its tables end with, such as `20261201`."""
    starts_at: datetime | None
    """None: it has whatever is older than the next one."""
    ends_at: datetime | None
    """None: it has whatever is newer; the last partition is open, so that an event always has one."""
    is_sealed: bool
    """Whether all of its events are dispatched for good, so that workers needn't look for queued ones there."""


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """Why a partition whose retention is over must stay."""

    has_queued_events: bool
    has_pending_deliveries: bool
    has_dead_letters: bool
    """Whether a delivery in it has failed so recently that it must still be there for people."""

    def __bool__(self) -> bool:
        """Whether there is a reason."""
        return self.has_queued_events or self.has_pending_deliveries or self.has_dead_letters


class KeepPartitions(msgspec.Struct, frozen=True):
    """The empty payload of the job."""


KEEP_PARTITIONS: Final = JobKind(
    name="webhooks.keep_partitions", payload=KeepPartitions, attempts_max=3, timeout_s=3_000.0
)
