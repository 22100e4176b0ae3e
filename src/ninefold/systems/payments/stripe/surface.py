"""The surfaces of Stripe's API: below `/stripe/v1`, and the same below `/v1`."""

import msgspec

from ninefold.contracts.webhooks import REQUEST_FORWARDER
from ninefold.core.clock import SystemClock
from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Authenticate, Surface
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.webhook_endpoints import EndpointDelivery
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.stripe.callers import stripe_authentication
from ninefold.systems.payments.stripe.errors import show_stripe_error
from ninefold.systems.payments.stripe.ownership import Ownership
from ninefold.systems.payments.stripe.routes.balances import balance_routes
from ninefold.systems.payments.stripe.routes.charges import charge_routes
from ninefold.systems.payments.stripe.routes.customers import customer_routes
from ninefold.systems.payments.stripe.routes.events import event_routes
from ninefold.systems.payments.stripe.routes.payment_intents import payment_intent_routes
from ninefold.systems.payments.stripe.routes.payment_methods import payment_method_routes
from ninefold.systems.payments.stripe.routes.payouts import payout_routes
from ninefold.systems.payments.stripe.routes.refunds import refund_routes
from ninefold.systems.payments.stripe.server import PREFIX, StripeServer


def stripe_surfaces(context: ServerContext[PaymentsSettings], flow: PaymentFlow, ownership: Ownership) -> list[Surface]:
    """Return the surfaces. The one without a prefix is for Node's client, whose address can't have a path.

    Args:
        context: what the server has.
        flow: makes the steps of payments.
        ownership: tells others that this server lives.
    """
    authenticate = stripe_authentication(context.database, rate_per_s=context.settings.merchant_rate_per_s)
    server = StripeServer(
        database=context.database,
        flow=flow,
        site=context.site,
        delivery=EndpointDelivery(
            forwarder=context.implementations.find(REQUEST_FORWARDER),
            egress_policy=context.egress_policy,
            sealer=context.sealer,
        ),
        ownership=ownership,
        clock=SystemClock(),
        prefix=PREFIX,
    )
    return [
        _surface(server, authenticate, path=PREFIX),
        _surface(msgspec.structs.replace(server, prefix=""), authenticate, path="/v1"),
    ]


def _surface(server: StripeServer, authenticate: Authenticate, *, path: str) -> Surface:
    return Surface(
        path=path,
        routes=[
            *payment_intent_routes(server),
            *payment_method_routes(server),
            *customer_routes(server),
            *charge_routes(server),
            *refund_routes(server),
            *balance_routes(server),
            *payout_routes(server),
            *event_routes(server),
        ],
        authenticate=authenticate,
        request_class=RawRequest,
        show_error=show_stripe_error,
    )
