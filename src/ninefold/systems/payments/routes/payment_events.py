"""The HTTP route for what a merchant was told about a payment."""

from itertools import groupby
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.events import EVENT_PREFIX, WEBHOOK_ENDPOINT_PREFIX, ForwardedEvent
from ninefold.systems.payments.routes.wire import TAGS, PaymentId
from ninefold.systems.payments.service import reading

EventIdText = Annotated[str, msgspec.Meta(examples=[f"{EVENT_PREFIX}_{EXAMPLE_ID}"])]
EndpointIdText = Annotated[str, msgspec.Meta(examples=[f"{WEBHOOK_ENDPOINT_PREFIX}_{EXAMPLE_ID}"])]


class ToldEndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint of the merchant that an event was sent to, or is to be sent to."""

    webhook_endpoint_id: EndpointIdText
    url: Annotated[str, msgspec.Meta(examples=["https://shop.example.com/webhooks"])]
    webhook_event_id: EventIdText
    """What webhook delivery calls it: `GET /api/v1/events/{webhook_event_id}` shows its deliveries."""


class PaymentEventView(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant is told about a payment, with Stripe's name for it."""

    event_id: EventIdText
    type: Annotated[str, msgspec.Meta(examples=["payment_intent.succeeded"])]
    created_at: Timestamp
    endpoints: list[ToldEndpointView]
    """Those that want it; empty if none does, or if it wasn't handed to webhook delivery yet."""


class PaymentEventsView(msgspec.Struct, frozen=True, kw_only=True):
    """All that the merchant is told about a payment."""

    events: list[PaymentEventView]


@get("/api/v1/payments/intents/{payment_id:str}/events", tags=TAGS)
async def list_payment_events(
    payment_id: FromPath[PaymentId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PaymentEventsView:
    """List what the merchant is told about a payment.

    Oldest first, with the endpoints that each event is sent to.
    """
    async with database.snapshot() as connection:
        found = await reading.list_events_of_payment(
            connection, organisation_id=principal.organisation_id, intent_id=payment_id
        )
    by_event = groupby(found, key=lambda each: each.event_id)
    return PaymentEventsView(events=[_show_event(list(rows)) for _, rows in by_event])


def _show_event(rows: list[ForwardedEvent]) -> PaymentEventView:
    return PaymentEventView(
        event_id=format_id(EVENT_PREFIX, rows[0].event_id),
        type=rows[0].type,
        created_at=rows[0].created_at,
        endpoints=[
            ToldEndpointView(
                webhook_endpoint_id=format_id(WEBHOOK_ENDPOINT_PREFIX, row.webhook_endpoint_id),
                url=row.url,
                webhook_event_id=format_id(EVENT_PREFIX, row.webhook_event_id),
            )
            for row in rows
            if row.webhook_endpoint_id is not None and row.webhook_event_id is not None and row.url is not None
        ],
    )


PAYMENT_EVENT_ROUTES: Final[list[HTTPRouteHandler]] = [list_payment_events]
