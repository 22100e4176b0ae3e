"""The data types of the order of deliveries: keys, turns, and what blocks a key."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import EventTier


class KeyOfSubscription(NamedTuple):
    """An ordering key of a subscription. Its deliveries are made one after another."""

    subscription_id: UUID
    ordering_key: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a delivery among those of its key."""

    key: KeyOfSubscription
    is_current: bool
    """Whether it is the delivery's turn."""


class OrderedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to put in order, behind those of its key that were accepted earlier."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    ordering_key: str
    tier: EventTier
    retention: int
    """That of its event."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery whose turn has begun: no earlier one of its key is left, so it may be attempted."""

    delivery_id: UUID
    organisation_id: UUID
    subscription_id: UUID


class BlockedKey(msgspec.Struct, frozen=True, kw_only=True):
    """An ordering key whose current delivery has failed for good, so that the later ones wait for a person."""

    position: int
    """Its place in the list: that of the delivery in the order of acceptance."""
    ordering_key: str
    blocked_at: datetime
    delivery_id: UUID
    """The delivery that failed."""
    event_id: UUID
    event_type: str
    error_class: str
    response_status: int | None
    waiting_count: int
    """How many deliveries wait for it, up to a limit."""
