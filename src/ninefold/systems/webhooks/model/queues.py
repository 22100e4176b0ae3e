"""The data types of queue depths: how many deliveries wait for their first attempts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind


class RecountQueues(msgspec.Struct, frozen=True):
    """The payload of the job, which needs none."""


RECOUNT_QUEUES: Final = JobKind(name="webhooks.recount_queues", payload=RecountQueues, timeout_s=300.0)


QueueName: TypeAlias = Literal["organisation", "installation"]


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the queues can hold, in deliveries."""

    organisation: int
    installation: int


class OrganisationDepth(msgspec.Struct, frozen=True):
    """The queue of an organisation. All tiers share it."""

    deliveries: int
    """Deliveries of accepted events that aren't dispatched yet."""
    finished: int
    """Those that have left the queue since some earlier moment."""


Depths: TypeAlias = Mapping[UUID, OrganisationDepth]
"""The queues of the organisations that have something in theirs."""


class TierQueue(msgspec.Struct, frozen=True, kw_only=True):
    """What is queued of a tier."""

    tier: int
    deliveries: int
    oldest_at: datetime | None
    """When the oldest event was accepted; None without any."""


class DepthError(msgspec.Struct, frozen=True, kw_only=True):
    """By what the depth of an organisation and tier was wrong."""

    organisation_id: UUID
    tier: int
    deliveries: int
    """What had to be added."""
