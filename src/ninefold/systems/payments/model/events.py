"""Events: what a merchant is told, and where."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.model.payments import Charge, Intent, PaymentMethod, Refund
from ninefold.systems.payments.model.settlement import Payout

EVENT_PREFIX: Final = "evt"
WEBHOOK_ENDPOINT_PREFIX: Final = "we"

EVENT_TYPES: Final = (
    "charge.captured",
    "charge.expired",
    "charge.failed",
    "charge.pending",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""The types of events, with Stripe's names."""

ALL_EVENTS: Final = "*"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event is about, as it was then; the others are there because its representation needs them."""

    intent: Intent | None = None
    charge: Charge | None = None
    refund: Refund | None = None
    payment_method: PaymentMethod | None = None
    customer: Customer | None = None
    payout: Payout | None = None


class NewEvent(msgspec.Struct, frozen=True):
    """What a merchant is to be told."""

    type: str
    snapshot: Snapshot


class OwnedEvent(msgspec.Struct, frozen=True):
    """What a merchant is to be told, and which one."""

    organisation_id: UUID
    merchant_id: UUID
    event: NewEvent


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant is told."""

    event_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    type: str
    snapshot: Snapshot
    created_at: datetime
    forwarded_at: datetime | None


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a merchant's events are sent."""

    webhook_endpoint_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    subscription_id: UUID
    """That of webhook delivery."""
    url: str
    enabled_events: Sequence[str]
    """Types of events, or `*` for all."""
    description: str | None
    api_version: str | None
    is_enabled: bool
    metadata: Mapping[str, str]
    created_at: datetime

    def wants(self, event_type: str) -> bool:
        """Return whether it gets events of a type."""
        return self.is_enabled and (ALL_EVENTS in self.enabled_events or event_type in self.enabled_events)
