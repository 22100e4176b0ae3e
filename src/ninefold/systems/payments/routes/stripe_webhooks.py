"""What the processor Stripe calls: its webhooks."""

from typing import Final

from litestar import post

from ninefold.core.postgres.database import Database
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.webhooks import apply_event

STRIPE_WEBHOOK_PATH: Final = "/processors/stripe/webhooks"


def stripe_webhook_surface(database: Database, flow: PaymentFlow) -> Surface:
    """Return the surface of Stripe's webhooks."""

    @post(STRIPE_WEBHOOK_PATH, status_code=200)
    async def receive_stripe_webhook(request: RawRequest) -> dict[str, bool]:
        event = flow.processors.get("stripe").read_webhook(request.headers, await request.body())
        is_known = event is not None and await apply_event(database, flow, event)
        return {"ok": is_known}

    return Surface(path=STRIPE_WEBHOOK_PATH, routes=[receive_stripe_webhook], request_class=RawRequest)
