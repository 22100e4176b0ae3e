"""What the routes of Stripe's API use."""

from typing import Final

import msgspec

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.web.site import Site
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.webhook_endpoints import EndpointDelivery
from ninefold.systems.payments.stripe.ownership import Ownership

PREFIX: Final = "/stripe"
"""Before `/v1` in the paths."""


class StripeServer(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes of Stripe's API use."""

    database: Database
    flow: PaymentFlow
    site: Site
    delivery: EndpointDelivery
    ownership: Ownership
    clock: Clock
    prefix: str
    """Before `/v1` in the paths; empty for clients whose address can't have a path."""
