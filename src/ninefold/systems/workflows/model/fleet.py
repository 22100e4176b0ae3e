"""Runners, what organisations get of them, and the queue."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

RUNNER_PREFIX: Final = "wrnr"
REGISTRATION_PREFIX: Final = "wreg"

DEFAULT_LABELS: Final = (
    "self-hosted",
    "linux",
    "ubuntu-latest",
    "ubuntu-24.04",
    "ubuntu-22.04",
    "ubuntu-slim",
)
"""The labels that every runner has, so that workflows written for GitHub's own runners find one."""

LABELS_MAX: Final = 64
LABEL_LENGTH_MAX: Final = 100

WEIGHT_MAX: Final = 100

Blocker: TypeAlias = Literal["quota", "labels", "no_runner", "turn"]
"""What a queued job waits for: room in its organisation's quota, a runner with its labels, any runner, or its turn."""


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """A process on some machine that runs jobs."""

    runner_id: UUID
    organisation_id: UUID | None
    """None if it runs the jobs of all organisations."""
    name: str
    runner_group: str
    labels: Sequence[str]
    jobs_max: int
    is_ephemeral: bool
    version: str
    created_at: datetime
    seen_at: datetime
    draining_since: datetime | None
    used_at: datetime | None
    """When an ephemeral runner has claimed its only job."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation gets of the runners."""

    organisation_id: UUID
    uid_number: int
    weight: int
    jobs_max: int | None
    """None for the installation's default."""


class QueuedJob(msgspec.Struct, frozen=True):
    """A job that can be claimed."""

    job_id: UUID
    priority: int
    queued_at: datetime

    @property
    def order(self) -> tuple[int, datetime, UUID]:
        """Sorts jobs of one organisation: higher priority first, then older."""
        return (-self.priority, self.queued_at, self.job_id)


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The first jobs of an organisation that ask for the same runners, in their order."""

    labels: frozenset[str]
    """In lower case."""
    runner_group: str
    """Empty for any group."""
    jobs: Sequence[QueuedJob]


class OrganisationQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Where an organisation stands in the round robin, and its first jobs."""

    organisation_id: UUID
    weight: int
    round: int
    joined_at: datetime
    deficit: int
    room: int
    """How many more jobs it can run at once."""
    lanes: Sequence[Lane] = ()


class FreeRunner(msgspec.Struct, frozen=True, kw_only=True):
    """A runner that asks for jobs."""

    runner_id: UUID
    organisation_id: UUID | None
    labels: frozenset[str]
    """In lower case."""
    runner_group: str
    slots: int

    def can_run(self, lane: Lane, *, organisation_id: UUID) -> bool:
        """Return whether it may run the jobs of a lane."""
        return (
            self.organisation_id in (None, organisation_id)
            and lane.runner_group in ("", self.runner_group)
            and lane.labels <= self.labels
        )


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a runner has got, with the number of its lease."""

    job_id: UUID
    runner_id: UUID
    lease_number: int


def lower_labels(labels: Collection[str]) -> frozenset[str]:
    """Return labels for comparison: GitHub's don't differ by case."""
    return frozenset(label.lower() for label in labels)
