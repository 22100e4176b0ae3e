"""The surface of Stripe's API, below `/stripe`."""

from ninefold.core.system import ServerContext
from ninefold.core.web.authentication import bearer_authentication
from ninefold.core.web.bodies import FormRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.keys import SECRET_KEY
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.stripe.errors import show_stripe_error
from ninefold.systems.payments.stripe.routes import payment_intent_routes


def stripe_surface(context: ServerContext[PaymentsSettings], flow: PaymentFlow) -> Surface:
    """Return the surface."""
    return Surface(
        path="/stripe",
        routes=payment_intent_routes(context.database, flow, context.site),
        authenticate=bearer_authentication(context.database, kinds=[SECRET_KEY]),
        request_class=FormRequest,
        show_error=show_stripe_error,
    )
